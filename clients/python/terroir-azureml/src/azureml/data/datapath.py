"""A path of a datastore."""

from __future__ import annotations

from typing import Any, Optional

from azureml.data.data_reference import DataReference


class DataPath:
    def __init__(self, datastore: Any = None, path_on_datastore: Optional[str] = None, name: Optional[str] = None):
        self.datastore = datastore
        self.path_on_datastore = path_on_datastore
        self.name = name

    def create_data_reference(
        self,
        data_reference_name: Optional[str] = None,
        datapath_compute_binding: Any = None,
        mode: str = "mount",
        path_on_compute: Optional[str] = None,
        overwrite: bool = False,
    ) -> DataReference:
        if datapath_compute_binding is not None:
            made: DataReference = datapath_compute_binding.create_data_reference(data_reference_name, self)
            return made
        return DataReference(self.datastore, data_reference_name, self.path_on_datastore, mode, path_on_compute, overwrite)


class DataPathComputeBinding:
    """How a run comes to a path."""

    def __init__(self, mode: str = "mount", path_on_compute: Optional[str] = None, overwrite: bool = False):
        self.mode = mode
        self.path_on_compute = path_on_compute
        self.overwrite = overwrite

    def create_data_reference(self, data_reference_name: Optional[str] = None, datapath: Any = None) -> DataReference:
        return DataReference(
            datapath.datastore, data_reference_name, datapath.path_on_datastore, self.mode, self.path_on_compute, self.overwrite
        )
