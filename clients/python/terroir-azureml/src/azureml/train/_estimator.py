"""Estimators: a script, packages and a target in one object. Deprecated long ago in favour of ScriptRunConfig."""

from __future__ import annotations

import logging
import os
from typing import Any, Dict, List, Mapping, Optional

from azureml._terroir.errors import TrainingException
from azureml.core._run_sections import MpiConfiguration, TensorflowConfiguration
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.environment import Environment
from azureml.core.runconfig import RunConfiguration
from azureml.core.script_run_config import ScriptRunConfig

_log = logging.getLogger("azureml.train")


class Mpi(MpiConfiguration):
    """Distributed training by MPI."""

    def __init__(self, process_count_per_node: int = 1):
        super().__init__(process_count_per_node)


class ParameterServer(TensorflowConfiguration):
    def __init__(self, worker_count: int = 1, parameter_server_count: int = 1):
        super().__init__(worker_count, parameter_server_count)


class Gloo:
    pass


class Nccl:
    pass


class Estimator:
    """A training script with its environment and target, submitted by `Experiment.submit`.

    It runs in a container when `use_docker` or an image says so; otherwise as a ScriptRunConfig does.
    """

    _FRAMEWORK = "Python"
    _PACKAGES: List[str] = []
    DEFAULT_VERSION: Optional[str] = None
    _DEPRECATED = "'{}' is deprecated. Please use 'ScriptRunConfig' from 'azureml.core.script_run_config' with your own defined environment or a curated environment."

    def __init__(
        self,
        source_directory: str,
        *,
        compute_target: Any = None,
        vm_size: Optional[str] = None,
        vm_priority: Optional[str] = None,
        entry_script: Optional[str] = None,
        script_params: Optional[Mapping[str, Any]] = None,
        node_count: int = 1,
        process_count_per_node: int = 1,
        distributed_backend: Optional[str] = None,
        distributed_training: Any = None,
        use_gpu: bool = False,
        use_docker: Optional[bool] = None,
        custom_docker_base_image: Optional[str] = None,
        custom_docker_image: Optional[str] = None,
        image_registry_details: Any = None,
        user_managed: bool = False,
        conda_packages: Optional[List[str]] = None,
        pip_packages: Optional[List[str]] = None,
        conda_dependencies_file_path: Optional[str] = None,
        pip_requirements_file_path: Optional[str] = None,
        conda_dependencies_file: Optional[str] = None,
        pip_requirements_file: Optional[str] = None,
        environment_variables: Optional[Mapping[str, str]] = None,
        environment_definition: Optional[Environment] = None,
        inputs: Optional[List[Any]] = None,
        source_directory_data_store: Any = None,
        shm_size: Optional[str] = None,
        resume_from: Any = None,
        max_run_duration_seconds: Optional[int] = None,
        framework_version: Optional[str] = None,
        _disable_validation: bool = True,
        _show_lint_warnings: bool = False,
        _show_package_warnings: bool = False,
        **kwargs: Any,
    ):
        _log.warning(self._DEPRECATED.format(type(self).__name__))
        if kwargs:
            raise TrainingException("{} has no argument {}.".format(type(self).__name__, ", ".join(sorted(kwargs))))
        self.source_directory = source_directory
        self._entry_script = entry_script
        self._script_params = dict(script_params or {})
        self._inputs = list(inputs or [])
        self._node_count = node_count
        self._resume_from = resume_from
        self._distributed = distributed_training
        self._process_count = process_count_per_node
        self._distributed_backend = distributed_backend
        self.conda_dependencies: Optional[CondaDependencies] = None
        self.run_config = RunConfiguration(framework=self._FRAMEWORK)
        if compute_target is not None:
            self.run_config.target = compute_target
        if max_run_duration_seconds:
            self.run_config.max_run_duration_seconds = max_run_duration_seconds
        self.run_config.amlcompute.vm_size = vm_size
        self.run_config.amlcompute.vm_priority = vm_priority
        self.run_config.node_count = node_count
        image = custom_docker_image or custom_docker_base_image
        if environment_definition is not None:
            self.run_config.environment = environment_definition
        else:
            environment = self._environment(
                framework_version,
                use_gpu,
                image,
                image_registry_details,
                user_managed,
                conda_packages,
                pip_packages,
                conda_dependencies_file or conda_dependencies_file_path,
                pip_requirements_file or pip_requirements_file_path,
            )
            self.run_config.environment = environment
            self.conda_dependencies = environment.python.conda_dependencies
        if environment_variables:
            self.run_config.environment_variables = dict(environment_variables)
        if use_docker or (use_docker is None and image is not None):
            self.run_config.docker.use_docker = True
        if shm_size:
            self.run_config.docker.shm_size = shm_size
        if isinstance(distributed_training, MpiConfiguration) or str(distributed_backend).lower() == "mpi":
            self.run_config.communicator = "Mpi"
            self.run_config.mpi = distributed_training or MpiConfiguration(process_count_per_node)
        elif isinstance(distributed_training, TensorflowConfiguration):
            self.run_config.communicator = "ParameterServer"
            self.run_config.tensorflow = distributed_training
        elif distributed_training is not None:
            self.run_config.communicator = "Gloo" if isinstance(distributed_training, Gloo) else "Nccl"

    @staticmethod
    def get_supported_versions() -> List[str]:
        """None are named: every version that the index has will do."""
        return []

    def _environment(
        self,
        framework_version: Optional[str],
        use_gpu: bool,
        image: Optional[str],
        registry: Any,
        user_managed: bool,
        conda_packages: Optional[List[str]],
        pip_packages: Optional[List[str]],
        conda_file: Optional[str],
        pip_file: Optional[str],
    ) -> Environment:
        if conda_file:
            made = Environment.from_conda_specification(None, self._below(conda_file))  # type: ignore[arg-type]
        elif pip_file:
            made = Environment.from_pip_requirements(None, self._below(pip_file))  # type: ignore[arg-type]
        else:
            made = Environment(None)
        packages = made.python.conda_dependencies
        for package in self._framework_packages(framework_version, use_gpu):
            packages.add_pip_package(package)
        for package in pip_packages or []:
            packages.add_pip_package(package)
        for package in conda_packages or []:
            packages.add_conda_package(package)
        made.python.user_managed_dependencies = user_managed
        if image:
            made.docker.base_image = image
            if registry is not None:
                made.docker.base_image_registry = registry
        elif use_gpu:
            from azureml.core.environment import DEFAULT_GPU_IMAGE

            made.docker.base_image = DEFAULT_GPU_IMAGE
        return made

    def _below(self, file: str) -> str:
        """A file of the source directory, or a path of its own."""
        inside = os.path.join(self.source_directory, file)
        return inside if os.path.isfile(inside) else file

    def _framework_packages(self, version: Optional[str], use_gpu: bool) -> List[str]:
        names = list(self._PACKAGES)
        if names and version:
            names[0] = "{}=={}".format(names[0], version)
        return names

    @property
    def source_directory_path(self) -> str:
        return self.source_directory

    @property
    def entry_script(self) -> Optional[str]:
        return self._entry_script

    @property
    def script_params(self) -> Dict[str, Any]:
        return dict(self._script_params)

    def _arguments(self) -> List[Any]:
        """The parameters as one list; an empty text is a flag without a value."""
        made: List[Any] = []
        for key, value in self._script_params.items():
            made.append(key)
            if isinstance(value, list):
                made.extend(value)
            elif not (isinstance(value, str) and value == ""):
                made.append(value)
        return made

    def _script_run_config(self) -> ScriptRunConfig:
        if self._entry_script is None:
            raise TrainingException("An estimator needs an entry_script.")
        arguments = self._arguments()
        made = ScriptRunConfig(
            self.source_directory, self._entry_script, arguments, run_config=self.run_config, resume_from=self._resume_from
        )
        made.arguments = arguments
        for value in self._inputs:
            name = getattr(value, "data_reference_name", None) or getattr(value, "name", None) or "input"
            made.run_config.data_references = dict(made.run_config.data_references or {})
            if hasattr(value, "to_config"):
                made.run_config.data_references[name] = value
            else:
                made.run_config.data = dict(made.run_config.data or {})
                made.run_config.data[name] = value
        return made

    def __repr__(self) -> str:
        return "{}(source_directory={!r}, entry_script={!r}, target={!r})".format(
            type(self).__name__, self.source_directory, self._entry_script, self.run_config.target
        )
