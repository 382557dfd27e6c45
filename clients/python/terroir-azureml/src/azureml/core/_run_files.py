"""The files of a run: what it uploads, what is downloaded of it, and the source that it ran from."""

from __future__ import annotations

import os
import tempfile
import zipfile
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

from azureml._terroir.errors import UserErrorException

_DIGEST = "sha256:"


class Files:
    """The methods of a run that are about its files."""

    _id: str
    _known: Dict[str, Any]
    _workspace: Any
    _service: Any
    _outputs: List[str]
    _watched: Dict[str, Dict[str, Tuple[int, int]]]
    _uploaded: Set[str]

    def upload_file(self, name: str, path_or_stream: Any, datastore_name: Optional[str] = None) -> None:
        self._service.put_file(path_or_stream, "runs", self._id, "files", *parts_of(name))
        self._uploaded.add("/".join(parts_of(name)))

    def upload_files(
        self,
        names: Sequence[str],
        paths: Sequence[str],
        return_artifacts: bool = False,
        timeout_seconds: Optional[int] = None,
        datastore_name: Optional[str] = None,
    ) -> Optional[Dict[str, str]]:
        if len(names) != len(paths):
            raise UserErrorException("{} names were given for {} paths.".format(len(names), len(paths)))
        for name, path in zip(names, paths):
            self.upload_file(name, path)
        return {name: self._service.url("runs", self._id, "files", *parts_of(name)) for name in names} if return_artifacts else None

    def upload_folder(self, name: str, path: str, datastore_name: Optional[str] = None) -> None:
        if not os.path.isdir(path):
            raise UserErrorException("{} is no folder.".format(path))
        for folder, _, files in sorted(os.walk(path)):
            for file in sorted(files):
                place = os.path.join(folder, file)
                below = os.path.relpath(place, path).replace(os.sep, "/")
                self.upload_file("{}/{}".format(name.rstrip("/"), below) if name else below, place)

    def get_file_names(self) -> List[str]:
        return [item["name"] for item in self._service.get("runs", self._id, "files")["items"]]

    def download_file(self, name: str, output_file_path: Optional[str] = None, _validate_checksum: bool = False) -> None:
        """Downloads a file; into the current directory under its own name unless a path is given."""
        target = os.fspath(output_file_path) if output_file_path is not None else os.path.basename(name)
        if os.path.isdir(target):
            target = os.path.join(target, os.path.basename(name))
        if self._service.get_file(target, "runs", self._id, "files", *parts_of(name), or_none=True) is None:
            raise UserErrorException(
                "File with path {} was not found, available files include: {}.".format(name, ", ".join(self.get_file_names()))
            )

    def download_files(
        self,
        prefix: Optional[str] = None,
        output_directory: Optional[str] = None,
        output_paths: Optional[Sequence[str]] = None,
        batch_size: int = 100,
        append_prefix: bool = True,
        timeout_seconds: Optional[int] = None,
    ) -> None:
        names = [name for name in self.get_file_names() if not prefix or name == prefix or name.startswith(prefix.rstrip("/") + "/") or name.startswith(prefix)]
        if output_paths is not None and len(output_paths) != len(names):
            raise UserErrorException("{} output_paths were given for {} files.".format(len(output_paths), len(names)))
        for number, name in enumerate(names):
            shown = name if append_prefix or not prefix else name[len(prefix) :].lstrip("/") or os.path.basename(name)
            folder = output_directory or "."
            place = os.path.join(folder, output_paths[number]) if output_paths is not None else below_of(folder, shown)
            self._service.get_file(place, "runs", self._id, "files", *parts_of(name))

    # Outputs of a run of this process

    def _watch(self, folder: str) -> None:
        """Makes a folder whose new and changed files are uploaded when the run ends."""
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError:
            return
        self._watched[folder] = {name: state for name, _, state in _states(folder)}

    def _upload_outputs(self) -> None:
        for folder in self._outputs:
            if os.path.isdir(folder):
                self.upload_folder(os.path.basename(os.path.normpath(folder)), folder)
            elif os.path.isfile(folder):
                self.upload_file(folder.replace(os.sep, "/"), folder)
        for folder, before in self._watched.items():
            for name, place, state in _states(folder):
                if before.get(name) != state and name not in self._uploaded:
                    self.upload_file(name, place)

    def _get_outputs_datapath(self) -> Any:
        """Puts its outputs into the workspace's datastore, where a run that resumes from it finds them."""
        from azureml.data.datapath import DataPath

        if not any(name.startswith("outputs/") for name in self.get_file_names()):
            raise UserErrorException("The run {} has no outputs to resume from.".format(self._id))
        store = self._workspace.get_default_datastore()
        place = "azureml/{}/outputs".format(self._id)
        with tempfile.TemporaryDirectory() as work:
            self.download_files(prefix="outputs", output_directory=work)
            store.upload(os.path.join(work, "outputs"), place, overwrite=True, show_progress=False)
        return DataPath(store, place)

    # Source

    def get_snapshot_id(self) -> Optional[str]:
        known = self._known.get("snapshotId")
        return None if known is None else str(known)

    def restore_snapshot(self, snapshot_id: Optional[str] = None, path: Optional[str] = None) -> str:
        """Downloads the source directory that it ran from as a zip archive into a folder; answers the archive's path."""
        wanted = snapshot_id or self.get_snapshot_id()
        if not wanted:
            raise UserErrorException("The run {} has no snapshot.".format(self._id))
        plain = wanted[len(_DIGEST) :] if wanted.startswith(_DIGEST) else wanted
        listed = self._service.get("snapshots", _DIGEST + plain)["files"]
        folder = os.fspath(path) if path is not None else os.getcwd()
        os.makedirs(folder, exist_ok=True)
        target = os.path.join(folder, plain + ".zip")
        with tempfile.TemporaryDirectory() as work, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            place = os.path.join(work, "file")
            for file in listed:
                self._service.get_file(place, "contents", file["digest"])
                os.chmod(place, 0o755 if file.get("isExecutable") else 0o644)
                archive.write(place, "/".join(parts_of(file["path"])))
        return target

    def take_snapshot(self, file_or_folder_path: str) -> str:
        """Keeps a file or folder as it is now; answers the id under which `restore_snapshot` gets it."""
        place = os.fspath(file_or_folder_path)
        if os.path.isdir(place):
            taken = self._service.snapshot(place)
        elif os.path.isfile(place):
            taken = self._service.snapshot_of_files([(os.path.basename(place), place)])
        else:
            raise UserErrorException("{} is neither a file nor a folder.".format(place))
        return str(taken)


def parts_of(name: str) -> List[str]:
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    if not parts or ".." in parts:
        raise UserErrorException("{!r} cannot name a file of a run.".format(name))
    return parts


def below_of(folder: str, name: str) -> str:
    """A path below a folder; a name that leaves it is refused."""
    place = os.path.join(folder, *parts_of(name))
    return place


def _states(folder: str) -> List[Tuple[str, str, Tuple[int, int]]]:
    """The files below a folder: name, path, and what changes when one is written."""
    found = []
    for place, _, files in sorted(os.walk(folder)):
        for file in sorted(files):
            path = os.path.join(place, file)
            try:
                status = os.stat(path)
            except OSError:
                continue
            found.append((os.path.relpath(path, os.path.dirname(folder) or ".").replace(os.sep, "/"), path, (status.st_mtime_ns, status.st_size)))
    return found
