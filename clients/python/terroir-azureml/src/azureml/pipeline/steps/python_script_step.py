"""A step that runs a Python script."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence

from azureml._terroir.errors import UnsupportedHere, UserErrorException
from azureml.pipeline.steps._script_step import ScriptStep

__all__ = ["PythonScriptStep"]


class PythonScriptStep(ScriptStep):
    """A script of a source directory, with its arguments, data and environment.

    `params` are variables of its environment, `AML_PARAMETER_` before their names.
    """

    def __init__(
        self,
        script_name: str,
        name: Optional[str] = None,
        arguments: Optional[Sequence[Any]] = None,
        compute_target: Any = None,
        runconfig: Any = None,
        runconfig_pipeline_params: Optional[Mapping[str, Any]] = None,
        inputs: Optional[Sequence[Any]] = None,
        outputs: Optional[Sequence[Any]] = None,
        params: Optional[Mapping[str, Any]] = None,
        source_directory: Optional[str] = None,
        allow_reuse: bool = True,
        version: Optional[str] = None,
        hash_paths: Any = None,
    ):
        if not isinstance(script_name, str) or not script_name:
            raise UserErrorException("script_name expected text, {!r} found.".format(script_name))
        refuse_parameters(runconfig_pipeline_params)
        super().__init__(
            name or script_name, script_name, None, arguments, compute_target, runconfig, inputs, outputs, params, source_directory,
            allow_reuse, version,
        )


def refuse_parameters(given: Any) -> None:
    """Parameters of a run configuration, of which nothing would be left here."""
    if given:
        raise UnsupportedHere(
            "runconfig_pipeline_params ({}) change node counts and the like, which change nothing here: leave them out, or give "
            "pipeline parameters as arguments.".format(", ".join(given))
        )
