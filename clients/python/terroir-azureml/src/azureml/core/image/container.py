"""Where scripts import ContainerImage from."""

from azureml.core.image.image import ContainerImage, ContainerImageConfig

__all__ = ["ContainerImage", "ContainerImageConfig"]
