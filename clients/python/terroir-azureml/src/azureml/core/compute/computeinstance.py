"""Where scripts import ComputeInstance from."""

from azureml.core.compute.compute import ComputeInstance

__all__ = ["ComputeInstance"]
