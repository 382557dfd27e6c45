"""A registry of container images."""

from __future__ import annotations

from azureml.core._sections import ContainerRegistry, RegistryIdentity

__all__ = ["ContainerRegistry", "RegistryIdentity"]
