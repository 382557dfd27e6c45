"""A step that runs a command."""

from __future__ import annotations

import re
from typing import Any, Mapping, Optional, Sequence

from azureml._terroir.errors import UserErrorException
from azureml.core.script_run_config import ScriptRunConfig
from azureml.pipeline.steps._script_step import ScriptStep
from azureml.pipeline.steps.python_script_step import refuse_parameters

__all__ = ["CommandStep"]


class CommandStep(ScriptStep):
    """A line of a shell, or its words, which may be data and parameters; or a ScriptRunConfig that has it, as `runconfig`."""

    def __init__(
        self,
        command: Any = None,
        name: Optional[str] = None,
        compute_target: Any = None,
        runconfig: Any = None,
        runconfig_pipeline_params: Optional[Mapping[str, Any]] = None,
        inputs: Optional[Sequence[Any]] = None,
        outputs: Optional[Sequence[Any]] = None,
        params: Optional[Mapping[str, Any]] = None,
        source_directory: Optional[str] = None,
        allow_reuse: bool = True,
        version: Optional[str] = None,
    ):
        if isinstance(runconfig, ScriptRunConfig):
            command = command or runconfig.command
            source_directory = source_directory or runconfig.source_directory
            runconfig = runconfig.run_config
        command = command or getattr(runconfig, "command", None)
        if not command:
            raise UserErrorException("A CommandStep needs a command: CommandStep(command='python train.py').")
        refuse_parameters(runconfig_pipeline_params)
        first = command.split()[0] if isinstance(command, str) else str(command[0])
        super().__init__(
            name or re.sub(r"[^A-Za-z0-9_.-]", "_", first), None, command, None, compute_target, runconfig, inputs, outputs, params,
            source_directory, allow_reuse, version,
        )
