"""Images of the time before environments."""

from azureml.core._image_build import ImageBuildDetails
from azureml.core.image.image import ContainerImage, ContainerImageConfig, Image, ImageConfig

__all__ = ["ContainerImage", "ContainerImageConfig", "Image", "ImageBuildDetails", "ImageConfig"]
