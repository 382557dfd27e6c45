"""Run configurations, and the files that hold them."""

from __future__ import annotations

import copy
import json
import os
import re
from typing import Any, Dict, List, Mapping, Optional

from azureml._terroir.documents import scalar
from azureml._terroir.errors import RunConfigurationException
from azureml.core._run_sections import (
    AmlComputeConfiguration,
    CommandReturnCodeConfig,
    ContainerInstanceConfiguration,
    Data,
    DataLocation,
    DataPath,
    DataReferenceConfiguration,
    Dataset,
    DockerConfiguration,
    HdiConfiguration,
    HistoryConfiguration,
    KubernetesComputeConfiguration,
    MpiConfiguration,
    ParallelTaskConfiguration,
    PyTorchConfiguration,
    SparkConfiguration,
    TensorflowConfiguration,
    read_map,
)
from azureml.core._sections import Member, Section, constant
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.container_registry import ContainerRegistry
from azureml.core.environment import (
    DEFAULT_CPU_IMAGE,
    DEFAULT_GPU_IMAGE,
    DockerSection,
    Environment,
    PythonSection,
    RCranPackage,
    RSection,
    SparkPackage,
    SparkSection,
)

__all__ = [
    "AmlComputeConfiguration",
    "CommandReturnCodeConfig",
    "CondaDependencies",
    "ContainerInstanceConfiguration",
    "ContainerRegistry",
    "DEFAULT_CPU_IMAGE",
    "DEFAULT_GPU_IMAGE",
    "Data",
    "DataLocation",
    "DataPath",
    "DataReferenceConfiguration",
    "Dataset",
    "DockerConfiguration",
    "DockerSection",
    "Environment",
    "EnvironmentDefinition",
    "HdiConfiguration",
    "HistoryConfiguration",
    "KubernetesComputeConfiguration",
    "MpiConfiguration",
    "ParallelTaskConfiguration",
    "PyTorchConfiguration",
    "PythonSection",
    "RCranPackage",
    "RSection",
    "RunConfiguration",
    "SUPPORTED_COMMUNICATORS",
    "SUPPORTED_FRAMEWORKS",
    "SparkConfiguration",
    "SparkPackage",
    "SparkSection",
    "TensorflowConfiguration",
]

EnvironmentDefinition = Environment

SUPPORTED_FRAMEWORKS = ["Python", "PySpark", "TensorFlow", "PyTorch", "R", "Cntk"]
SUPPORTED_COMMUNICATORS = ["None", "ParameterServer", "OpenMpi", "IntelMpi", "Gloo", "Mpi", "Nccl"]

LOCAL_RUNCONFIG_NAME = "local"
RUNCONFIGURATION_EXTENSION = ".runconfig"

_FOLDERS = (".azureml", "aml_config")

_FIRST_KEYS = {
    "ArgumentVector": "arguments",
    "Target": "target",
    "EnvironmentVariables": "environmentVariables",
    "Framework": "framework",
}

_COMMENTS = {
    "script": "The script to run.",
    "command": "The command to run, instead of a script.",
    "arguments": "The arguments to the script file.",
    "target": "The name of the compute target to use for this run.",
    "framework": "Framework to execute inside: {}.".format(", ".join(SUPPORTED_FRAMEWORKS)),
    "communicator": "Communicator of the framework: {}.".format(", ".join(SUPPORTED_COMMUNICATORS)),
    "autoPrepareEnvironment": "Deprecated: an environment is always prepared.",
    "maxRunDurationSeconds": "How long the run may take.",
    "nodeCount": "Number of nodes to use for the run.",
    "environment": "The environment.",
    "environment.name": "Its name.",
    "environment.version": "Its version.",
    "environment.environmentVariables": "Variables set for the script.",
    "environment.python": "Python.",
    "environment.python.userManagedDependencies": "True when you look after the packages, false when they are installed.",
    "environment.python.interpreterPath": "The interpreter of packages that you look after.",
    "environment.python.condaDependenciesFile": "A conda environment file with the packages.",
    "environment.python.condaDependencies": "The packages.",
    "environment.docker": "The container.",
    "environment.docker.enabled": "Deprecated: see docker.useDocker.",
    "environment.docker.baseImage": "The image that packages are put on.",
    "environment.docker.arguments": "More arguments of docker run.",
    "environment.docker.baseImageRegistry": "The registry of the base image.",
    "environment.spark": "Packages of Spark.",
    "environment.databricks": "Libraries of a Databricks cluster.",
    "history": "What is kept of the run.",
    "history.outputCollection": "Whether status, logs, metrics and outputs are collected.",
    "history.snapshotProject": "Whether a snapshot of the source directory is kept.",
    "history.directoriesToWatch": "Directories whose files are uploaded while the run goes on.",
    "spark": "Settings of Spark.",
    "hdi": "Settings of HDInsight.",
    "tensorflow": "Distributed TensorFlow.",
    "mpi": "MPI.",
    "mpi.processCountPerNode": "Processes on each node.",
    "pyTorch": "Distributed PyTorch.",
    "dataReferences": "Places of datastores that the run uses.",
    "data": "Datasets that the run uses.",
    "docker": "How the run uses a container.",
    "docker.useDocker": "Whether the run goes into a container.",
    "environmentVariables": "Variables of this run alone, over those of the environment.",
}


class RunConfiguration(Section):
    """What a run does, where, and in which environment."""

    script: Optional[str]
    command: Any
    use_absolute_path: bool
    arguments: List[Any]
    source_directory_data_store: Any
    framework: str
    communicator: str
    target: Any
    data_references: Dict[str, Any]
    data: Dict[str, Any]
    output_data: Dict[str, Any]
    datacaches: List[Any]
    job_name: Any
    auto_prepare_environment: bool
    max_run_duration_seconds: Any
    node_count: Any
    priority: Any
    credential_passthrough: bool
    identity: Any
    environment: Any
    history: HistoryConfiguration
    spark: SparkConfiguration
    parallel_task: ParallelTaskConfiguration
    amlcompute: AmlComputeConfiguration
    tensorflow: TensorflowConfiguration
    mpi: MpiConfiguration
    pytorch: PyTorchConfiguration
    hdi: HdiConfiguration
    container_instance: ContainerInstanceConfiguration
    exposed_ports: Any
    docker: DockerConfiguration
    cmk8scompute: KubernetesComputeConfiguration
    command_return_code_config: CommandReturnCodeConfig
    environment_variables: Dict[str, Any]
    application_endpoints: Dict[str, Any]

    _MEMBERS = (
        Member("script", "script", constant(None)),
        Member("command", "command", constant("")),
        Member("use_absolute_path", "useAbsolutePath", constant(False)),
        Member("arguments", "arguments", list),
        Member("source_directory_data_store", "sourceDirectoryDataStore", constant(None)),
        Member("framework", "framework", constant("Python")),
        Member("communicator", "communicator", constant("None")),
        Member("target", "target", constant("local")),
        Member("data_references", "dataReferences", dict),
        Member("data", "data", dict),
        Member("output_data", "outputData", dict),
        Member("datacaches", "datacaches", list),
        Member("job_name", "jobName", constant(None)),
        Member("auto_prepare_environment", "autoPrepareEnvironment", constant(True)),
        Member("max_run_duration_seconds", "maxRunDurationSeconds", constant(None)),
        Member("node_count", "nodeCount", constant(1)),
        Member("priority", "priority", constant(None)),
        Member("credential_passthrough", "credentialPassthrough", constant(False)),
        Member("identity", "identity", constant(None)),
        Member("environment", "environment", constant(None), Environment),
        Member("history", "history", HistoryConfiguration, HistoryConfiguration),
        Member("spark", "spark", SparkConfiguration, SparkConfiguration),
        Member("parallel_task", "parallelTask", ParallelTaskConfiguration, ParallelTaskConfiguration),
        Member("amlcompute", "amlCompute", AmlComputeConfiguration, AmlComputeConfiguration),
        Member("tensorflow", "tensorflow", TensorflowConfiguration, TensorflowConfiguration),
        Member("mpi", "mpi", MpiConfiguration, MpiConfiguration),
        Member("pytorch", "pyTorch", PyTorchConfiguration, PyTorchConfiguration),
        Member("hdi", "hdi", HdiConfiguration, HdiConfiguration),
        Member("container_instance", "containerInstance", ContainerInstanceConfiguration, ContainerInstanceConfiguration),
        Member("exposed_ports", "exposedPorts", constant(None)),
        Member("docker", "docker", DockerConfiguration, DockerConfiguration),
        Member("cmk8scompute", "cmk8sCompute", KubernetesComputeConfiguration, KubernetesComputeConfiguration),
        Member("command_return_code_config", "commandReturnCodeConfig", CommandReturnCodeConfig, CommandReturnCodeConfig),
        Member("environment_variables", "environmentVariables", dict),
        Member("application_endpoints", "applicationEndpoints", dict),
    )
    _HARMLESS = ("save_with_default_comments", "services")

    def __init__(
        self,
        script: Optional[str] = None,
        arguments: Optional[List[Any]] = None,
        framework: Optional[str] = None,
        communicator: Optional[str] = None,
        conda_dependencies: Optional[CondaDependencies] = None,
        _history_enabled: Optional[bool] = None,
        _path: Optional[str] = None,
        _name: Optional[str] = None,
        command: Any = None,
        **kwargs: Any,
    ):
        super().__init__()
        self.__dict__["environment"] = Environment(None)
        self.__dict__.update(_path=_path, _name=_name)
        if script is not None:
            self.script = script
        if command is not None:
            self.command = command
        if arguments is not None:
            self.arguments = arguments
        if framework is not None:
            self.framework = framework
        if communicator is not None:
            self.communicator = communicator
        if conda_dependencies is not None:
            self.environment.python.conda_dependencies = conda_dependencies
        if _history_enabled is not None:
            self.history.output_collection = _history_enabled

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "framework" and value is not None:
            value = _choice(value, SUPPORTED_FRAMEWORKS, "framework")
        elif name == "communicator":
            value = _choice("None" if value is None else value, SUPPORTED_COMMUNICATORS, "communicator")
        elif name == "target" and value is not None and not isinstance(value, str):
            value = getattr(value, "name", value)
        elif name == "environment" and isinstance(value, Mapping):
            value = Environment._read_definition(value)
        super().__setattr__(name, value)

    @classmethod
    def _value_of(cls, member: Member, value: Any) -> Any:
        if member.attribute == "environment":
            return Environment._read_definition(value) if isinstance(value, Mapping) else None
        if member.attribute == "data_references":
            return read_map(DataReferenceConfiguration, value)
        if member.attribute == "data":
            return read_map(Data, value)
        return super()._value_of(member, value)

    @property
    def prepare_environment(self) -> bool:
        return bool(self.auto_prepare_environment)

    @prepare_environment.setter
    def prepare_environment(self, value: bool) -> None:
        self.auto_prepare_environment = value

    @property
    def name(self) -> Optional[str]:
        name: Optional[str] = self.__dict__.get("_name")
        return name

    @property
    def path(self) -> Optional[str]:
        path: Optional[str] = self.__dict__.get("_path")
        return path

    @staticmethod
    def load(path: str, name: Optional[str] = None) -> "RunConfiguration":
        """Reads a configuration: a file, or by its name from `.azureml` or `aml_config` of a folder."""
        file = _find(os.fspath(path), name)
        with open(file, encoding="utf-8-sig") as stream:
            text = stream.read()
        document = _parse(text, file)
        base = os.path.dirname(os.path.abspath(file))
        if os.path.basename(base) in _FOLDERS:
            base = os.path.dirname(base)
        made = RunConfiguration._of_document(document, base)
        stem = os.path.basename(file)
        if stem.endswith(RUNCONFIGURATION_EXTENSION):
            stem = stem[: -len(RUNCONFIGURATION_EXTENSION)]
        made.__dict__.update(_path=base, _name=stem)
        return made

    @staticmethod
    def _of_document(document: Mapping[str, Any], base: str) -> "RunConfiguration":
        document = dict(document)
        first = "ArgumentVector" in document or "Target" in document
        packages = None
        if first:
            packages = document.get("CondaDependenciesFile")
            for old, new in _FIRST_KEYS.items():
                if old in document:
                    document[new] = document.pop(old)
            arguments = document.get("arguments") or []
            document["arguments"] = [word for word in arguments if word != "$file"]
        if isinstance(document.get("arguments"), str):
            document["arguments"] = document["arguments"].split()
        if "amlcompute" in document and "amlCompute" not in document:
            document = {("amlCompute" if key == "amlcompute" else key): value for key, value in document.items()}
        environment = document.get("environment")
        if isinstance(environment, str):
            file = os.path.join(base, environment)
            with open(file, encoding="utf-8-sig") as stream:
                document["environment"] = _parse(stream.read(), file)
        made: RunConfiguration = RunConfiguration._read(document)
        if made.environment is None:
            made.__dict__["environment"] = Environment(None)
        named = packages or made.environment.python.conda_dependencies_file
        if named and not made.environment.python.user_managed_dependencies:
            file = os.path.join(base, named)
            if os.path.isfile(file):
                made.environment.python.conda_dependencies = CondaDependencies(file)
                made.environment.python.__dict__["conda_dependencies_file"] = None
        elif made.environment.python.conda_dependencies is None and not made.environment.python.user_managed_dependencies:
            made.environment.python.conda_dependencies = CondaDependencies()
        made.__dict__.update(_path=None, _name=None)
        return made

    def save(self, path: Optional[str] = None, name: Optional[str] = None, separate_environment_yaml: bool = False) -> None:
        """Writes `.azureml/NAME.runconfig` below a folder, or the file that `path` names."""
        name = name or self.name
        place = os.fspath(path) if path is not None else (self.path or os.getcwd())
        if place.endswith(RUNCONFIGURATION_EXTENSION) or place.endswith((".yml", ".yaml", ".json")):
            file = place
        else:
            if not name:
                raise RunConfigurationException("A run configuration is saved under a name; give one: save(path, name='train').")
            stem = name if name.endswith(RUNCONFIGURATION_EXTENSION) else name + RUNCONFIGURATION_EXTENSION
            folder = place if os.path.basename(os.path.abspath(place)) in _FOLDERS else os.path.join(place, ".azureml")
            file = os.path.join(folder, stem)
        folder = os.path.dirname(file) or "."
        os.makedirs(folder, exist_ok=True)
        document = self._plain_json()
        if separate_environment_yaml:
            beside = os.path.join(folder, "environment.yml")
            _write(beside, _commented({"environment": document["environment"]}, only="environment"))
            base = os.path.dirname(os.path.abspath(folder)) if os.path.basename(os.path.abspath(folder)) in _FOLDERS else folder
            document["environment"] = os.path.relpath(beside, base).replace(os.sep, "/")
        _write(file, json.dumps(document, indent=4) if file.endswith(".json") else _commented(document))

    @staticmethod
    def delete(path: str, name: Optional[str] = None) -> None:
        os.remove(_find(os.fspath(path), name))

    def _plain_json(self) -> Dict[str, Any]:
        document: Dict[str, Any] = json.loads(json.dumps(self._to_json(), default=str))
        return document


def _choice(value: Any, known: List[str], what: str) -> str:
    text = str(value)
    for candidate in known:
        if candidate.lower() == text.lower():
            return candidate
    raise RunConfigurationException("{} expected one of {}, {!r} found.".format(what, ", ".join(known), value))


def _find(path: str, name: Optional[str]) -> str:
    if name is None and os.path.isfile(path):
        return path
    stem = name or LOCAL_RUNCONFIG_NAME
    places = []
    for folder in (*_FOLDERS, ""):
        for file in (stem + RUNCONFIGURATION_EXTENSION, stem):
            places.append(os.path.join(path, folder, file))
    if name is None:
        places.append(path + RUNCONFIGURATION_EXTENSION)
    for place in places:
        if os.path.isfile(place):
            return place
    raise RunConfigurationException("No run configuration {!r} is there; looked for {}.".format(stem, ", ".join(places)))


def _parse(text: str, file: str) -> Dict[str, Any]:
    if file.endswith(".json") or text.lstrip().startswith("{"):
        try:
            document = json.loads(text)
        except ValueError as e:
            raise RunConfigurationException("{} is no JSON: {}".format(file, e), e) from None
    else:
        import yaml

        try:
            document = yaml.load(text, Loader=_loader())
        except yaml.YAMLError as e:
            raise RunConfigurationException("{} is no YAML: {}".format(file, e), e) from None
    if isinstance(document, dict) and len(document) == 1:
        # The first generation of the file wrapped the document in its name.
        (only,) = document.values()
        if isinstance(only, dict) and ("Target" in only or "ArgumentVector" in only):
            document = only
    if not isinstance(document, dict):
        raise RunConfigurationException("{} holds no run configuration.".format(file))
    return document


def _loader() -> Any:
    """YAML of 1.2's scalars: `3.10` under packages stays as it is written, whole numbers and booleans are read."""
    import yaml

    class Loader(yaml.SafeLoader):
        pass

    Loader.yaml_implicit_resolvers = {}
    for first, tag, pattern in (
        ("tTfF", "bool", r"^(?:true|True|TRUE|false|False|FALSE)$"),
        ("~nN\0", "null", r"^(?:~|null|Null|NULL|)$"),
        ("-+0123456789", "int", r"^[-+]?[0-9]+$"),
        ("<", "merge", r"^(?:<<)$"),
    ):
        characters = list(first) if "\0" not in first else [*first.replace("\0", ""), ""]
        Loader.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile(pattern), characters)
    return Loader


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8", newline="") as stream:
        stream.write(text)


def _commented(document: Mapping[str, Any], only: Optional[str] = None) -> str:
    lines: List[str] = []
    if only is None:
        _members(lines, document, 0, "")
    else:
        _members(lines, document[only], 0, only + ".")
    return "\n".join(lines) + "\n"


def _members(lines: List[str], document: Mapping[str, Any], indent: int, above: str) -> None:
    for key, value in document.items():
        comment = _COMMENTS.get(above + key)
        if comment:
            lines.append(" " * max(indent - 2, 0) + "# " + comment)
        _member(lines, " " * indent + scalar(str(key)) + ":", value, indent, above + key + ".")


def _member(lines: List[str], head: str, value: Any, indent: int, path: str) -> None:
    if isinstance(value, Mapping) and value:
        lines.append(head)
        _members(lines, value, indent + 2, path)
    elif isinstance(value, list) and value:
        lines.append(head)
        for item in value:
            _item(lines, item, indent, path)
    else:
        lines.append(head + _scalar(value))


def _item(lines: List[str], item: Any, indent: int, path: str) -> None:
    if isinstance(item, Mapping) and item:
        inner: List[str] = []
        _members(inner, item, indent + 2, "-")
        inner[0] = " " * indent + "- " + inner[0].lstrip()
        lines.extend(inner)
    else:
        lines.append(" " * indent + "-" + _scalar(item))


def _scalar(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return " {}"
    if isinstance(value, (list, tuple)):
        return " []"
    if isinstance(value, str):
        return " " + scalar(value)
    return " " + json.dumps(value)


def copied(configuration: RunConfiguration) -> RunConfiguration:
    made: RunConfiguration = copy.deepcopy(configuration)
    return made


