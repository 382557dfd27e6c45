"""Where scripts import AmlCompute from."""

from azureml.core.compute.compute import AmlCompute

__all__ = ["AmlCompute"]
