"""What a run writes to a datastore."""

from __future__ import annotations

import copy
import uuid
from typing import Any, Dict, Optional

from azureml._terroir.errors import UserErrorException
from azureml.data.abstract_dataset import places


class OutputFileDatasetConfig:
    """A folder that a run writes to; it ends up in a datastore."""

    def __init__(
        self,
        name: Optional[str] = None,
        destination: Any = None,
        source: Optional[str] = None,
        partition_format: Optional[str] = None,
    ):
        self.name = name or "output_{}".format(uuid.uuid4().hex[:8])
        self.destination = destination
        self.source = source
        self.mode = "mount"

    def as_mount(self, disable_metadata_cache: bool = False) -> "OutputFileDatasetConfig":
        made = copy.copy(self)
        made.mode = "mount"
        return made

    def as_upload(self, overwrite: bool = False, source_globs: Any = None) -> "OutputFileDatasetConfig":
        made = copy.copy(self)
        made.mode = "upload"
        return made

    def register_on_complete(self, name: str, description: Optional[str] = None, tags: Any = None) -> Any:
        raise UserErrorException(
            "register_on_complete is not supported: register the output when the run is complete, with "
            "Dataset.File.from_files((datastore, 'path')).register(workspace, {!r}).".format(name)
        )

    def _take_for_run(self, data: Any) -> str:
        destination = self.destination
        if destination is None:
            destination = (data.workspace.get_default_datastore(), "dataset/{}".format(uuid.uuid4().hex))
        (place,) = places(destination)
        document: Dict[str, Any] = {
            "dataStoreName": place["datastore"],
            # What a script leaves there is taken at the run's end in either mode.
            "mode": "upload",
            "pathOnDataStore": place["path"] or None,
            "pathOnCompute": self.source,
            "overwrite": True,
        }
        return str(data.reference(self.name, document))


HDFSOutputDatasetConfig = OutputFileDatasetConfig
