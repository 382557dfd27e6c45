"""Runs, experiments and metrics as MLflow has them; it is imported when it is there."""

from __future__ import annotations

import inspect
import re
from datetime import datetime, timezone
from typing import Any, Dict, Iterable, List, Mapping, Optional

from terroir.metrics import restored

from azureml.mlflow._place import artifact_uri

# MLflow calls the experiment so that runs are of which name none.
DEFAULT_ID = "0"
DEFAULT_NAME = "Default"

#: What MLflow calls a parameter is a property, which never changes either.
PARAMETER = "mlflow.param."

_STATUSES = {"Completed": "FINISHED", "Failed": "FAILED", "Canceled": "KILLED", "NotStarted": "SCHEDULED", "Preparing": "SCHEDULED", "Queued": "SCHEDULED"}
_ENDS = {"FINISHED": "Completed", "FAILED": "Failed", "KILLED": "Canceled"}


def name_of(experiment_id: Any) -> str:
    return DEFAULT_NAME if str(experiment_id) == DEFAULT_ID else str(experiment_id)


def id_of(name: str) -> str:
    return DEFAULT_ID if name == DEFAULT_NAME else name


def ended(status: Any) -> Optional[str]:
    """The word for a status of MLflow after which nothing happens."""
    from mlflow.entities import RunStatus  # type: ignore[import-not-found,unused-ignore]

    text = status if isinstance(status, str) else RunStatus.to_string(status)
    return _ENDS.get(text)


def millis(text: Optional[str]) -> Optional[int]:
    if not text:
        return None
    moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text.replace("Z", "+00:00")))
    return int((moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp() * 1000)


def experiment(workspace: Any, known: Mapping[str, Any], is_active: bool) -> Any:
    from mlflow.entities import Experiment, ExperimentTag, LifecycleStage

    name = str(known["name"])
    return Experiment(
        experiment_id=id_of(name),
        name=name,
        artifact_location=artifact_uri(workspace, "experiments", name),
        lifecycle_stage=LifecycleStage.ACTIVE if is_active else LifecycleStage.DELETED,
        tags=[ExperimentTag(key, value) for key, value in (known.get("tags") or {}).items()],
    )


def _made(kind: Any, **values: Any) -> Any:
    """Makes one with what the constructor of this release takes."""
    taken = inspect.signature(kind.__init__).parameters
    return kind(**{key: value for key, value in values.items() if key in taken})


def run(workspace: Any, known: Mapping[str, Any], logged: Iterable[Mapping[str, Any]]) -> Any:
    from mlflow.entities import LifecycleStage, Param, Run, RunData, RunTag

    tags = dict(known.get("tags") or {})
    if known.get("parentRunId"):
        tags.setdefault("mlflow.parentRunId", known["parentRunId"])
    name = known.get("displayName") or known["runId"]
    tags.setdefault("mlflow.runName", name)
    info = run_info(workspace, known, LifecycleStage.ACTIVE)
    last: Dict[str, Any] = {}
    for metric in metrics(logged):
        last[metric.key] = metric
    parameters = [
        Param(key[len(PARAMETER) :], value) for key, value in (known.get("properties") or {}).items() if key.startswith(PARAMETER)
    ]
    return Run(info, RunData(list(last.values()), parameters, [RunTag(key, value) for key, value in tags.items()]))


def run_info(workspace: Any, known: Mapping[str, Any], stage: Any) -> Any:
    from mlflow.entities import RunInfo

    return _made(
        RunInfo,
        run_uuid=known["runId"],
        run_id=known["runId"],
        run_name=known.get("displayName") or known["runId"],
        experiment_id=id_of(str(known["experiment"])),
        user_id=known.get("submittedBy") or "",
        status=_STATUSES.get(str(known["status"]), "RUNNING"),
        start_time=millis(known.get("startTimeUtc") or known.get("createdTimeUtc")),
        end_time=millis(known.get("endTimeUtc")),
        lifecycle_stage=stage,
        artifact_uri=artifact_uri(workspace, "runs", str(known["runId"])),
    )


def metrics(logged: Iterable[Mapping[str, Any]]) -> List[Any]:
    """The numbers that were logged one by one."""
    from mlflow.entities import Metric

    found = []
    for item in logged:
        value = restored(item["value"])
        if item["kind"] == "scalar" and isinstance(value, (int, float)):
            found.append(Metric(item["name"], float(value), millis(item.get("at")) or 0, int(item.get("step") or 0)))
    return found
