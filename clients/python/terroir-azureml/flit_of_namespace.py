"""flit's backend for a namespace package: all metadata is in pyproject.toml, since `azureml` has no `__init__.py` to read."""
from flit_core.buildapi import build_editable, build_sdist, build_wheel, prepare_metadata_for_build_wheel

__all__ = ["build_editable", "build_sdist", "build_wheel", "prepare_metadata_for_build_wheel"]


def get_requires_for_build_wheel(config_settings=None):
    return []


get_requires_for_build_sdist = get_requires_for_build_wheel
get_requires_for_build_editable = get_requires_for_build_wheel
