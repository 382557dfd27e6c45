"""Where scripts import AdlaCompute from."""

from azureml.core.compute.compute import AdlaCompute

__all__ = ["AdlaCompute"]
