"""The sections of an environment."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Mapping, Optional

from azureml._terroir.errors import UserErrorException
from azureml.core._sections import ContainerRegistry, Member, Section, constant
from azureml.core.conda_dependencies import CondaDependencies

DEFAULT_CPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04"
DEFAULT_GPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-cuda11.1-cudnn8-ubuntu20.04"


class PythonSection(Section):
    """The packages of an environment, or the interpreter that its owner looks after."""

    user_managed_dependencies: bool
    interpreter_path: str
    conda_dependencies_file: Optional[str]
    base_conda_environment: Optional[str]
    conda_dependencies: Any

    _MEMBERS = (
        Member("user_managed_dependencies", "userManagedDependencies", constant(False)),
        Member("interpreter_path", "interpreterPath", constant("python")),
        Member("conda_dependencies_file", "condaDependenciesFile", constant(None)),
        Member("base_conda_environment", "baseCondaEnvironment", constant(None)),
        Member("conda_dependencies", "condaDependencies", CondaDependencies),
    )
    _ABSENT = {"condaDependencies": None}

    @classmethod
    def _value_of(cls, member: Member, value: Any) -> Any:
        if member.attribute == "conda_dependencies":
            return None if value is None else CondaDependencies(_underlying_structure=dict(value))
        return super()._value_of(member, value)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "conda_dependencies" and isinstance(value, Mapping):
            value = CondaDependencies(_underlying_structure=dict(value))
        if name == "conda_dependencies" and value is not None and not isinstance(value, CondaDependencies):
            raise UserErrorException(
                "conda_dependencies expected CondaDependencies, {} found; read a file with CondaDependencies(path).".format(type(value).__name__)
            )
        super().__setattr__(name, value)

    def _packages(self) -> Optional[CondaDependencies]:
        """The packages, read from the deprecated file where one is named."""
        if self.conda_dependencies_file and not self.user_managed_dependencies:
            path = str(self.conda_dependencies_file)
            if os.path.isfile(path):
                return CondaDependencies(path)
            if self.conda_dependencies is None:
                raise UserErrorException("The conda environment file {} is not there.".format(path))
        packages: Optional[CondaDependencies] = self.conda_dependencies
        return packages


class DockerImagePlatform(Section):
    """What an image runs on."""

    os: str
    architecture: str

    _MEMBERS = (Member("os", "os", constant("Linux")), Member("architecture", "architecture", constant("amd64")))

    def __init__(self, os: str = "Linux", architecture: str = "amd64"):
        super().__init__()
        self.__dict__.update(os=os, architecture=architecture)


class DockerBuildContext(Section):
    """A folder with a Dockerfile."""

    location_type: Optional[str]
    location: Optional[str]
    dockerfile_path: str

    _MEMBERS = (
        Member("location_type", "locationType", constant(None)),
        Member("location", "location", constant(None)),
        Member("dockerfile_path", "dockerfilePath", constant("Dockerfile")),
    )

    def __init__(self, location_type: Optional[str] = None, location: Optional[str] = None, dockerfile_path: str = "Dockerfile"):
        super().__init__()
        self.__dict__.update(location_type=location_type, location=location, dockerfile_path=dockerfile_path)

    @staticmethod
    def from_local_directory(workspace: Any, path: str, dockerfile_path: str = "Dockerfile") -> "DockerBuildContext":
        """Uploads a folder to the workspace."""
        folder = os.path.abspath(path)
        if not os.path.isfile(os.path.join(folder, dockerfile_path)):
            raise UserErrorException("There is no {} in {}.".format(dockerfile_path, folder))
        store, below = workspace._service.keep_folder(folder, "build-contexts")
        root = workspace._service.get("datastores", store)["path"]
        return DockerBuildContext("StorageAccount", "/".join([str(root).rstrip("/"), below]), dockerfile_path)


_ENABLED = (
    "'{}' is deprecated. Please use the azureml.core.runconfig.DockerConfiguration object with the '{}' param instead."
)


class DockerSection(Section):
    """What the image of an environment stands on, and how it is run."""

    enabled: bool
    base_image: Optional[str]
    base_dockerfile: Optional[str]
    build_context: Any
    shared_volumes: bool
    shm_size: str
    arguments: List[Any]
    base_image_registry: ContainerRegistry
    platform: DockerImagePlatform

    _MEMBERS = (
        Member("enabled", "enabled", constant(False)),
        Member("base_image", "baseImage", constant(DEFAULT_CPU_IMAGE)),
        Member("base_dockerfile", "baseDockerfile", constant(None)),
        Member("build_context", "buildContext", constant(None), DockerBuildContext),
        Member("shared_volumes", "sharedVolumes", constant(True)),
        Member("shm_size", "shmSize", constant("2g")),
        Member("arguments", "arguments", list),
        Member("base_image_registry", "baseImageRegistry", ContainerRegistry, ContainerRegistry),
        Member("platform", "platform", DockerImagePlatform, DockerImagePlatform),
    )
    _ABSENT = {"baseImage": None, "shmSize": None}
    _DEPRECATED = {
        "enabled": _ENABLED.format("enabled", "use_docker"),
        "shared_volumes": _ENABLED.format("shared_volumes", "shared_volumes"),
        "arguments": _ENABLED.format("arguments", "arguments"),
    }
    _HARMLESS = ("gpu_support", "dockerfile")

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "base_image_registry" and isinstance(value, str):
            value = ContainerRegistry(address=value)
        if name == "base_dockerfile" and isinstance(value, os.PathLike):
            value = os.fspath(value)
        super().__setattr__(name, value)

    def _dockerfile(self) -> Optional[str]:
        """The text of the Dockerfile, read from its file where the attribute names one."""
        text: Optional[str] = self.base_dockerfile
        if not text or "\n" in text or text.lstrip()[:4].upper() == "FROM":
            return text
        path = os.fspath(text)
        if not os.path.isfile(path):
            raise UserErrorException(
                "The Dockerfile {} is not there (looked in {}). Give its path, or its text.".format(path, os.getcwd())
            )
        with open(path, encoding="utf-8-sig") as stream:
            return stream.read()

    def _values(self) -> Dict[str, Any]:
        values = super()._values()
        if values["buildContext"] is None and "buildContext" not in self._source:
            del values["buildContext"]
        return values


class RCranPackage(Section):
    name: Optional[str]
    version: Optional[str]
    repository: Any

    _MEMBERS = (
        Member("name", "name", constant(None)),
        Member("version", "version", constant(None)),
        Member("repository", "repository", constant(None)),
    )

    def __init__(self, name: Optional[str] = None, version: Optional[str] = None, repository: Optional[str] = None):
        super().__init__()
        self.__dict__.update(name=name, version=version, repository=repository)


class RGitHubPackage(Section):
    """A repository; its token is never saved, sent or printed."""

    repository: Any
    auth_token: Any

    _MEMBERS = (Member("repository", "repository", constant(None)), Member("auth_token", "authToken", constant(None)))

    def __init__(self, repository: Optional[str] = None, auth_token: Optional[str] = None):
        super().__init__()
        self.__dict__.update(repository=repository, auth_token=auth_token)

    def _values(self) -> Dict[str, Any]:
        return {"repository": self.repository, "authToken": None}


class RSection(Section):
    """R packages: carried in a definition; nothing is installed."""

    r_version: Optional[str]
    user_managed: bool
    rscript_path: Optional[str]
    snapshot_date: Optional[str]
    cran_packages: List[Any]
    github_packages: List[Any]
    custom_url_packages: List[Any]
    bioconductor_packages: List[Any]

    _MEMBERS = (
        Member("r_version", "rVersion", constant(None)),
        Member("user_managed", "userManaged", constant(False)),
        Member("rscript_path", "rscriptPath", constant(None)),
        Member("snapshot_date", "snapshotDate", constant(None)),
        Member("cran_packages", "cranPackages", list, RCranPackage, True),
        Member("github_packages", "gitHubPackages", list, RGitHubPackage, True),
        Member("custom_url_packages", "customUrlPackages", list),
        Member("bioconductor_packages", "bioConductorPackages", list),
    )


class DockerImageDetails(Dict[str, Any]):
    """What is known of an environment's image; also the dictionary that earlier releases answered."""

    def _part(self, name: str) -> Dict[str, Any]:
        return self.get(name) or {}

    @property
    def image_exist(self) -> bool:
        """Whether it was built and lies in the registry."""
        return bool(self.get("imageExistsInRegistry"))

    @property
    def dockerfile(self) -> Optional[str]:
        return self._part("ingredients").get("dockerfile")

    @property
    def repository(self) -> Optional[str]:
        return self._part("dockerImage").get("name")

    @property
    def registry(self) -> Optional[str]:
        return (self._part("dockerImage").get("registry") or {}).get("address")

    @property
    def image(self) -> Optional[str]:
        """The fully qualified name."""
        name, registry = self.repository, self.registry
        return "{}/{}".format(registry, name) if name and registry else name

    @property
    def environment_path(self) -> Optional[str]:
        return self._part("pythonEnvironment").get("condaEnvironmentPath")

    @property
    def interpreter_path(self) -> Optional[str]:
        return self._part("pythonEnvironment").get("interpreterPath")


