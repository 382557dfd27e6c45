"""Images of the time before environments: names that scripts import, and what to use instead."""

from __future__ import annotations

from typing import Any, List

from azureml._terroir.errors import UnsupportedHere
from azureml.core._image_build import ImageBuildDetails

__all__ = ["ContainerImage", "Image", "ImageBuildDetails"]

_INSTEAD = (
    "Images of the time before environments are not supported: define an Environment, and deploy with Model.deploy and "
    "InferenceConfig(entry_script=..., environment=...); Environment.build(workspace) builds its image alone."
)


class Image:
    """Deprecated since environments."""

    def __init__(self, *args: Any, **kwargs: Any):
        raise UnsupportedHere(_INSTEAD)

    @staticmethod
    def list(workspace: Any, *args: Any, **kwargs: Any) -> List[Any]:
        return []

    @staticmethod
    def create(*args: Any, **kwargs: Any) -> Any:
        raise UnsupportedHere(_INSTEAD)


class ContainerImage(Image):
    @staticmethod
    def image_configuration(*args: Any, **kwargs: Any) -> Any:
        raise UnsupportedHere(_INSTEAD)
