"""Where scripts import the exception of compute targets from."""

from azureml._terroir.errors import ComputeTargetException

__all__ = ["ComputeTargetException"]
