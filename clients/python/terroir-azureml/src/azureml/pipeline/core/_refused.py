"""What of pipelines has no counterpart: it can be imported, and says what to use when it is used."""

from __future__ import annotations

from typing import Any

from azureml._terroir.errors import UnsupportedHere


class Refused:
    """Something that is refused."""

    _WHY = ""

    def __init__(self, *args: Any, **kwargs: Any):
        raise UnsupportedHere("{} is not part of Terroir: {}".format(type(self).__name__, self._WHY))


class Module(Refused):
    _WHY = "keep the step in a function that makes a PythonScriptStep, and call it in each pipeline."

    @staticmethod
    def create(*args: Any, **kwargs: Any) -> Any:
        return Module()

    @staticmethod
    def get(*args: Any, **kwargs: Any) -> Any:
        return Module()


class ModuleVersion(Module):
    pass


class PipelineDraft(Refused):
    _WHY = "keep the Python that builds the pipeline, and publish() it when it is done."

    @staticmethod
    def create(*args: Any, **kwargs: Any) -> Any:
        return PipelineDraft()

    @staticmethod
    def list(*args: Any, **kwargs: Any) -> Any:
        return []
