"""Where scripts import DsvmCompute from."""

from azureml.core.compute.compute import DsvmCompute

__all__ = ["DsvmCompute"]
