"""Software environments: defined here, registered and built by the workspace."""

from __future__ import annotations

import copy
import json
import logging
import os
from typing import Any, Dict, Mapping, Optional, Sequence, Union

from azureml._terroir import requirements
from azureml._terroir.documents import indented
from azureml._terroir.errors import UserErrorException
from azureml._terroir.program import run_terroir
from azureml.core._environment_sections import (
    DEFAULT_CPU_IMAGE,
    DEFAULT_GPU_IMAGE,
    DockerBuildContext,
    DockerImageDetails,
    DockerImagePlatform,
    DockerSection,
    PythonSection,
    RCranPackage,
    RGitHubPackage,
    RSection,
)
from azureml.core._image_build import ImageBuildDetails, build_local
from azureml.core._sections import ContainerRegistry, Member, Section, SparkPackage, SparkSection, constant
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.databricks import DatabricksSection

__all__ = [
    "CondaDependencies",
    "ContainerRegistry",
    "DEFAULT_CPU_IMAGE",
    "DEFAULT_GPU_IMAGE",
    "DatabricksSection",
    "DockerBuildContext",
    "DockerImageDetails",
    "DockerImagePlatform",
    "DockerSection",
    "Environment",
    "ImageBuildDetails",
    "PythonSection",
    "RCranPackage",
    "RGitHubPackage",
    "RSection",
    "SparkPackage",
    "SparkSection",
]

_DEFINITION = "azureml_environment.json"
_PACKAGES = "conda_dependencies.yml"
_DOCKERFILE = "BaseDockerfile"

_log = logging.getLogger("azureml.core")


class Environment(Section):
    """The definition of a software environment. Nothing is sent until it is registered, submitted or deployed."""

    name: Optional[str]
    version: Optional[str]
    environment_variables: Dict[str, Any]
    python: PythonSection
    docker: DockerSection
    spark: SparkSection
    databricks: DatabricksSection
    r: Any
    inferencing_stack_version: Optional[str]
    asset_id: Optional[str]

    _MEMBERS = (
        Member("name", "name", constant(None)),
        Member("version", "version", constant(None)),
        Member("environment_variables", "environmentVariables", constant({"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"})),
        Member("python", "python", PythonSection, PythonSection),
        Member("docker", "docker", DockerSection, DockerSection),
        Member("spark", "spark", SparkSection, SparkSection),
        Member("databricks", "databricks", DatabricksSection, DatabricksSection),
        Member("r", "r", constant(None), RSection),
        Member("inferencing_stack_version", "inferencingStackVersion", constant(None)),
        Member("asset_id", "assetId", constant(None)),
    )
    _ABSENT = {"environmentVariables": {}}

    def __init__(self, name: Optional[str], **kwargs: Any):
        _require_name(name)
        super().__init__()
        self.__dict__["name"] = name
        if kwargs.pop("_skip_defaults", False):
            self.__dict__["environment_variables"] = {}
        for key, value in kwargs.items():
            setattr(self, key, value)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "environment_variables" and value is None:
            value = {}
        super().__setattr__(name, value)

    # Factories

    @staticmethod
    def from_conda_specification(name: str, file_path: str) -> "Environment":
        """An environment of a conda environment file."""
        _require_name(name)
        path = _file(file_path, "conda environment file")
        packages = CondaDependencies(path)
        if any(requirements.names_file(line) for line in packages._pip_lines()):
            return _made_by_terroir(name, "-f", path)
        made = Environment(name)
        made.python.conda_dependencies = packages
        return made

    @staticmethod
    def from_pip_requirements(name: str, file_path: str, pip_version: Optional[str] = None) -> "Environment":
        """An environment of a requirements file, whose lines follow `azureml-defaults`."""
        _require_name(name)
        path = _file(file_path, "requirements file")
        lines = requirements.read(path)
        if any(requirements.names_file(line) for line in lines):
            made = _made_by_terroir(name, "-f", path)
        else:
            made = Environment(name)
            for line in lines:
                if line.startswith("-"):
                    made.python.conda_dependencies.set_pip_option(line)
                else:
                    made.python.conda_dependencies.add_pip_package(line)
        if pip_version:
            made.python.conda_dependencies.add_conda_package("pip={}".format(pip_version))
        return made

    @staticmethod
    def from_existing_conda_environment(name: str, conda_environment_name: str) -> "Environment":
        """An environment of a conda environment of this machine, each package with its exact version."""
        _require_name(name)
        return _made_by_terroir(name, "--conda-env", conda_environment_name)

    @staticmethod
    def from_docker_image(
        name: str,
        image: str,
        container_registry: Optional[ContainerRegistry] = None,
        conda_specification: Optional[str] = None,
        pip_requirements: Optional[str] = None,
    ) -> "Environment":
        """An environment on an image; its own Python is used unless packages are given."""
        made = _with_packages(name, conda_specification, pip_requirements)
        made.docker.base_image = image
        if container_registry is not None:
            made.docker.base_image_registry = container_registry
        return made

    @staticmethod
    def from_dockerfile(
        name: str, dockerfile: str, conda_specification: Optional[str] = None, pip_requirements: Optional[str] = None
    ) -> "Environment":
        """An environment on a Dockerfile, given as text or as a path."""
        made = _with_packages(name, conda_specification, pip_requirements)
        made.docker.base_image = None
        made.docker.base_dockerfile = dockerfile
        made.docker.base_dockerfile = made.docker._dockerfile()
        return made

    @staticmethod
    def from_docker_build_context(
        name: str,
        docker_build_context: DockerBuildContext,
        conda_specification: Optional[str] = None,
        pip_requirements: Optional[str] = None,
    ) -> "Environment":
        """An environment on a Dockerfile with the files around it."""
        made = _with_packages(name, conda_specification, pip_requirements)
        made.docker.base_image = None
        made.docker.build_context = docker_build_context
        return made

    def clone(self, new_name: str) -> "Environment":
        """A copy under another name, not registered."""
        _require_name(new_name)
        made: Environment = copy.deepcopy(self)
        made.__dict__.update(name=new_name, version=None, asset_id=None)
        return made

    # The workspace

    @staticmethod
    def get(
        workspace: Any, name: str, version: Optional[Union[str, int]] = None, label: Optional[str] = None
    ) -> "Environment":
        """A registered environment: a version, the one that bears a label, or the latest."""
        if version is not None and label is not None:
            raise UserErrorException("version and label exclude each other; give one of them.")
        _require_name(name)
        wanted = "latest" if version is None else str(version)
        if label == "latest":
            label = None
        answer = workspace._service.get_or_none("environments", name, "versions", wanted, label=label)
        if answer is None:
            known = "" if version is None else " with version {}".format(version)
            known = " with label {}".format(label) if label is not None else known
            raise UserErrorException(
                "Error retrieving the environment definition. No environment {}{} is registered in the workspace {}.{}".format(
                    name, known, workspace.name, _curated_beside(workspace, name)
                )
            )
        return Environment._of_resource(answer)

    @staticmethod
    def list(workspace: Any) -> Dict[str, "Environment"]:
        """The latest version of every environment by name, curated ones too."""
        return {
            item["name"]: Environment._of_resource(item) for item in workspace._service.pages("environments", limit=1000)
        }

    def register(self, workspace: Any) -> "Environment":
        """Registers it and answers what was registered; a definition equal to the latest gets no new version."""
        return Environment._of_resource(workspace._service.post("environments", self._for_server()))

    @staticmethod
    def label(workspace: Any, name: str, version: str, labels: Sequence[str]) -> None:
        """Points labels at a version."""
        if isinstance(labels, str):
            labels = [labels]
        workspace._service.patch({"labels": [*labels]}, "environments", name, "versions", str(version))

    def build(self, workspace: Any, image_build_compute: Optional[str] = None) -> ImageBuildDetails:
        """Starts to build its image."""
        environment = self
        if self.version is None:
            print("Building a non-registered environment is not supported. Registering environment.")
            environment = self.register(workspace)
        job = workspace._service.post("builds", {"definition": environment._for_server(), "kind": "image"})
        return ImageBuildDetails(environment, workspace, job)

    def build_local(self, workspace: Any, platform: Optional[str] = None, **kwargs: Any) -> Any:
        """Makes it on the machine of the workspace: as a folder, or as an image with `useDocker=True`.

        `pushImageToWorkspaceAcr=True` keeps the image in the registry of the workspace too.
        """
        return build_local(self, workspace, platform, **kwargs)

    def get_image_details(self, workspace: Any) -> DockerImageDetails:
        """What is known of its image; nothing is built."""
        return DockerImageDetails(workspace._service.post("definitions/image", {"definition": self._for_server()}))

    @staticmethod
    def add_private_pip_wheel(workspace: Any, file_path: str, exist_ok: bool = False) -> str:
        """Keeps a wheel in the workspace; what is returned goes into the pip packages."""
        path = _file(file_path, "wheel")
        file = os.path.basename(path)
        if not file.endswith(".whl"):
            raise UserErrorException("{} is no wheel: its name does not end in .whl.".format(path))
        if not exist_ok and workspace._service.has("wheels", file):
            raise UserErrorException("A wheel with the name {} already exists in the workspace; pass exist_ok=True to take it.".format(file))
        answer = workspace._service.put_file(path, "wheels", file, overwrite=True if exist_ok else None)
        return str(answer["url"])

    # Directories

    def save_to_directory(self, path: str, overwrite: bool = False) -> None:
        """Writes it as files that are easy to edit."""
        folder = os.fspath(path)
        if not overwrite:
            for file in (_DEFINITION, _PACKAGES, _DOCKERFILE):
                if os.path.exists(os.path.join(folder, file)):
                    raise UserErrorException(
                        "{} is there already in {}; pass overwrite=True to replace it.".format(file, folder)
                    )
        dockerfile = self.docker._dockerfile()
        definition = self._to_json()
        definition["python"] = {k: v for k, v in definition["python"].items() if k != "condaDependencies"}
        if dockerfile is not None:
            definition["docker"] = {k: v for k, v in definition["docker"].items() if k != "baseDockerfile"}
        os.makedirs(folder, exist_ok=True)
        packages = self.python._packages()
        if packages is not None and not self.python.user_managed_dependencies:
            packages.save(os.path.join(folder, _PACKAGES))
        elif os.path.exists(os.path.join(folder, _PACKAGES)):
            os.remove(os.path.join(folder, _PACKAGES))
        if dockerfile is not None:
            _write(os.path.join(folder, _DOCKERFILE), dockerfile)
        elif os.path.exists(os.path.join(folder, _DOCKERFILE)):
            os.remove(os.path.join(folder, _DOCKERFILE))
        _write(os.path.join(folder, _DEFINITION), indented(definition))

    @staticmethod
    def load_from_directory(path: str) -> "Environment":
        """Reads what `save_to_directory` wrote; nothing is registered."""
        folder = os.fspath(path)
        file = os.path.join(folder, _DEFINITION)
        if not os.path.isfile(file):
            raise UserErrorException("{} holds no saved environment: {} is missing.".format(folder, _DEFINITION))
        with open(file, encoding="utf-8-sig") as stream:
            try:
                made = Environment._read_definition(json.load(stream))
            except ValueError as e:
                raise UserErrorException("{} is no JSON: {}".format(file, e), e) from None
        packages = os.path.join(folder, _PACKAGES)
        if not made.python.user_managed_dependencies:
            if os.path.isfile(packages):
                made.python.conda_dependencies = CondaDependencies(packages)
            elif made.python.conda_dependencies is None and not made.python.conda_dependencies_file:
                raise UserErrorException(
                    "The packages of the environment are missing: there is no {} in {}; add it, or set "
                    "userManagedDependencies to true in {}.".format(_PACKAGES, folder, _DEFINITION)
                )
        dockerfile = os.path.join(folder, _DOCKERFILE)
        if os.path.isfile(dockerfile) and made.docker.base_dockerfile is None:
            with open(dockerfile, encoding="utf-8-sig") as stream:
                made.docker.base_dockerfile = stream.read()
        return made

    # JSON

    @staticmethod
    def _read_definition(document: Mapping[str, Any]) -> "Environment":
        made: Environment = Environment._read(document)
        version = made.version
        if version is not None and not isinstance(version, str):
            made.__dict__["version"] = str(version)
        if "python" not in document:
            made.python.__dict__["conda_dependencies"] = None
        return made

    @staticmethod
    def _of_resource(resource: Mapping[str, Any]) -> "Environment":
        made = Environment._read_definition(resource["definition"])
        made.__dict__.update(name=resource["name"], version=str(resource["version"]))
        return made

    def _values(self) -> Dict[str, Any]:
        values = super()._values()
        if values["assetId"] is None and "assetId" not in self._source:
            del values["assetId"]
        variables = values["environmentVariables"] or {}
        values["environmentVariables"] = {str(k): v if v is None else str(v) for k, v in variables.items()}
        return values

    def _for_server(self) -> Dict[str, Any]:
        """The definition with the texts of the files that it names, without secrets."""
        definition = self._to_json()
        packages = self.python._packages()
        if packages is not None:
            definition["python"]["condaDependencies"] = packages.as_dict()
            definition["python"]["condaDependenciesFile"] = None
        dockerfile = self.docker._dockerfile()
        if dockerfile is not None:
            definition["docker"]["baseDockerfile"] = dockerfile
        registry = self.docker.base_image_registry
        if registry is not None and registry.password:
            _log.warning(
                "The password of the registry %s stays on this machine: definitions are shared. Let an owner keep it with "
                "`terroir secret`, or log in with `podman login %s` on the machine of the workspace.",
                registry.address,
                registry.address,
            )
        return definition

    @staticmethod
    def _serialize_to_dict(environment: "Environment") -> Dict[str, Any]:
        return environment._to_json()

    @staticmethod
    def _deserialize_and_add_to_object(serialized_dict: Mapping[str, Any]) -> "Environment":
        return Environment._read_definition(serialized_dict)


def _require_name(name: Any) -> None:
    if name is not None and not isinstance(name, str):
        raise UserErrorException("Environment name expected str, {} found".format(type(name)))


def _file(path: Any, what: str) -> str:
    found = str(os.fspath(path))
    if not os.path.isfile(found):
        raise UserErrorException("The {} {} is not there (looked in {}).".format(what, found, os.getcwd()))
    return found


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8", newline="") as stream:
        stream.write(text)


def _with_packages(name: str, conda_specification: Optional[str], pip_requirements: Optional[str]) -> Environment:
    if conda_specification is not None and pip_requirements is not None:
        raise UserErrorException("conda_specification and pip_requirements exclude each other; give one of them.")
    if conda_specification is not None:
        return Environment.from_conda_specification(name, conda_specification)
    if pip_requirements is not None:
        return Environment.from_pip_requirements(name, pip_requirements)
    made = Environment(name)
    made.python.user_managed_dependencies = True
    return made


def _made_by_terroir(name: str, *wanted: str) -> Environment:
    """An environment that the `terroir` program makes, which reads what lies around a file."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        run_terroir("environment", "create", "-n", name or "environment", "-d", folder, "--overwrite", "--quiet", *wanted)
        made = Environment.load_from_directory(folder)
        made.name = name
        made.environment_variables = Environment(name).environment_variables
        return made


def _curated_beside(workspace: Any, name: str) -> str:
    """What to take for a curated environment of the retired service that there is not."""
    if not name.startswith("AzureML-"):
        return ""
    curated = sorted(there for there in Environment.list(workspace) if there.startswith("AzureML-"))
    if name in curated or not curated:
        return ""
    return " Its curated environments are {}; for other versions of their packages, clone one and change them.".format(", ".join(curated))
