"""MLflow's projects as runs of a workspace: `mlflow.projects.run(..., backend="azureml")`."""

from __future__ import annotations

import os
import sys
from typing import Any, Mapping

from azureml.mlflow._entities import name_of
from azureml.mlflow._place import workspace_of
from azureml.mlflow._store import refused

from mlflow.entities import RunStatus  # type: ignore[import-not-found,unused-ignore]
from mlflow.projects.backend.abstract_backend import AbstractBackend  # type: ignore[import-not-found,unused-ignore]
from mlflow.projects.submitted_run import SubmittedRun  # type: ignore[import-not-found,unused-ignore]
from mlflow.projects.utils import fetch_and_validate_project, load_project  # type: ignore[import-not-found,unused-ignore]

_STATUSES = {"Completed": RunStatus.FINISHED, "Failed": RunStatus.FAILED, "Canceled": RunStatus.KILLED}


class TerroirRun(SubmittedRun):  # type: ignore[misc,unused-ignore]
    """A run of the workspace as MLflow watches it."""

    def __init__(self, run: Any):
        super().__init__()
        self._run = run

    @property
    def run_id(self) -> str:
        return str(self._run.id)

    def wait(self) -> bool:
        self._run.wait_for_completion(show_output=True, raise_on_error=False)
        return bool(self._run.get_status() == "Completed")

    def get_status(self) -> Any:
        return _STATUSES.get(self._run.get_status(), RunStatus.RUNNING)

    def cancel(self) -> None:
        self._run.cancel()


class TerroirBackend(AbstractBackend):  # type: ignore[misc,unused-ignore]
    """Submits the command of a project with the environment of its conda file, or with this very interpreter."""

    def run(
        self,
        project_uri: str,
        entry_point: str,
        params: Mapping[str, Any],
        version: Any,
        backend_config: Mapping[str, Any],
        tracking_uri: str,
        experiment_id: Any,
    ) -> TerroirRun:
        from azureml.core.experiment import Experiment
        from azureml.core.script_run_config import ScriptRunConfig

        folder = fetch_and_validate_project(project_uri, version, entry_point, params)
        project = load_project(folder)
        command = project.get_entry_point(entry_point).compute_command(dict(params or {}), None)
        config = ScriptRunConfig(
            folder, command=command, environment=_environment(project, backend_config), compute_target=backend_config.get("COMPUTE") or "local"
        )
        config.run_config.environment_variables = {"MLFLOW_TRACKING_URI": tracking_uri}
        return TerroirRun(Experiment(workspace_of(tracking_uri), name_of(experiment_id)).submit(config))


def _environment(project: Any, backend_config: Mapping[str, Any]) -> Any:
    from azureml.core.environment import Environment

    if backend_config.get("USE_CONDA", True) is False:
        made = Environment("this-interpreter")
        made.python.user_managed_dependencies = True
        made.python.interpreter_path = sys.executable
        path = [os.path.dirname(sys.executable), os.environ.get("PATH", "")]
        made.environment_variables = {"PATH": os.pathsep.join(path), "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
        return made
    if not project.env_config_path or os.path.basename(project.env_config_path) == "python_env.yaml":
        raise refused("The project names no conda file: name one by `conda_env` in MLproject, or run it with USE_CONDA false.")
    made = Environment.from_conda_specification("{}-project".format(project.name or "mlflow"), project.env_config_path)
    names = [package.split("=")[0].split("<")[0].split(">")[0].strip() for package in made.python.conda_dependencies.pip_packages]
    if "azureml-mlflow" not in names:
        made.python.conda_dependencies.add_pip_package("azureml-mlflow")
    return made
