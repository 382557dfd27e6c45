"""MLflow's store of files: those of runs, and of registered models."""

from __future__ import annotations

import os
import posixpath
from typing import Any, List, Optional

from azureml._terroir.errors import AzureMLException
from azureml.mlflow._place import files_of, workspace_of
from azureml.mlflow._store import refused, whole

from mlflow.entities import FileInfo  # type: ignore[import-not-found,unused-ignore]
from mlflow.store.artifact.artifact_repo import ArtifactRepository  # type: ignore[import-not-found,unused-ignore]


@whole
class TerroirArtifacts(ArtifactRepository):  # type: ignore[misc,unused-ignore]
    """The files below a path of a run or of a model."""

    def __init__(self, artifact_uri: str, *args: Any, **kwargs: Any):
        super().__init__(artifact_uri, *args, **kwargs)
        self._workspace = workspace_of(artifact_uri)
        parts = files_of(artifact_uri)
        length = 4 if parts[0] == "models" else 2
        self._place, self._below = parts[:length], parts[length:]

    @property
    def _service(self) -> Any:
        return self._workspace._service

    def _name(self, path: Optional[str]) -> str:
        return posixpath.join(*self._below, *[part for part in (path or "").split("/") if part not in ("", ".")], "").rstrip("/")

    def _names(self) -> List[str]:
        return [str(item["name"]) for item in self._service.get(*self._place, "files")["items"]]

    def log_artifact(self, local_file: str, artifact_path: Optional[str] = None) -> None:
        name = posixpath.join(self._name(artifact_path), os.path.basename(local_file))
        try:
            self._service.put_file(local_file, *self._place, "files", *name.split("/"))
        except AzureMLException as e:
            raise refused(e.message) from None

    def log_artifacts(self, local_dir: str, artifact_path: Optional[str] = None) -> None:
        for folder, _, files in sorted(os.walk(local_dir)):
            below = os.path.relpath(folder, local_dir).replace(os.sep, "/")
            for file in sorted(files):
                self.log_artifact(os.path.join(folder, file), posixpath.join(artifact_path or "", "" if below == "." else below))

    def list_artifacts(self, path: Optional[str] = None) -> List[Any]:
        root = "/".join(self._below)
        start = self._name(path)
        found = {}
        for item in self._service.get(*self._place, "files")["items"]:
            name = str(item["name"])
            if start and not name.startswith(start + "/"):
                continue
            rest = name[len(start) + 1 if start else 0 :]
            top = rest.split("/")[0]
            whole = posixpath.join(start, top) if start else top
            shown = whole[len(root) + 1 :] if root else whole
            found[shown] = FileInfo(shown, "/" in rest, None if "/" in rest else item.get("size"))
        return [found[name] for name in sorted(found)]

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        name = self._name(remote_file_path)
        if self._service.get_file(local_path, *self._place, "files", *name.split("/"), or_none=True) is None:
            raise refused("There is no file {}; there are {}.".format(name, ", ".join(self._names())))

    def delete_artifacts(self, artifact_path: Optional[str] = None) -> None:
        raise refused("Files of runs are not deleted: what was run stays on record.")
