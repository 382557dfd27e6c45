"""A step that gives a script many small batches of files or rows, several of them at once."""

from __future__ import annotations

import os
from typing import Any, List, Optional, Sequence

from terroir import snapshot as snapshots

from azureml._terroir.errors import UserErrorException
from azureml.core._run_arguments import Submission
from azureml.core.runconfig import RunConfiguration
from azureml.core.script_run_config import ScriptRunConfig
from azureml.data.dataset_consumption_config import DatasetConsumptionConfig
from azureml.pipeline.core.builder import Context
from azureml.pipeline.core.graph import PipelineParameter
from azureml.pipeline.steps._script_step import ScriptStep
from azureml.pipeline.steps.parallel_run_config import ParallelRunConfig

__all__ = ["ParallelRunStep"]

_DRIVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_parallel_driver.py")
_ENTRY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_entry_script.py")
_NAME = "_parallel_run_driver.py"
# What entry scripts import.
_ENTRY_NAME = "azureml_user/parallel_run.py"


class ParallelRunStep(ScriptStep):
    """An entry script over the batches of its inputs; what it answers is appended to one file of the output.

    Of file datasets a batch is a list of paths, of tabular ones a pandas data frame.
    """

    def __init__(
        self,
        name: str,
        parallel_run_config: ParallelRunConfig,
        inputs: Sequence[Any],
        output: Any = None,
        side_inputs: Optional[Sequence[Any]] = None,
        arguments: Optional[Sequence[Any]] = None,
        allow_reuse: bool = True,
        models: Any = None,
    ):
        if not isinstance(parallel_run_config, ParallelRunConfig):
            raise UserErrorException("parallel_run_config expected a ParallelRunConfig, {!r} found.".format(parallel_run_config))
        if not isinstance(inputs, (list, tuple)) or not inputs:
            raise UserErrorException("inputs of the ParallelRunStep {} expected a list of at least one dataset.".format(name))
        if output is None and parallel_run_config.output_action == "append_row":
            raise UserErrorException("The ParallelRunStep {} appends rows: give it an output.".format(name))
        self._parallel = parallel_run_config
        self._batched = [_consumption(one) for one in inputs]
        self._output = output
        self._side_inputs = list(side_inputs or [])
        configuration = RunConfiguration()
        configuration.environment = parallel_run_config.environment
        configuration.environment_variables = dict(parallel_run_config.environment_variables)
        outputs = [] if output is None else [output]
        super().__init__(
            name, _NAME, None, arguments, parallel_run_config.compute_target, configuration, [*self._batched, *self._side_inputs],
            outputs, None, parallel_run_config.source_directory, allow_reuse, None,
        )

    def _config(self, context: Context) -> ScriptRunConfig:
        made = super()._config(context)
        config = self._parallel
        told: List[Any] = ["--entry-script", config.entry_script, "--error-threshold", config.error_threshold]
        told += ["--output-action", config.output_action, "--timeout", config.run_invocation_timeout, "--max-try", config.run_max_try]
        for word, value in (
            ("--mini-batch-size", config.mini_batch_size),
            ("--processes", config.process_count_per_node),
            ("--file-name", config.append_row_file_name),
            ("--allowed-failed-count", config.allowed_failed_count),
            ("--allowed-failed-percent", config.allowed_failed_percent),
            ("--logging-level", config.logging_level),
            ("--output", self._output),
        ):
            if value is not None:
                told += [word, value]
        for key in config.partition_keys:
            told += ["--partition-key", key]
        for one in self._batched:
            if config.partition_keys and getattr(one, "mode", None) != "direct":
                told += ["--partition-format", self._partition_format(one)]
            is_rows = getattr(one, "mode", None) == "direct"
            told += ["--rows" if is_rows else "--files", one.name if is_rows else one]
        made.arguments = [*told, "--", *self._arguments]
        return made

    def _partition_format(self, given: Any) -> str:
        """How the paths of the files of an input tell which partition they belong to."""
        dataset: Any = getattr(given, "dataset", None)
        dataset = dataset.default_value if isinstance(dataset, PipelineParameter) else dataset
        text = dataset._partition_format() if hasattr(dataset, "_partition_format") else None
        unknown = [key for key in self._parallel.partition_keys if key not in (dataset.partition_keys if text and dataset is not None else [])]
        if unknown:
            raise UserErrorException("{} is no partition key of an input of {}: make the dataset with partition_format.".format(", ".join(unknown), self.name))
        return str(text)

    def _submission(self, context: Context) -> Submission:
        folder = self._source_directory or context.default_source_directory or "."
        if not os.path.isfile(os.path.join(folder, self._parallel.entry_script)):
            raise UserErrorException("{} is not in the source directory {}.".format(self._parallel.entry_script, os.path.abspath(folder)))
        config = self._config(context)
        # The entry script is there; the one that calls it is put beside it.
        config.script = self._parallel.entry_script
        submission = config._submission(context.workspace, "pipeline", context.data)
        submission.configuration["script"] = _NAME
        return submission

    def _snapshot(self, context: Context, submission: Submission) -> str:
        files = {name: str(file) for name, file in snapshots.files_of(submission.folder, ignore=True)}
        files.setdefault(_ENTRY_NAME, _ENTRY)
        files[_NAME] = _DRIVER
        taken: str = context.workspace._service.snapshot_of_files(list(files.items()))
        return taken


def _consumption(given: Any) -> Any:
    """An input as files that are laid down, or as rows that the script reads."""
    if hasattr(given, "destination"):
        given = given.as_input()
    elif hasattr(given, "create_input_binding"):
        given = given.create_input_binding()
    elif hasattr(given, "as_named_input") and hasattr(given, "_input_name"):
        given = given.as_named_input(given._input_name())
    if not isinstance(given, DatasetConsumptionConfig):
        return given if hasattr(given, "bind_object") else _reference(given)
    dataset = given.dataset
    if isinstance(dataset, PipelineParameter):
        dataset = dataset.default_value
    is_table = getattr(dataset, "_kind", None) == "tabular" or getattr(dataset, "_table", None) is not None
    if is_table:
        return given._with("direct", None)
    return given if given.mode in ("mount", "download") else given.as_mount()


def _reference(given: Any) -> Any:
    if not hasattr(given, "to_config"):
        raise UserErrorException("An input of a ParallelRunStep expected a dataset, {!r} found.".format(given))
    return given
