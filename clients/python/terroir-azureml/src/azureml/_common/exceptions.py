"""The exceptions, where older scripts import them from."""

from azureml._terroir.errors import AzureMLException
from azureml.exceptions import *  # noqa: F401,F403

__all__ = ["AzureMLException"]
