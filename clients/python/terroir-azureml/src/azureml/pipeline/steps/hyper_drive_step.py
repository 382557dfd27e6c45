"""A step that searches for parameters."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any, Dict, List, Optional, Sequence

from azureml._terroir.errors import UserErrorException
from azureml.core._driven_run import driver_configuration
from azureml.core._run_arguments import RunData
from azureml.pipeline.core.builder import Context, PipelineStep
from azureml.pipeline.core._driver import STEP_RUN_ID
from azureml.pipeline.steps._script_step import check_target
from azureml.train.hyperdrive.run import HyperDriveRun
from azureml.train.hyperdrive.runconfig import DRIVER, HyperDriveConfig

__all__ = ["HyperDriveStep", "HyperDriveStepRun"]


class HyperDriveStep(PipelineStep):
    """A search for parameters; its best run and what its runs have logged may be outputs.

    `metrics_output` gets a JSON file of what the runs have logged; outputs with a `TrainingOutput` get that, or files of the best run.
    """

    def __init__(
        self,
        name: Optional[str] = None,
        hyperdrive_config: Optional[HyperDriveConfig] = None,
        estimator_entry_script_arguments: Optional[Sequence[Any]] = None,
        inputs: Optional[Sequence[Any]] = None,
        outputs: Optional[Sequence[Any]] = None,
        metrics_output: Any = None,
        allow_reuse: bool = True,
        version: Optional[str] = None,
        hyperdrive_run_config: Optional[HyperDriveConfig] = None,
    ):
        config = hyperdrive_config if hyperdrive_config is not None else hyperdrive_run_config
        if not isinstance(config, HyperDriveConfig):
            raise UserErrorException("hyperdrive_config expected a HyperDriveConfig, {!r} found.".format(config))
        self._config = config
        self._script = config._script()
        given = estimator_entry_script_arguments
        arguments = list(given) if given is not None else list(self._script.arguments or self._script.run_config.arguments or [])
        self._metrics_output = metrics_output
        self._version = version
        outputs = [*(outputs or []), *([metrics_output] if metrics_output is not None else [])]
        super().__init__(name or "hyperdrive", inputs, outputs, arguments, allow_reuse)

    def _values(self) -> List[Any]:
        run_config = self._script.run_config
        return [*super()._values(), *(run_config.data or {}).values(), *(run_config.data_references or {}).values()]

    def _template(self, context: Context) -> Dict[str, Any]:
        data = context.data
        results = dict(data.training_outputs)
        if self._metrics_output is not None:
            results[data.keys[self._metrics_output._output_key]] = {"type": "Metrics"}
        kept = {name: data.references.pop(name) for name in results}
        script = self._script
        script.arguments = list(self._arguments)
        submission = script._submission(context.workspace, "pipeline", data)
        check_target(context, self.name, submission)
        for name in data.outputs:
            if name in submission.configuration["dataReferences"]:
                # What the runs themselves write is one output of the step.
                reference = submission.configuration["dataReferences"][name]
                reference["pathOnDataStore"] = reference["pathOnDataStore"].replace("{run-id}", STEP_RUN_ID)
        search = self._config._plan_of(context.workspace, "", submission)
        search["results"] = results
        search["sampling"] = self._config._sampling.to_json()
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(DRIVER, os.path.join(folder, "drive.py"))
            seconds = 60 * self._config._max_duration_minutes + 600
            own = driver_configuration(context.workspace, folder, seconds)._submission(context.workspace, "pipeline", RunData(context.workspace))
        own.configuration["dataReferences"] = kept
        return {
            "snapshot": search["snapshot"],
            "configuration": own.configuration,
            "search": search,
            "properties": {"primary_metric_config": self._config._metric_config(), "runTemplate": "HyperDrive"},
            "version": self._version,
        }


class HyperDriveStepRun(HyperDriveRun):
    """The search that a step has run, or that it reused."""

    def __init__(self, step_run: Any):
        source = step_run._source()
        super().__init__(source.experiment, source.id)
        self.step_run = step_run

    def get_output_data(self, name: str) -> Any:
        return self.step_run.get_output_data(name)
