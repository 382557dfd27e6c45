"""Where scripts import DataFactoryCompute from."""

from azureml.core.compute.compute import DataFactoryCompute

__all__ = ["DataFactoryCompute"]
