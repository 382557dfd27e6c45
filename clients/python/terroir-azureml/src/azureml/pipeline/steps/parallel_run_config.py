"""How a script works off many small batches."""

from __future__ import annotations

import os
from typing import Any, Mapping, Optional, Sequence

from azureml._terroir.errors import UnsupportedHere, UserErrorException
from azureml.core.environment import Environment

__all__ = ["ParallelRunConfig"]



class ParallelRunConfig:
    """An entry script with `init()` and `run(mini_batch)`, and the size, number and failures of its batches.

    `process_count_per_node` processes of the server's machine work at once; `node_count` changes nothing.
    """

    def __init__(
        self,
        environment: Environment,
        entry_script: str,
        error_threshold: int,
        output_action: str,
        compute_target: Any = None,
        node_count: Any = 1,
        process_count_per_node: Any = None,
        mini_batch_size: Any = None,
        source_directory: Optional[str] = None,
        description: Optional[str] = None,
        logging_level: str = "INFO",
        run_invocation_timeout: Any = 60,
        run_max_try: Any = 3,
        append_row_file_name: Optional[str] = None,
        allowed_failed_count: Optional[int] = None,
        allowed_failed_percent: Optional[float] = None,
        partition_keys: Optional[Sequence[str]] = None,
        environment_variables: Optional[Mapping[str, str]] = None,
        input_format: Any = None,
        **kwargs: Any,
    ):
        if not isinstance(environment, Environment):
            raise UserErrorException("environment expected an Environment, {!r} found.".format(environment))
        if output_action not in ("append_row", "summary_only"):
            raise UserErrorException("output_action expected append_row or summary_only, {!r} found.".format(output_action))
        if partition_keys and mini_batch_size is not None:
            raise UserErrorException("ParallelRunConfig takes a mini_batch_size or partition_keys, by which each batch is a partition: give one of them.")
        if not isinstance(error_threshold, int) or isinstance(error_threshold, bool) or error_threshold < -1:
            raise UserErrorException("error_threshold expected a whole number from -1, {!r} found.".format(error_threshold))
        if append_row_file_name is not None and os.path.basename(append_row_file_name) != append_row_file_name:
            raise UserErrorException("append_row_file_name expected a name without folders, {!r} found.".format(append_row_file_name))
        self.environment = environment
        self.entry_script = entry_script
        self.error_threshold = error_threshold
        self.output_action = output_action
        self.compute_target = compute_target
        self.node_count = node_count
        self.process_count_per_node = process_count_per_node
        self.mini_batch_size = mini_batch_size
        self.source_directory = source_directory
        self.description = description
        self.logging_level = logging_level
        self.run_invocation_timeout = run_invocation_timeout
        self.run_max_try = run_max_try
        self.append_row_file_name = append_row_file_name
        self.allowed_failed_count = allowed_failed_count
        self.allowed_failed_percent = allowed_failed_percent
        self.partition_keys = list(partition_keys or [])
        self.environment_variables = dict(environment_variables or {})

    @staticmethod
    def load_yaml(workspace: Any, path: str) -> Any:
        raise UnsupportedHere("A ParallelRunConfig is not read from YAML: write ParallelRunConfig(environment=..., entry_script=...).")
