"""What a search is made of."""

from __future__ import annotations

import json
import os
import uuid
from typing import Any, Dict, List, Mapping, Optional, Tuple

from azureml._terroir.errors import UnsupportedHere, UserErrorException
from azureml.core._driven_run import submit_driven
from azureml.core._run_arguments import Submission
from azureml.train.hyperdrive.policy import EarlyTerminationPolicy, NoTerminationPolicy
from azureml.train.hyperdrive.run import HyperDriveRun, PrimaryMetricGoal
from azureml.train.hyperdrive.sampling import HyperParameterSampling

__all__ = ["HyperDriveConfig", "HyperDriveRunConfig", "PrimaryMetricGoal"]

DRIVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_driver.py")
MAX_DURATION_MINUTES = 10080
_MAX_RUNS = 1000
_MAX_FORMER = 5


class HyperDriveConfig:
    """A script with its configuration, the parameters to try, and the metric that tells which were good.

    What is submitted is a run whose script drives the search on the server's machine, with the `python3` there: it goes on when
    the process that submitted it has ended. When that script is killed, the search has failed and the server cancels its open runs.
    """

    def __init__(
        self,
        hyperparameter_sampling: HyperParameterSampling,
        primary_metric_name: str,
        primary_metric_goal: PrimaryMetricGoal,
        max_total_runs: int,
        max_concurrent_runs: Optional[int] = None,
        max_duration_minutes: int = MAX_DURATION_MINUTES,
        policy: Optional[EarlyTerminationPolicy] = None,
        estimator: Any = None,
        run_config: Any = None,
        resume_from: Any = None,
        resume_child_runs: Any = None,
        pipeline: Any = None,
        debug_flag: Any = None,
        custom_run_id: Optional[str] = None,
    ):
        if pipeline is not None:
            raise UnsupportedHere("HyperDriveConfig takes no pipeline: give a run_config.")
        if (estimator is None) == (run_config is None):
            raise UserErrorException("HyperDriveConfig takes a run_config or an estimator: give one of them.")
        if not isinstance(hyperparameter_sampling, HyperParameterSampling):
            raise UserErrorException(
                "hyperparameter_sampling expected a sampling such as RandomParameterSampling({{...}}), {!r} found.".format(hyperparameter_sampling)
            )
        if not isinstance(primary_metric_goal, PrimaryMetricGoal):
            primary_metric_goal = PrimaryMetricGoal.from_str(primary_metric_goal)
        if policy is not None and not isinstance(policy, EarlyTerminationPolicy):
            raise UserErrorException("policy expected a policy such as BanditPolicy(slack_factor=0.1), {!r} found.".format(policy))
        concurrent = max_concurrent_runs if max_concurrent_runs is not None else max_total_runs
        for name, value, most in (
            ("max_total_runs", max_total_runs, _MAX_RUNS),
            ("max_concurrent_runs", concurrent, _MAX_RUNS),
            ("max_duration_minutes", max_duration_minutes, 43200),
        ):
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
                raise UserErrorException("{} expected a whole number from 1 to {}, {!r} found.".format(name, most, value))
        self._sampling = hyperparameter_sampling
        self._metric = primary_metric_name
        self._goal = primary_metric_goal
        self._max_total_runs = max_total_runs
        self._max_concurrent_runs = min(concurrent, max_total_runs)
        self._max_duration_minutes = max_duration_minutes
        self._policy = policy if policy is not None else NoTerminationPolicy()
        self._custom_run_id = custom_run_id
        self._former = _searches(resume_from)
        self._resumed = _children(resume_child_runs, max_total_runs)
        self.estimator = estimator
        self.run_config = run_config

    @property
    def source_directory(self) -> str:
        return str(self._script().source_directory)

    def _script(self) -> Any:
        given = self.run_config if self.run_config is not None else self.estimator
        if hasattr(given, "_script_run_config"):
            given = given._script_run_config()
        if not hasattr(given, "_submission"):
            raise UserErrorException("run_config expected a ScriptRunConfig, {} found.".format(type(given).__name__))
        return given

    def _metric_config(self) -> str:
        return json.dumps({"name": self._metric, "goal": self._goal.value})

    def _tags(self) -> Dict[str, str]:
        """What the retired service noted of a search."""
        return {
            "max_total_jobs": str(self._max_total_runs),
            "max_concurrent_jobs": str(self._max_concurrent_runs),
            "max_duration_minutes": str(self._max_duration_minutes),
            "policy_config": json.dumps(self._policy.to_json()),
            "generator_config": json.dumps(self._sampling.to_json()),
            "primary_metric_config": self._metric_config(),
        }

    def _plan(self, experiment: Any) -> Dict[str, Any]:
        return self._plan_of(experiment.workspace, experiment.name, self._script()._submission(experiment.workspace, experiment.name))

    def _plan_of(self, workspace: Any, experiment_name: str, submission: Submission) -> Dict[str, Any]:
        """What the script that drives the search is told, when each run is what a submission says."""
        return {
            "experiment": experiment_name,
            "snapshot": workspace._service.snapshot(submission.folder),
            "configuration": submission.configuration,
            "properties": submission.properties,
            "former": {child.id: values for run in self._former for child, values in run._logged(self._metric)},
            "sets": [values for _, values in self._resumed] + self._sampling._sets(self._max_total_runs - len(self._resumed)),
            "resumed": {str(number): self._resumption(child) for number, (child, _) in enumerate(self._resumed)},
            "metric": self._metric,
            "goal": self._goal.value,
            "policy": self._policy.to_json(),
            "maxConcurrentRuns": self._max_concurrent_runs,
            "maxDurationMinutes": self._max_duration_minutes,
        }

    @staticmethod
    def _resumption(child: Any) -> Dict[str, Any]:
        """What a run that goes on with the outputs of a former one is given beside its parameters."""
        from azureml.core._run_arguments import RunData

        data = RunData(child.experiment.workspace)
        place = data.argument(child._get_outputs_datapath().create_data_reference("resume_from").as_mount())
        return {"arguments": ["--resume-from", place], "dataReferences": data.references}

    def _submit(self, experiment: Any, tags: Optional[Mapping[str, Any]], **kwargs: Any) -> Any:
        """Submits the script that drives the search."""
        run = submit_driven(
            experiment,
            {"drive.py": DRIVER},
            self._plan(experiment),
            # Runs that are being ended have time for it.
            60 * self._max_duration_minutes + 600,
            tags={**self._tags(), **(tags or {})},
            run_id=kwargs.get("run_id") or self._custom_run_id or "HD_{}".format(uuid.uuid4()),
            properties={
                "primary_metric_config": self._metric_config(),
                "runTemplate": "HyperDrive",
                "azureml.runsource": "hyperdrive",
                "platform": "AML",
                **({"resume_from": json.dumps([run.id for run in self._former])} if self._former else {}),
            },
            **{key: value for key, value in kwargs.items() if key in ("_parent", "display_name")},
        )
        assert isinstance(run, HyperDriveRun)
        return run

    def __repr__(self) -> str:
        return "HyperDriveConfig({!r}, primary_metric={!r}, goal={}, max_total_runs={}, max_concurrent_runs={})".format(
            self._sampling, self._metric, self._goal.value, self._max_total_runs, self._max_concurrent_runs
        )


def _searches(resume_from: Any) -> List[HyperDriveRun]:
    """The searches whose runs a policy compares with too."""
    found = list(resume_from) if isinstance(resume_from, (list, tuple)) else [resume_from] if resume_from is not None else []
    for run in found:
        if not isinstance(run, HyperDriveRun):
            raise UserErrorException("resume_from expected a HyperDriveRun, or a list of them, {!r} found.".format(run))
    if len(found) > _MAX_FORMER:
        raise UserErrorException("resume_from expected at most {} runs, {} found.".format(_MAX_FORMER, len(found)))
    return found


def _children(resume_child_runs: Any, most: int) -> List[Tuple[Any, Dict[str, Any]]]:
    """The runs of former searches that are resumed, with their parameters."""
    given = resume_child_runs
    found = list(given) if isinstance(given, (list, tuple)) else [given] if given is not None else []
    if len(found) > most:
        raise UserErrorException("resume_child_runs expected at most max_total_runs, which is {}, {} found.".format(most, len(found)))
    children = []
    for run in found:
        shown = getattr(run, "tags", {}).get("hyperparameters")
        if shown is None:
            raise UserErrorException("resume_child_runs expected runs of a search, {!r} found.".format(run))
        children.append((run, json.loads(shown)))
    return children


HyperDriveRunConfig = HyperDriveConfig
