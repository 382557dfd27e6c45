"""Where scripts import the errors of datasets from."""

from azureml._terroir.errors import DatasetExecutionError, DatasetValidationError

__all__ = ["DatasetExecutionError", "DatasetValidationError"]
