"""A place of a datastore, as a run uses it."""

from __future__ import annotations

import copy
import re
import uuid
from typing import Any, Optional

from azureml._terroir.errors import UserErrorException

_NAME = re.compile(r"[A-Za-z0-9_]+\Z")


class DataReference:
    """A place of a datastore. As text it is `$AZUREML_DATAREFERENCE_<name>`, which a run replaces by the path."""

    def __init__(
        self,
        datastore: Any,
        data_reference_name: Optional[str] = None,
        path_on_datastore: Optional[str] = None,
        mode: str = "mount",
        path_on_compute: Optional[str] = None,
        overwrite: bool = False,
    ):
        if mode not in ("mount", "download", "upload"):
            raise UserErrorException("mode expected mount, download or upload, {!r} found.".format(mode))
        name = data_reference_name or uuid.uuid4().hex
        if not _NAME.match(name):
            raise UserErrorException("Data reference name {!r} is not valid: use letters, digits and `_`.".format(name))
        self.datastore = datastore
        self.data_reference_name = name
        self.path_on_datastore = _clean(path_on_datastore)
        self.mode = mode
        self.path_on_compute = path_on_compute
        self.overwrite = overwrite

    def _with(self, **changes: Any) -> "DataReference":
        made = copy.copy(self)
        made.__dict__.update(changes)
        return made

    def as_mount(self, path_on_compute: Optional[str] = None) -> "DataReference":
        return self._with(mode="mount", path_on_compute=path_on_compute or self.path_on_compute)

    def as_download(self, path_on_compute: Optional[str] = None, overwrite: bool = False) -> "DataReference":
        return self._with(mode="download", path_on_compute=path_on_compute, overwrite=overwrite)

    def as_upload(self, path_on_compute: Optional[str] = None, overwrite: bool = False) -> "DataReference":
        return self._with(mode="upload", path_on_compute=path_on_compute, overwrite=overwrite)

    def path(self, path: Optional[str] = None, data_reference_name: Optional[str] = None) -> "DataReference":
        """A place below this one."""
        below = "/".join(part for part in (self.path_on_datastore, _clean(path)) if part)
        return DataReference(self.datastore, data_reference_name, below or None)

    def to_config(self) -> Any:
        """What a run configuration holds of it."""
        from azureml.core.runconfig import DataReferenceConfiguration

        return DataReferenceConfiguration(
            self.datastore.name, self.mode, self.path_on_datastore, self.path_on_compute, self.overwrite
        )

    def _to_json(self) -> Any:
        return self.to_config()._to_json()

    def _take_for_run(self, data: Any) -> str:
        return str(data.reference(self.data_reference_name, self._to_json()))

    def __str__(self) -> str:
        return "$AZUREML_DATAREFERENCE_{}".format(self.data_reference_name)

    def __repr__(self) -> str:
        return self.__str__()


def _clean(path: Optional[str]) -> Optional[str]:
    if path is None:
        return None
    parts = [part for part in str(path).replace("\\", "/").split("/") if part not in ("", ".")]
    if ".." in parts:
        raise UserErrorException("The path {!r} leaves its datastore.".format(path))
    return "/".join(parts) or None
