"""Where scripts import the kind of all datastores from."""

from azureml.data.azure_storage_datastore import AbstractAzureStorageDatastore

AbstractDatastore = AbstractAzureStorageDatastore

__all__ = ["AbstractDatastore"]
