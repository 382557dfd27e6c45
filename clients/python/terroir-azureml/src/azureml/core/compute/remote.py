"""Where scripts import RemoteCompute from."""

from azureml.core.compute.compute import RemoteCompute

__all__ = ["RemoteCompute"]
