"""The addresses by which MLflow names a workspace and what is in it."""

from __future__ import annotations

import os
from typing import Any, Dict, List
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from azureml._terroir.errors import UserErrorException

_HOST = "azureml://terroir"


def tracking_uri(workspace: Any) -> str:
    """The address of a workspace."""
    return "{}/mlflow/v1.0/workspaces/{}?{}".format(_HOST, quote(workspace.name), urlencode(workspace._service.config()))


def artifact_uri(workspace: Any, *parts: str) -> str:
    """The address of files, such as those of a run."""
    path = "/".join(quote(part, safe="") for part in (workspace.name, *parts))
    return "{}/files/{}/artifacts?{}".format(_HOST, path, urlencode(workspace._service.config()))


def workspace_of(uri: str) -> Any:
    """The workspace that an address names; in a run it is that of the run."""
    from azureml.core.run import Run
    from azureml.core.workspace import Workspace

    if os.environ.get("AZUREML_RUN_ID"):
        return Run.get_context().experiment.workspace
    split = urlsplit(uri)
    config: Dict[str, str] = {key: values[-1] for key, values in parse_qs(split.query).items()}
    name = _parts(split.path)
    if split.scheme != "azureml" or not config or len(name) < 2:
        raise UserErrorException(
            "{} names no workspace of Terroir: take the address of Workspace.get_mlflow_tracking_uri().".format(uri)
        )
    workspace = name[-1] if name[0] == "mlflow" else name[1]
    return Workspace(None, None, workspace, _config=config)


def files_of(uri: str) -> List[str]:
    """The parts of the address of files: `runs`, the id, and the path below."""
    parts = _parts(urlsplit(uri).path)
    if len(parts) < 4 or parts[0] != "files":
        raise UserErrorException("{} names no files of a workspace.".format(uri))
    found = parts[2:]
    found.remove("artifacts")
    return found


def _parts(path: str) -> List[str]:
    return [unquote(part) for part in path.split("/") if part]
