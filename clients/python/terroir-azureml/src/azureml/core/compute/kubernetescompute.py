"""Where scripts import KubernetesCompute from."""

from azureml.core.compute.compute import KubernetesCompute

__all__ = ["KubernetesCompute"]
