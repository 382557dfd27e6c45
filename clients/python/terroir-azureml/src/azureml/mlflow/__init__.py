"""MLflow over a workspace: what it logs becomes part of the workspace's runs.

`mlflow.set_tracking_uri(workspace.get_mlflow_tracking_uri())` is enough: this package is a plug-in of MLflow for addresses of
the form `azureml://`. MLflow itself is no dependency of it. A run whose environment names `azureml-mlflow` is told the address by
the server; the first run that its script starts by MLflow is then the run itself.
"""

from __future__ import annotations

from typing import Any, Mapping, Optional

__all__ = ["get_portal_url", "register_model"]


def get_portal_url(run: Any) -> str:
    """The address of a run of MLflow."""
    from azureml.mlflow._place import workspace_of

    info = run.info
    return str(workspace_of(info.artifact_uri)._service.url("runs", info.run_id))


def register_model(
    run: Any, name: str, path: str, tags: Optional[Mapping[str, Any]] = None, description: Optional[str] = None, **kwargs: Any
) -> Any:
    """Registers a file or folder that a run of MLflow has logged."""
    from azureml.core.run import Run
    from azureml.mlflow._place import workspace_of

    own = Run.get(workspace_of(run.info.artifact_uri), run.info.run_id)
    return own.register_model(name, path, tags=tags, description=description, **kwargs)
