"""Datasets: files and tables of datastores."""

from __future__ import annotations

from typing import Any, Dict, Optional, Union

from azureml._terroir.errors import UserErrorException
from azureml.data.abstract_dataset import AbstractDataset
from azureml.data.dataset_factory import FileDatasetFactory, TabularDatasetFactory

__all__ = ["Dataset"]


class Dataset(AbstractDataset):
    """Where datasets are made and found."""

    File = FileDatasetFactory
    Tabular = TabularDatasetFactory

    @staticmethod
    def get_by_name(workspace: Any, name: str, version: Union[str, int] = "latest") -> Any:
        known = workspace._service.get_or_none("datasets", name, "versions", str(version))
        if known is None or not known.get("isRegistered", True):
            raise UserErrorException(
                "Cannot load any Dataset with given name or id. No dataset {}{} is registered in the workspace {}.".format(
                    name, "" if version == "latest" else ", version {},".format(version), workspace.name
                )
            )
        return AbstractDataset._of_resource(workspace, known)

    @staticmethod
    def get_by_id(workspace: Any, id: str) -> Any:
        """A version by its id, also when its name is registered no more."""
        name, _, version = str(id).rpartition(":")
        known = workspace._service.get_or_none("datasets", name, "versions", version) if name else None
        if known is not None:
            return AbstractDataset._of_resource(workspace, known)
        raise UserErrorException("Cannot load any Dataset with given name or id: {}.".format(id))

    @staticmethod
    def get_all(workspace: Any) -> Dict[str, Any]:
        return {
            known["name"]: AbstractDataset._of_resource(workspace, known)
            for known in workspace._service.pages("datasets", limit=1000)
            if not known["name"].startswith("_saved_")
        }

    @staticmethod
    def get(workspace: Any, name: Optional[str] = None, id: Optional[str] = None) -> Any:
        return Dataset.get_by_name(workspace, name) if name is not None else Dataset.get_by_id(workspace, str(id))
