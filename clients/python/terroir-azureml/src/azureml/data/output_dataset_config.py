"""What a run writes to a datastore."""

from __future__ import annotations

import copy
import uuid
from typing import Any, Dict, Optional

from azureml.data.abstract_dataset import places
from azureml.data.dataset_factory import TabularDatasetFactory


class OutputKey:
    """What an output is known by, whatever copies there are of it, with the step of a pipeline that leaves it."""

    def __init__(self) -> None:
        self.maker: Any = None

    def __deepcopy__(self, memo: Any) -> "OutputKey":
        return self


class OutputFileDatasetConfig:
    """A folder that a run writes to; it ends up in a datastore.

    A destination may have `{run-id}` and `{output-name}` in it.
    """

    def __init__(
        self,
        name: Optional[str] = None,
        destination: Any = None,
        source: Optional[str] = None,
        partition_format: Optional[str] = None,
    ):
        self.name = name or "output_{}".format(uuid.uuid4().hex[:8])
        self._output_key = OutputKey()
        self._is_named = bool(name)
        self.destination = destination
        self.source = source
        self.mode = "mount"
        self._registered: Optional[Dict[str, Any]] = None
        self._table: Any = None

    def as_mount(self, disable_metadata_cache: bool = False) -> "OutputFileDatasetConfig":
        made = copy.copy(self)
        made.mode = "mount"
        return made

    def as_upload(self, overwrite: bool = False, source_globs: Any = None) -> "OutputFileDatasetConfig":
        made = copy.copy(self)
        made.mode = "upload"
        return made

    def register_on_complete(self, name: str, description: Optional[str] = None, tags: Any = None) -> Any:
        """The same, registered as a new version of a dataset when the run has completed."""
        made = copy.copy(self)
        made._registered = {"name": name, "description": description, "tags": {str(key): str(value) for key, value in (tags or {}).items()}}
        return made

    def read_delimited_files(self, **kwargs: Any) -> "OutputFileDatasetConfig":
        """The same, registered as a table of delimited text; arguments as those of `Dataset.Tabular.from_delimited_files`."""
        made = copy.copy(self)
        made._table = lambda place: TabularDatasetFactory.from_delimited_files(place, **kwargs)
        return made

    def read_parquet_files(self, **kwargs: Any) -> "OutputFileDatasetConfig":
        """The same, registered as a table of Parquet files; arguments as those of `Dataset.Tabular.from_parquet_files`."""
        made = copy.copy(self)
        made._table = lambda place: TabularDatasetFactory.from_parquet_files(place, **kwargs)
        return made

    def as_input(self, name: Optional[str] = None) -> Any:
        """What it holds, as the input of a later step of a pipeline: a folder, or a table when it is read as one."""
        from azureml.data.dataset_consumption_config import DatasetConsumptionConfig

        return DatasetConsumptionConfig(name or self.name, self, "direct" if self._table is not None else "mount")

    def _take_for_run(self, data: Any) -> str:
        destination = self.destination
        if destination is None:
            destination = (data.workspace.get_default_datastore(), "dataset/{run-id}/{output-name}")
        (place,) = places(destination)
        place = dict(place, path=place["path"].replace("{output-name}", self.name))
        document: Dict[str, Any] = {
            "dataStoreName": place["datastore"],
            # What a script leaves there is taken at the run's end in either mode.
            "mode": "upload",
            "pathOnDataStore": place["path"] or None,
            "pathOnCompute": self.source,
            "overwrite": True,
        }
        if self._registered is not None:
            document["registerOnComplete"] = dict(self._registered, definition=self._definition_at(data.workspace, place))
        return str(data.reference(self.name, document))

    def _definition_at(self, workspace: Any, place: Dict[str, Any]) -> Dict[str, Any]:
        """The definition of a dataset of what it holds, which lies at a place."""
        if self._table is None:
            return {"paths": [place]}
        return dict(self._table((workspace.datastores[place["datastore"]], place["path"]))._definition)


HDFSOutputDatasetConfig = OutputFileDatasetConfig
