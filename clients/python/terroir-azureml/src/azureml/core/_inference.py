"""What answers scoring requests, and how it is deployed."""

from __future__ import annotations

import logging
import os
import re
import tempfile
from typing import Any, Dict, List, Optional, Sequence, Tuple

from terroir import snapshot as snapshots

from azureml._terroir.errors import WebserviceException
from azureml.core._no_code import config_of_framework
from azureml.core.environment import Environment

_log = logging.getLogger("azureml.core")

_NAME = re.compile(r"[a-z][a-z0-9-]{1,30}[a-z0-9]\Z")
_RUNTIMES = ("python", "python-slim")
_SERVING = ("azureml-defaults", "azureml-inference-server-http", "azureml-core", "azureml-sdk")


class InferenceConfig:
    """An entry script with the folder it lies in, and the environment it runs in."""

    def __init__(
        self,
        entry_script: Optional[str] = None,
        runtime: Optional[str] = None,
        conda_file: Optional[str] = None,
        extra_docker_file_steps: Optional[str] = None,
        source_directory: Optional[str] = None,
        enable_gpu: Optional[bool] = None,
        description: Optional[str] = None,
        base_image: Optional[str] = None,
        base_image_registry: Any = None,
        cuda_version: Optional[str] = None,
        environment: Optional[Environment] = None,
    ):
        if entry_script is None:
            raise WebserviceException("InferenceConfig needs an entry_script.")
        if runtime is not None and str(runtime).lower() not in _RUNTIMES:
            raise WebserviceException("The runtime {!r} is not supported: use `python`.".format(runtime))
        if environment is not None and any(
            given is not None for given in (runtime, conda_file, extra_docker_file_steps, base_image, base_image_registry, cuda_version)
        ):
            raise WebserviceException(
                "environment excludes runtime, conda_file, extra_docker_file_steps, base_image, base_image_registry and cuda_version."
            )
        self.entry_script = os.fspath(entry_script)
        self.runtime = runtime
        self.conda_file = conda_file
        self.extra_docker_file_steps = extra_docker_file_steps
        self.source_directory = None if source_directory is None else os.fspath(source_directory)
        self.enable_gpu = enable_gpu
        self.description = description
        self.base_image = base_image
        self.base_image_registry = base_image_registry
        self.cuda_version = cuda_version
        self.environment = environment
        self.validate_configuration()

    def validate_configuration(self) -> None:
        """Whether its files are there."""
        if self.source_directory is not None and not os.path.isdir(self.source_directory):
            raise WebserviceException("The source directory {} is not there.".format(os.path.abspath(self.source_directory)))
        script = os.path.join(self.source_directory or ".", self.entry_script)
        if not os.path.isfile(script):
            raise WebserviceException(
                "Error, unable to find the entry script {} (looked in {}).".format(
                    self.entry_script, os.path.abspath(self.source_directory or ".")
                )
            )
        if self.conda_file is not None and not os.path.isfile(os.path.join(self.source_directory or ".", self.conda_file)):
            raise WebserviceException("Error, unable to find the conda file {}.".format(self.conda_file))

    def _files(self) -> List[Tuple[str, str]]:
        """What is deployed, under its names there: the script alone, or the source directory as a folder of its name."""
        if self.source_directory is None:
            return [(os.path.basename(self.entry_script), self.entry_script)]
        below = self._below()
        return [(below + name, str(file)) for name, file in snapshots.files_of(self.source_directory, ignore=False)]

    def _below(self) -> str:
        name = "" if self.source_directory is None else os.path.basename(os.path.abspath(self.source_directory))
        return name + "/" if name else ""

    def _entry(self) -> str:
        """The path of the script among the files."""
        if self.source_directory is None:
            return os.path.basename(self.entry_script)
        return self._below() + os.path.normpath(self.entry_script).replace(os.sep, "/")

    def _environment(self, workspace: Any) -> Environment:
        if self.environment is not None:
            if not self.environment.name:
                return self.environment.clone("inference")
            return self.environment
        made = (
            Environment.from_conda_specification("inference", os.path.join(self.source_directory or ".", self.conda_file))
            if self.conda_file
            else Environment("inference")
        )
        # Before there were environments, the service itself added its scoring server.
        packages = made.python.conda_dependencies
        if packages is not None and not _serves(packages):
            packages.add_pip_package("azureml-defaults")
        if self.base_image:
            made.docker.base_image = self.base_image
            if self.base_image_registry is not None:
                made.docker.base_image_registry = self.base_image_registry
        if self.extra_docker_file_steps:
            steps = os.path.join(self.source_directory or ".", self.extra_docker_file_steps)
            with open(steps, encoding="utf-8-sig") as stream:
                made.docker.base_dockerfile = "FROM {}\n{}".format(made.docker.base_image, stream.read())
            made.docker.base_image = None
        return made

    def build_create_payload(self, workspace: Any, name: str, model_ids: Any) -> Dict[str, Any]:
        return {"entryScript": self.entry_script, "sourceDirectory": self.source_directory, "models": list(model_ids)}

    def _for_server(self, workspace: Any) -> Dict[str, Any]:
        environment = self._environment(workspace)
        _warn_of_missing_server(environment)
        made: Dict[str, Any] = dict(self._script_for_server(workspace), environment={"definition": environment._for_server()})
        if self.description:
            made["description"] = self.description
        return made

    def _script_for_server(self, workspace: Any) -> Dict[str, Any]:
        """The script with its files, without the environment."""
        self.validate_configuration()
        return {"entryScript": self._entry(), "snapshot": workspace._service.snapshot_of_files(self._files())}


def _warn_of_missing_server(environment: Environment) -> None:
    if environment.python.user_managed_dependencies:
        return
    packages = environment.python._packages()
    if packages is None or not _serves(packages):
        _log.warning(
            "WARNING - azureml-defaults is not detected in the pip dependencies of the environment: it should be included, "
            "because the scoring server comes with it."
        )


def _serves(packages: Any) -> bool:
    lines = [*packages.pip_packages, *packages.conda_packages]
    names = [re.split(r"[\[=<>!~;@ ]", line.split("::")[-1])[0].lower().replace("_", "-") for line in lines]
    return any(name in _SERVING for name in names)


def deploy(
    workspace: Any,
    name: str,
    models: Sequence[Any],
    what_scores: Any,
    deployment_config: Any,
    deployment_target: Any,
    overwrite: bool,
    show_output: bool,
) -> Any:
    """Deploys what an InferenceConfig or an image holds; nothing for a model that scores by itself."""
    from azureml.core.webservice.webservice import Webservice

    check_name(name)
    from azureml.core.model import Model

    found = [model if isinstance(model, Model) else Model(workspace, id=str(model)) for model in models or []]
    if isinstance(what_scores, Environment):
        raise WebserviceException("inference_config expected an InferenceConfig, an Environment found: InferenceConfig(entry_script=..., environment=...).")
    if what_scores is None:
        with tempfile.TemporaryDirectory() as folder:
            made = config_of_framework(found, folder)
            return deploy(workspace, name, found, made, deployment_config, deployment_target, overwrite, show_output)
    existing = workspace._service.get_or_none("services", name)
    if existing is not None and not overwrite:
        raise WebserviceException(
            "Unable to create service: a web service with the name {} already exists. Pass overwrite=True to replace it.".format(name)
        )
    body: Dict[str, Any] = {
        "name": name,
        "models": [model.id for model in found],
        "inference": what_scores._for_server(workspace) if isinstance(what_scores, InferenceConfig) else what_scores._inference_for_server(),
        "deployment": deployment_config._to_json() if deployment_config is not None else _default_deployment(deployment_target),
        "overwrite": bool(overwrite),
    }
    job = workspace._service.post("services", body)
    service = Webservice._deploying(workspace, name, body["deployment"], job)
    service._inference = what_scores if isinstance(what_scores, InferenceConfig) else None
    if show_output:
        service.wait_for_deployment(show_output=True)
    return service


def _default_deployment(target: Any) -> Dict[str, Any]:
    from azureml.core.compute import AksCompute
    from azureml.core.webservice.aks import AksWebservice

    return AksWebservice.deploy_configuration()._to_json() if isinstance(target, AksCompute) else {"computeType": "ACI"}


def check_name(name: Any) -> None:
    if not isinstance(name, str) or not _NAME.match(name):
        near = re.sub(r"[^a-z0-9-]+", "-", str(name).lower()).strip("-")
        raise WebserviceException(
            "{!r} cannot name a web service: use 3 to 32 lower-case letters, digits and `-`, a letter first{}.".format(
                name, ", such as `{}`".format(near) if _NAME.match(near) else ""
            )
        )


def local_root(model_name: str, version: Optional[str]) -> Optional[str]:
    """The path of a model inside a service, or downloaded before; none where it is neither."""
    root = os.environ.get("AZUREML_MODEL_DIR")
    if root and os.path.isdir(root):
        folder = os.path.join(root, model_name)
        if os.path.isdir(folder):
            versions = sorted((entry for entry in os.listdir(folder) if entry.isdigit()), key=int)
            wanted = version or (versions[-1] if versions else None)
            if wanted is not None and os.path.isdir(os.path.join(folder, wanted)):
                return _only(os.path.join(folder, wanted))
            return folder if version is None else None
        if os.path.exists(folder):
            return folder
        entries = os.listdir(root)
        if len(entries) == 1 or not any(os.path.isdir(os.path.join(root, entry)) for entry in entries):
            return _only(root)
    return None


def _only(folder: str) -> str:
    entries = os.listdir(folder)
    return os.path.join(folder, entries[0]) if len(entries) == 1 else folder


