"""Where scripts import BatchCompute from."""

from azureml.core.compute.compute import BatchCompute

__all__ = ["BatchCompute"]
