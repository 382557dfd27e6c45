"""A script with everything that it takes to run it."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Optional, Union

from azureml._terroir.errors import UserErrorException
from azureml.core._run_arguments import RunData, Submission, resolved
from azureml.core.environment import Environment
from azureml.core.runconfig import (
    DockerConfiguration,
    MpiConfiguration,
    ParallelTaskConfiguration,
    PyTorchConfiguration,
    RunConfiguration,
    TensorflowConfiguration,
    copied,
)

MAX_RUN_DURATION_SECONDS_DEFAULT = 30 * 24 * 60 * 60


class ScriptRunConfig:
    """A source directory, a script in it or a command, and a run configuration."""

    MAX_RUN_DURATION_SECONDS_DEFAULT = MAX_RUN_DURATION_SECONDS_DEFAULT

    def __init__(
        self,
        source_directory: str,
        script: Optional[str] = None,
        arguments: Optional[List[Any]] = None,
        run_config: Optional[RunConfiguration] = None,
        _telemetry_values: Optional[Dict[str, Any]] = None,
        compute_target: Any = None,
        environment: Optional[Environment] = None,
        distributed_job_config: Any = None,
        resume_from: Any = None,
        max_run_duration_seconds: Optional[int] = MAX_RUN_DURATION_SECONDS_DEFAULT,
        command: Optional[Union[List[Any], str]] = None,
        docker_runtime_config: Optional[DockerConfiguration] = None,
    ):
        if command is not None and (script is not None or arguments is not None):
            raise UserErrorException("command excludes script and arguments; give one or the other.")
        if script is not None and run_config is not None and run_config.command:
            raise UserErrorException(
                "The script {} and the command of the run configuration, {!r}, exclude each other.".format(
                    script, run_config.command
                )
            )
        if run_config is not None and any(
            given is not None for given in (compute_target, environment, distributed_job_config, docker_runtime_config)
        ):
            raise UserErrorException(
                "run_config excludes compute_target, environment, distributed_job_config and docker_runtime_config: "
                "set them on the run configuration."
            )
        self.source_directory = os.fspath(source_directory or ".")
        self.script = script
        self.arguments: Optional[List[Any]] = arguments
        self.command = command
        self.resume_from = resume_from
        self._telemetry_values = _telemetry_values
        self.run_config = copied(run_config) if run_config is not None else RunConfiguration()
        if run_config is not None:
            self.run_config.__dict__["environment"] = run_config.environment
        if self.script is None and command is None and run_config is not None:
            self.script = run_config.script
        if arguments is None and run_config is not None and run_config.arguments:
            self.arguments = run_config.arguments
        if run_config is None and max_run_duration_seconds is not None:
            self.run_config.max_run_duration_seconds = max_run_duration_seconds
        if compute_target is not None:
            self.run_config.target = compute_target
        if environment is not None:
            self.run_config.environment = environment
        if docker_runtime_config is not None:
            self.run_config.docker = docker_runtime_config
        if distributed_job_config is not None:
            _distribute(self.run_config, distributed_job_config)

    def _submission(self, workspace: Any, experiment_name: str, data: Optional[RunData] = None) -> Submission:
        configuration = copied(self.run_config)
        configuration.script = self.script or configuration.script
        command = self.command if self.command is not None else (configuration.command or None)
        if configuration.script is None and not command:
            raise UserErrorException("A run needs a script or a command: ScriptRunConfig(source_directory, script='train.py').")
        folder = self.source_directory
        if not os.path.isdir(folder):
            raise UserErrorException("The source directory {} is not there.".format(os.path.abspath(folder)))
        if configuration.script is not None and not command and not os.path.isfile(os.path.join(folder, configuration.script)):
            raise UserErrorException(
                "{} is not in the source directory {}.".format(configuration.script, os.path.abspath(folder))
            )
        if command:
            configuration.script = None
        arguments = self.arguments if self.arguments is not None else configuration.arguments
        if self.resume_from is not None:
            arguments = [*(arguments or []), "--resume-from", _outputs(self.resume_from)]
        return resolved(workspace, experiment_name, folder, configuration, arguments or [], command, data)

    def __repr__(self) -> str:
        return "ScriptRunConfig(source_directory={!r}, script={!r}, target={!r})".format(
            self.source_directory, self.script, self.run_config.target
        )


def _outputs(resume_from: Any) -> Any:
    """The data by which a script finds what a former run left."""
    if not hasattr(resume_from, "create_data_reference"):
        raise UserErrorException(
            "resume_from expected a DataPath, {} found; `run._get_outputs_datapath()` makes one.".format(type(resume_from).__name__)
        )
    return resume_from.create_data_reference("resume_from").as_mount()


def _distribute(configuration: RunConfiguration, job: Any) -> None:
    if isinstance(job, MpiConfiguration):
        configuration.mpi = job
        configuration.communicator = "Mpi"
        configuration.node_count = job.node_count
    elif isinstance(job, PyTorchConfiguration):
        configuration.pytorch = job
        configuration.framework = "PyTorch"
        configuration.communicator = "Gloo" if str(job.communication_backend).lower() == "gloo" else "Nccl"
        configuration.node_count = job.node_count
    elif isinstance(job, TensorflowConfiguration):
        configuration.tensorflow = job
        configuration.framework = "TensorFlow"
        configuration.communicator = "ParameterServer"
        configuration.node_count = job.worker_count + job.parameter_server_count
    elif isinstance(job, ParallelTaskConfiguration):
        configuration.parallel_task = job
    else:
        raise UserErrorException(
            "distributed_job_config expected MpiConfiguration, PyTorchConfiguration or TensorflowConfiguration, {} found.".format(
                type(job).__name__
            )
        )


def get_run_config_from_script_run(script_run_config: ScriptRunConfig) -> RunConfiguration:
    """The run configuration with the script and arguments in it."""
    configuration = copied(script_run_config.run_config)
    configuration.script = script_run_config.script
    configuration.arguments = list(script_run_config.arguments or [])
    return configuration
