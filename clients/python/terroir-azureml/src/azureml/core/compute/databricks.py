"""Where scripts import DatabricksCompute from."""

from azureml.core.compute.compute import DatabricksCompute

__all__ = ["DatabricksCompute"]
