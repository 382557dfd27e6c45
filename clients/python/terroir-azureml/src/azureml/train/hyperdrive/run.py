"""A search, as it is looked at while it goes on and afterwards."""

from __future__ import annotations

import json
import math
from enum import Enum
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple

from azureml._terroir.errors import UserErrorException
from azureml.core._driven_run import DrivenRun
from azureml.core.run import Run

SOURCE = "hyperdrive"


class PrimaryMetricGoal(Enum):
    """Whether the primary metric is to be great or small."""

    MAXIMIZE = "maximize"
    MINIMIZE = "minimize"

    @staticmethod
    def from_str(goal: str) -> "PrimaryMetricGoal":
        try:
            return PrimaryMetricGoal(str(goal).lower())
        except ValueError:
            raise UserErrorException("primary_metric_goal expected maximize or minimize, {!r} found.".format(goal)) from None


class HyperDriveRun(DrivenRun):
    """The run of a search; its children are runs of the script, one for each set of parameters."""

    def __init__(self, experiment: Any, run_id: str, hyperdrive_config: Any = None, **kwargs: Any):
        super().__init__(experiment, run_id, **kwargs)
        self._config = hyperdrive_config

    @property
    def type(self) -> str:
        return SOURCE

    @property
    def hyperdrive_config(self) -> Any:
        """What it was submitted with, by this very object."""
        return self._config

    def _primary_metric(self) -> Dict[str, str]:
        found: Dict[str, str] = json.loads(self.properties["primary_metric_config"])
        return found

    def _is_maximized(self) -> bool:
        return self._primary_metric()["goal"] == "maximize"

    def get_hyperparameters(self) -> Dict[str, str]:
        """The parameters of each child, as JSON."""
        return {child.id: str(child.tags.get("hyperparameters")) for child in self._tried()}

    def get_metrics(self, name: Optional[str] = None, recursive: bool = False, run_type: Any = None, populate: bool = False) -> Dict[str, Any]:
        """What each child has logged."""
        return {child.id: child.get_metrics(name=name, populate=populate) for child in self._tried()}

    def _tried(self) -> List[Run]:
        """The children that are sets of parameters, the first one first."""
        children = [child for child in self.get_children() if "hyperparameters" in child.tags]
        return sorted(children, key=lambda child: child.number)

    def _logged(self, metric: str) -> Iterator[Tuple[Run, List[float]]]:
        """What each child has logged of a metric."""
        for child in self._tried():
            logged = child.get_metrics(name=metric).get(metric)
            values: Iterable[Any] = logged if isinstance(logged, list) else [logged]
            yield child, [float(value) for value in values if isinstance(value, (int, float)) and math.isfinite(value)]

    def get_children_sorted_by_primary_metric(
        self, top: int = 0, reverse: bool = False, discard_no_metric: bool = False
    ) -> List[Dict[str, Any]]:
        """The children with their parameters and best values, the best one first; those without a value come last."""
        with_value: List[Dict[str, Any]] = []
        without: List[Dict[str, Any]] = []
        for child, values in self._logged(self._primary_metric()["name"]):
            best = None if not values else (max if self._is_maximized() else min)(values)
            row = {"run_id": child.id, "hyperparameters": child.tags.get("hyperparameters"), "best_primary_metric": best, "status": child.status}
            (without if best is None else with_value).append(row)
        with_value.sort(key=lambda row: float(row["best_primary_metric"]), reverse=self._is_maximized() != reverse)
        rows = with_value if discard_no_metric else with_value + without
        return rows[:top] if top else rows

    def get_best_run_by_primary_metric(
        self, include_failed: bool = True, include_canceled: bool = True, include_resume_from_runs: bool = False
    ) -> Optional[Run]:
        """The child with the best value; nothing when none has one."""
        unwanted = {"Failed": not include_failed, "Canceled": not include_canceled}
        rows = self.get_children_sorted_by_primary_metric(discard_no_metric=True)
        for former in json.loads(self.properties.get("resume_from", "[]")) if include_resume_from_runs else []:
            rows += HyperDriveRun(self._experiment, former).get_children_sorted_by_primary_metric(discard_no_metric=True)
        rows.sort(key=lambda row: float(row["best_primary_metric"]), reverse=self._is_maximized())
        for row in rows:
            if not unwanted.get(row["status"]):
                return Run.get(self._workspace, row["run_id"])
        return None

    def get_diagnostics(self) -> List[str]:
        """Downloads the logs of the search."""
        return self.get_all_logs()
