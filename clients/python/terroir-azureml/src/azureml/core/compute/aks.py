"""Where scripts import AksCompute from."""

from azureml.core.compute.compute import AksCompute

__all__ = ["AksCompute"]
