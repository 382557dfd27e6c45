"""A datastore: a folder of the workspace, whose files are sent and fetched."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Optional, Sequence

from azureml._terroir import display
from azureml._terroir.errors import UserErrorException
from azureml.data.data_reference import DataReference, _clean

__all__ = ["AbstractAzureStorageDatastore", "AzureBlobDatastore", "AzureFileDatastore"]


class AbstractAzureStorageDatastore:
    """What datastores do."""

    datastore_type = "AzureBlob"

    def __init__(self, workspace: Any, name: str, known: Optional[Dict[str, Any]] = None):
        self.workspace = workspace
        self.name = name
        self._known = known or {"name": name}

    @property
    def _service(self) -> Any:
        return self.workspace._service

    @property
    def is_default(self) -> bool:
        return bool(self._known.get("isDefault"))

    @property
    def account_name(self) -> str:
        return str(self.workspace.name)

    @property
    def container_name(self) -> str:
        return self.name

    protocol = "file"
    endpoint = ""

    def set_as_default(self) -> None:
        self._known = self._service.put({"isDefault": True}, "datastores", self.name)

    def unregister(self) -> None:
        """Forgets it; its files stay."""
        self._service.delete("datastores", self.name)

    # As the data of a run

    def path(self, path: Optional[str] = None, data_reference_name: Optional[str] = None) -> DataReference:
        return DataReference(self, data_reference_name, path)

    def as_mount(self) -> DataReference:
        return DataReference(self, self.name)

    def as_download(self, path_on_compute: Optional[str] = None, overwrite: bool = False) -> DataReference:
        return self.as_mount().as_download(path_on_compute, overwrite)

    def as_upload(self, path_on_compute: Optional[str] = None, overwrite: bool = False) -> DataReference:
        return self.as_mount().as_upload(path_on_compute, overwrite)

    # Files

    def _files(self, prefix: Optional[str]) -> List[str]:
        below = _clean(prefix)
        names = [item["name"] for item in self._service.get("datastores", self.name, "files", prefix=below)["items"]]
        return [name for name in names if below is None or name == below or name.startswith(below + "/")]

    def upload(
        self, src_dir: str, target_path: Optional[str] = None, overwrite: bool = False, show_progress: bool = True
    ) -> DataReference:
        """Sends the files of a folder; those that are there stay unless `overwrite`."""
        if not os.path.isdir(src_dir):
            raise UserErrorException("src_dir {} is no folder.".format(src_dir))
        pairs = []
        for folder, _, files in sorted(os.walk(src_dir)):
            for file in sorted(files):
                place = os.path.join(folder, file)
                pairs.append((place, os.path.relpath(place, src_dir).replace(os.sep, "/")))
        return self._send(pairs, target_path, overwrite, show_progress)

    def upload_files(
        self,
        files: Sequence[str],
        relative_root: Optional[str] = None,
        target_path: Optional[str] = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> DataReference:
        """Sends files; their paths below `relative_root` are kept."""
        if isinstance(files, str):
            raise UserErrorException("files expected a list, the string {!r} found.".format(files))
        root = relative_root or os.path.commonpath([os.path.dirname(os.path.abspath(file)) for file in files])
        pairs = [(file, os.path.relpath(file, root).replace(os.sep, "/")) for file in files]
        for file, name in pairs:
            if not os.path.isfile(file):
                raise UserErrorException("The file {} is not there.".format(file))
            if name.startswith("../"):
                raise UserErrorException("The file {} is not below relative_root {}.".format(file, root))
        return self._send(pairs, target_path, overwrite, show_progress)

    def _send(self, pairs: Sequence[Any], target_path: Optional[str], overwrite: bool, show_progress: bool) -> DataReference:
        below = _clean(target_path)
        there = set() if overwrite else set(self._files(below))
        sent = 0
        if show_progress:
            print("Uploading an estimated of {} files".format(len(pairs)))
        for place, name in pairs:
            target = "{}/{}".format(below, name) if below else name
            if target in there:
                if show_progress:
                    print("Target already exists. Skipping upload for {}".format(target))
                continue
            self._service.put_file(place, "datastores", self.name, "files", *target.split("/"), overwrite=True if overwrite else None)
            sent += 1
            if show_progress:
                print("Uploaded {}, {} files out of an estimated total of {}".format(place, sent, len(pairs)))
        if show_progress:
            print("Uploaded {} files".format(sent))
        return DataReference(self, None, below)

    def download(
        self, target_path: str, prefix: Optional[str] = None, overwrite: bool = False, show_progress: bool = True
    ) -> int:
        """Fetches files, under their paths in the datastore; answers how many."""
        count = 0
        for name in self._files(prefix):
            place = os.path.join(target_path, *name.split("/"))
            if os.path.exists(place) and not overwrite:
                continue
            self._service.get_file(place, "datastores", self.name, "files", *name.split("/"))
            count += 1
            if show_progress:
                print("Downloaded {}".format(name))
        return count

    def __repr__(self) -> str:
        import json

        return json.dumps(
            {"name": self.name, "container_name": self.name, "account_name": self.account_name, "protocol": "file", "endpoint": ""},
            indent=2,
        )

    def _repr_html_(self) -> str:
        return display.table({"Name": self.name, "Default": self.is_default, "Path": self._known.get("path") or ""})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AbstractAzureStorageDatastore) and (other.name, other.workspace) == (self.name, self.workspace)

    def __hash__(self) -> int:
        return hash(self.name)


class AzureBlobDatastore(AbstractAzureStorageDatastore):
    """The kind that datastores are."""

    @property
    def blob_service(self) -> None:
        raise UserErrorException("A datastore is a folder of the workspace: use upload, upload_files and download.")


class AzureFileDatastore(AzureBlobDatastore):
    datastore_type = "AzureFile"
