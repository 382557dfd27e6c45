"""What steps have in common that run a script or a command."""

from __future__ import annotations

import copy
import os
from typing import Any, Dict, List, Mapping, Optional, Sequence

from azureml._terroir.errors import UserErrorException
from azureml.core._run_arguments import Submission
from azureml.core.environment import Environment
from azureml.core.runconfig import RunConfiguration, copied
from azureml.core.script_run_config import ScriptRunConfig
from azureml.pipeline.core.builder import Context, PipelineStep


class ScriptStep(PipelineStep):
    """A script or a command with its configuration."""

    def __init__(
        self,
        name: str,
        script: Optional[str],
        command: Any,
        arguments: Optional[Sequence[Any]],
        compute_target: Any,
        runconfig: Any,
        inputs: Optional[Sequence[Any]],
        outputs: Optional[Sequence[Any]],
        params: Optional[Mapping[str, Any]],
        source_directory: Optional[str],
        allow_reuse: bool,
        version: Optional[str],
    ):
        self._script = script
        self._command = command
        self._target = compute_target
        self._params = dict(params or {})
        self._source_directory = source_directory
        self._version = version
        self._configuration = _configuration(runconfig)
        super().__init__(name, inputs, outputs, arguments, allow_reuse)

    @property
    def runconfig(self) -> RunConfiguration:
        return self._configuration

    def _values(self) -> List[Any]:
        words = self._command if isinstance(self._command, (list, tuple)) else []
        return [*super()._values(), *self._params.values(), *words]

    def _config(self, context: Context) -> ScriptRunConfig:
        """The script with its configuration, as a run of its own would have it."""
        configuration = copied(self._configuration)
        configuration.__dict__["environment"] = self._configuration.environment
        if self._target is not None:
            configuration.target = self._target
        if self._params:
            named = {"AML_PARAMETER_{}".format(name): context.data.argument(value) for name, value in self._params.items()}
            configuration.environment_variables = {**(configuration.environment_variables or {}), **named}
        folder = self._source_directory or context.default_source_directory or "."
        if self._command is not None:
            configuration.script = None
            return ScriptRunConfig(folder, run_config=configuration, command=self._command)
        configuration.command = ""
        made = ScriptRunConfig(folder, self._script, list(self._arguments), configuration)
        made.arguments = list(self._arguments)
        return made

    def _template(self, context: Context) -> Dict[str, Any]:
        submission = self._submission(context)
        check_target(context, self.name, submission)
        return {
            "snapshot": self._snapshot(context, submission),
            "configuration": submission.configuration,
            "properties": submission.properties,
            "version": self._version,
        }

    def _submission(self, context: Context) -> Submission:
        return self._config(context)._submission(context.workspace, "pipeline", context.data)

    def _snapshot(self, context: Context, submission: Submission) -> str:
        if not os.path.isdir(submission.folder):
            raise UserErrorException("The source directory {} of the step {} is not there.".format(submission.folder, self.name))
        taken: str = context.workspace._service.snapshot(submission.folder)
        return taken


def check_target(context: Context, step_name: str, submission: Submission) -> None:
    """Refuses a target that is not there before anything runs."""
    target = str(submission.configuration.get("target") or "local")
    if target != "local" and context.workspace._service.get_or_none("computetargets", target) is None:
        raise UserErrorException("The compute target {} of the step {} is not there: ComputeTarget.create(ws, {!r}, ...) makes it.".format(target, step_name, target))


def _configuration(given: Any) -> RunConfiguration:
    if given is None:
        return RunConfiguration()
    if isinstance(given, Environment):
        made = RunConfiguration()
        made.environment = given
        return made
    if isinstance(given, str):
        return RunConfiguration.load(*os.path.split(given)) if os.path.exists(given) else RunConfiguration.load(".", given)
    if not isinstance(given, RunConfiguration):
        raise UserErrorException("runconfig expected a RunConfiguration, {!r} found.".format(given))
    made = copy.copy(given)
    return made
