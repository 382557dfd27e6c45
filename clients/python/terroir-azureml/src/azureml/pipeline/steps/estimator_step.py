"""A step that runs the script of an estimator."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional, Sequence

from azureml._terroir.errors import UserErrorException
from azureml.core._run_arguments import Submission
from azureml.pipeline.core.builder import Context
from azureml.pipeline.steps._script_step import ScriptStep
from azureml.pipeline.steps.python_script_step import refuse_parameters

__all__ = ["EstimatorStep"]


class EstimatorStep(ScriptStep):
    """An estimator, whose `script_params` give way to `estimator_entry_script_arguments`."""

    def __init__(
        self,
        name: Optional[str] = None,
        estimator: Any = None,
        estimator_entry_script_arguments: Optional[Sequence[Any]] = None,
        runconfig_pipeline_params: Optional[Mapping[str, Any]] = None,
        inputs: Optional[Sequence[Any]] = None,
        outputs: Optional[Sequence[Any]] = None,
        compute_target: Any = None,
        allow_reuse: bool = True,
        version: Optional[str] = None,
    ):
        if not hasattr(estimator, "_script_run_config"):
            raise UserErrorException("estimator expected an Estimator of azureml.train, {!r} found.".format(estimator))
        if estimator_entry_script_arguments is not None and estimator.script_params:
            raise UserErrorException("An EstimatorStep takes estimator_entry_script_arguments or an estimator with script_params: give one of them.")
        refuse_parameters(runconfig_pipeline_params)
        given = estimator_entry_script_arguments
        self._estimator = estimator
        super().__init__(
            name or estimator.entry_script, estimator.entry_script, None, estimator._arguments() if given is None else given, compute_target,
            estimator.run_config, inputs, outputs, None, estimator.source_directory, allow_reuse, version,
        )

    def _values(self) -> List[Any]:
        return [*super()._values(), *self._estimator._inputs]

    def _submission(self, context: Context) -> Submission:
        config = self._estimator._script_run_config()
        config.arguments = list(self._arguments)
        if self._target is not None:
            config.run_config.target = self._target
        submission: Submission = config._submission(context.workspace, "pipeline", context.data)
        return submission
