"""Data between steps as datasets: `PipelineData.as_dataset()`."""

from __future__ import annotations

import copy
from typing import Any, Dict, Optional

from azureml._terroir.errors import UnsupportedHere
from azureml.data.dataset_consumption_config import DatasetConsumptionConfig
from azureml.data.dataset_factory import TabularDatasetFactory

__all__ = ["PipelineOutputAbstractDataset", "PipelineOutputFileDataset", "PipelineOutputTabularDataset"]


class PipelineOutputAbstractDataset:
    """What a step leaves, as a dataset that later steps take."""

    _MODE = "mount"

    def __init__(self, pipeline_data: Any):
        self._pipeline_data = pipeline_data
        self._output_key = pipeline_data._output_key

    @property
    def name(self) -> str:
        return str(self._pipeline_data.name)

    @property
    def pipeline_output_name(self) -> Any:
        return self._pipeline_data.pipeline_output_name

    @property
    def training_output(self) -> Any:
        return self._pipeline_data.training_output

    def register(self, name: str, create_new_version: bool = True, description: Optional[str] = None, tags: Any = None) -> Any:
        """The same, registered as a version of a dataset when its step has completed."""
        made = copy.copy(self)
        registered = {"name": name, "description": description, "tags": {str(key): str(value) for key, value in (tags or {}).items()}}
        made._pipeline_data = self._pipeline_data._registering(registered)
        return made

    def as_named_input(self, name: str) -> Any:
        return DatasetConsumptionConfig(name, self, "direct")

    def create_input_binding(self) -> Any:
        return DatasetConsumptionConfig(self.name, self, self._MODE)

    def _definition_at(self, workspace: Any, place: Dict[str, Any]) -> Dict[str, Any]:
        return {"paths": [place]}

    def _take_for_step(self, data: Any) -> str:
        if self._output_key in data.own:
            return str(data.pipeline_data(self._pipeline_data, self))
        return str(data.argument(self.create_input_binding()))


class PipelineOutputFileDataset(PipelineOutputAbstractDataset):
    """The files that a step leaves."""

    def as_mount(self, path_on_compute: Optional[str] = None) -> Any:
        return DatasetConsumptionConfig(self.name, self, "mount", path_on_compute)

    def as_download(self, path_on_compute: Optional[str] = None) -> Any:
        return DatasetConsumptionConfig(self.name, self, "download", path_on_compute)

    def as_direct(self) -> Any:
        return DatasetConsumptionConfig(self.name, self, "direct")

    def parse_delimited_files(
        self,
        include_path: bool = False,
        separator: str = ",",
        header: Any = True,
        partition_format: Optional[str] = None,
        file_extension: str = "",
        set_column_types: Any = None,
        quoted_line_breaks: bool = False,
    ) -> "PipelineOutputTabularDataset":
        """The rows of the delimited text in it."""
        extension = file_extension and file_extension.lstrip(".")

        def table(place: Any) -> Any:
            return TabularDatasetFactory.from_delimited_files(
                place, include_path=include_path, separator=separator, header=header, partition_format=partition_format,
                set_column_types=set_column_types,
            )

        return PipelineOutputTabularDataset(self, table, extension)

    def parse_parquet_files(
        self, include_path: bool = False, partition_format: Optional[str] = None, file_extension: str = "", set_column_types: Any = None
    ) -> "PipelineOutputTabularDataset":
        """The rows of the Parquet files in it."""
        extension = file_extension and file_extension.lstrip(".")

        def table(place: Any) -> Any:
            return TabularDatasetFactory.from_parquet_files(
                place, include_path=include_path, partition_format=partition_format, set_column_types=set_column_types
            )

        return PipelineOutputTabularDataset(self, table, extension)


class PipelineOutputTabularDataset(PipelineOutputAbstractDataset):
    """The rows that a step leaves."""

    _MODE = "direct"

    def __init__(self, files: PipelineOutputAbstractDataset, table: Any, extension: str):
        super().__init__(files._pipeline_data)
        self._table = table
        self._extension = extension

    def _definition_at(self, workspace: Any, place: Dict[str, Any]) -> Dict[str, Any]:
        path = "{}/**/*.{}".format(place["path"], self._extension) if self._extension else place["path"]
        return dict(self._table((workspace.datastores[place["datastore"]], path))._definition)

    def keep_columns(self, columns: Any) -> Any:
        raise UnsupportedHere("keep_columns of data between steps: keep the columns in the script that reads it.")

    def drop_columns(self, columns: Any) -> Any:
        raise UnsupportedHere("drop_columns of data between steps: drop the columns in the script that reads it.")

    def random_split(self, percentage: float, seed: Optional[int] = None) -> Any:
        raise UnsupportedHere("random_split of data between steps: split the rows in the script that reads it.")
