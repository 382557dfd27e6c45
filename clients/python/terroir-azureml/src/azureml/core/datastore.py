"""Datastores: folders of the workspace."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from azureml._terroir.errors import UnsupportedHere, UserErrorException
from azureml.data.azure_storage_datastore import AzureBlobDatastore, AzureFileDatastore

_REGISTER = (
    "Storage of a cloud cannot be registered: use the workspace's own datastore, workspace.get_default_datastore(), and upload "
    "to it with Datastore.upload; or Datastore.register_folder(workspace, name, path) for a folder of the server's machine."
)


class Datastore:
    """A datastore by its name; the default one when no name is given."""

    def __new__(cls, workspace: Any, name: Optional[str] = None) -> Any:
        return Datastore.get_default(workspace) if name is None else Datastore.get(workspace, name)

    @staticmethod
    def _of(workspace: Any, known: Dict[str, Any]) -> AzureBlobDatastore:
        kind = AzureFileDatastore if known["name"] == "workspacefilestore" else AzureBlobDatastore
        return kind(workspace, known["name"], known)

    @staticmethod
    def get(workspace: Any, datastore_name: str) -> AzureBlobDatastore:
        known = workspace._service.get_or_none("datastores", datastore_name)
        if known is None:
            raise UserErrorException("Could not find datastore {} in the workspace {}.".format(datastore_name, workspace.name))
        return Datastore._of(workspace, known)

    @staticmethod
    def get_default(workspace: Any) -> AzureBlobDatastore:
        stores = workspace._service.get("datastores")["items"]
        for known in stores:
            if known.get("isDefault"):
                return Datastore._of(workspace, known)
        raise UserErrorException("The workspace {} has no default datastore.".format(workspace.name))

    @staticmethod
    def _list(workspace: Any) -> List[AzureBlobDatastore]:
        return [Datastore._of(workspace, known) for known in workspace._service.get("datastores")["items"]]

    @staticmethod
    def register_folder(workspace: Any, datastore_name: str, path: Optional[str] = None) -> AzureBlobDatastore:
        """A folder of the server's machine as a datastore; one of the workspace when no path is given."""
        known = workspace._service.put({} if path is None else {"path": path}, "datastores", datastore_name)
        return Datastore._of(workspace, known)

    @staticmethod
    def _refuse(*args: Any, **kwargs: Any) -> Any:
        raise UnsupportedHere(_REGISTER)

    register_azure_blob_container = _refuse
    register_azure_file_share = _refuse
    register_azure_data_lake = _refuse
    register_azure_data_lake_gen2 = _refuse
    register_azure_sql_database = _refuse
    register_azure_my_sql = _refuse
    register_azure_postgre_sql = _refuse
    register_dbfs = _refuse
    register_hdfs = _refuse
