"""A step of the time when distributed scripts had one of their own."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence

from azureml.core._run_sections import MpiConfiguration
from azureml.core.runconfig import RunConfiguration
from azureml.pipeline.steps.python_script_step import PythonScriptStep

__all__ = ["MpiStep"]


class MpiStep(PythonScriptStep):
    """A script that shares work among processes; here it is one process, as a warning says."""

    def __init__(
        self,
        name: Optional[str] = None,
        source_directory: Optional[str] = None,
        script_name: str = "",
        arguments: Optional[Sequence[Any]] = None,
        compute_target: Any = None,
        node_count: int = 1,
        process_count_per_node: int = 1,
        inputs: Optional[Sequence[Any]] = None,
        outputs: Optional[Sequence[Any]] = None,
        allow_reuse: bool = True,
        version: Optional[str] = None,
        hash_paths: Any = None,
        environment_definition: Any = None,
        params: Optional[Mapping[str, Any]] = None,
        **kwargs: Any,
    ):
        configuration = RunConfiguration()
        configuration.communicator = "Mpi"
        configuration.mpi = MpiConfiguration(process_count_per_node)
        configuration.node_count = node_count
        if environment_definition is not None:
            configuration.environment = environment_definition
        super().__init__(
            script_name, name, arguments, compute_target, configuration, None, inputs, outputs, params, source_directory, allow_reuse, version
        )
