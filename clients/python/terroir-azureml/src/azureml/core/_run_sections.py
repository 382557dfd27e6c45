"""The sections of a run configuration."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

from azureml._terroir.errors import UserErrorException
from azureml.core._sections import Member, Section, constant


def _nothing(*pairs: str) -> Any:
    """Members that are null unless set, each `attribute:key`."""
    made = []
    for pair in pairs:
        attribute, _, key = pair.partition(":")
        made.append(Member(attribute, key or attribute, constant(None)))
    return tuple(made)


class HistoryConfiguration(Section):
    """What is kept of a run."""

    output_collection: bool
    directories_to_watch: List[Any]
    snapshot_project: bool
    enable_mlflow_tracking: bool

    _MEMBERS = (
        Member("output_collection", "outputCollection", constant(True)),
        Member("directories_to_watch", "directoriesToWatch", constant(["logs"])),
        Member("snapshot_project", "snapshotProject", constant(True)),
        Member("enable_mlflow_tracking", "enableMLflowTracking", constant(True)),
    )


class SparkConfiguration(Section):
    configuration: Dict[str, Any]

    _MEMBERS = (
        Member(
            "configuration",
            "configuration",
            constant({"spark.app.name": "Azure ML Experiment", "spark.yarn.maxAppAttempts": "1"}),
        ),
    )


class ParallelTaskConfiguration(Section):
    max_retries_per_worker: Any
    worker_count_per_node: Any
    terminal_exit_codes: Any
    configuration: Dict[str, Any]

    _MEMBERS = (
        Member("max_retries_per_worker", "maxRetriesPerWorker", constant(0)),
        Member("worker_count_per_node", "workerCountPerNode", constant(1)),
        Member("terminal_exit_codes", "terminalExitCodes", constant(None)),
        Member("configuration", "configuration", dict),
    )


class AmlComputeConfiguration(Section):
    _name: Any
    vm_size: Optional[str]
    vm_priority: Optional[str]
    _retain_cluster: bool
    _cluster_max_node_count: Any

    _MEMBERS = (
        Member("_name", "name", constant(None)),
        Member("vm_size", "vmSize", constant(None)),
        Member("vm_priority", "vmPriority", constant(None)),
        Member("_retain_cluster", "retainCluster", constant(False)),
        Member("_cluster_max_node_count", "clusterMaxNodeCount", constant(None)),
    )


class TensorflowConfiguration(Section):
    """Workers and parameter servers: more than one of either needs more than one machine."""

    worker_count: Any
    parameter_server_count: Any

    _MEMBERS = (
        Member("worker_count", "workerCount", constant(1)),
        Member("parameter_server_count", "parameterServerCount", constant(1)),
    )

    def __init__(self, worker_count: int = 1, parameter_server_count: int = 1):
        super().__init__()
        self.__dict__.update(worker_count=worker_count, parameter_server_count=parameter_server_count)


class MpiConfiguration(Section):
    process_count_per_node: Any
    node_count: Any

    _MEMBERS = (
        Member("process_count_per_node", "processCountPerNode", constant(1)),
        Member("node_count", "nodeCount", constant(1)),
    )

    def __init__(self, process_count_per_node: int = 1, node_count: int = 1):
        super().__init__()
        self.__dict__.update(process_count_per_node=process_count_per_node, node_count=node_count)

    def _values(self) -> Dict[str, Any]:
        values = super()._values()
        if "nodeCount" not in self._source:
            del values["nodeCount"]
        return values


class PyTorchConfiguration(Section):
    communication_backend: str
    process_count: Any
    node_count: Any

    _MEMBERS = (
        Member("communication_backend", "communicationBackend", constant("nccl")),
        Member("process_count", "processCount", constant(None)),
        Member("node_count", "nodeCount", constant(1)),
    )

    def __init__(self, communication_backend: str = "Nccl", process_count: Optional[int] = None, node_count: int = 1):
        super().__init__()
        self.__dict__.update(
            communication_backend=communication_backend.lower(), process_count=process_count, node_count=node_count
        )

    def _values(self) -> Dict[str, Any]:
        values = super()._values()
        if "nodeCount" not in self._source:
            del values["nodeCount"]
        return values


class HdiConfiguration(Section):
    yarn_deploy_mode: str

    _MEMBERS = (Member("yarn_deploy_mode", "yarnDeployMode", constant("Cluster")),)


class ContainerInstanceConfiguration(Section):
    region: Any
    cpu_cores: Any
    memory_gb: Any

    _MEMBERS = (
        Member("region", "region", constant(None)),
        Member("cpu_cores", "cpuCores", constant(2.0)),
        Member("memory_gb", "memoryGb", constant(3.5)),
    )


class DockerConfiguration(Section):
    """How a run uses the image of its environment."""

    use_docker: bool
    shared_volumes: bool
    shm_size: str
    arguments: List[Any]

    _MEMBERS = (
        Member("use_docker", "useDocker", constant(False)),
        Member("shared_volumes", "sharedVolumes", constant(True)),
        Member("shm_size", "shmSize", constant("2g")),
        Member("arguments", "arguments", list),
    )

    def __init__(
        self,
        use_docker: bool = False,
        shared_volumes: bool = True,
        arguments: Optional[List[str]] = None,
        shm_size: str = "2g",
    ):
        super().__init__()
        self.__dict__.update(
            use_docker=use_docker, shared_volumes=shared_volumes, arguments=list(arguments or []), shm_size=shm_size
        )


class CommandReturnCodeConfig(Section):
    return_code: str
    successful_return_codes: List[Any]

    _MEMBERS = (
        Member("return_code", "returnCode", constant("Zero")),
        Member("successful_return_codes", "successfulReturnCodes", list),
    )


class KubernetesComputeConfiguration(Section):
    configuration: Dict[str, Any]

    _MEMBERS = (Member("configuration", "configuration", dict),)


class DataReferenceConfiguration(Section):
    """A place of a datastore that a run mounts, downloads or uploads to."""

    data_store_name: Optional[str]
    mode: str
    path_on_data_store: Optional[str]
    path_on_compute: Optional[str]
    overwrite: bool

    _MEMBERS = (
        Member("data_store_name", "dataStoreName", constant(None)),
        Member("mode", "mode", constant("mount")),
        Member("path_on_data_store", "pathOnDataStore", constant(None)),
        Member("path_on_compute", "pathOnCompute", constant(None)),
        Member("overwrite", "overwrite", constant(False)),
    )

    def __init__(
        self,
        datastore_name: Optional[str] = None,
        mode: str = "mount",
        path_on_datastore: Optional[str] = None,
        path_on_compute: Optional[str] = None,
        overwrite: bool = False,
    ):
        super().__init__()
        if mode not in ("mount", "download", "upload"):
            raise UserErrorException("mode expected mount, download or upload, {!r} found.".format(mode))
        self.__dict__.update(
            data_store_name=datastore_name,
            mode=mode,
            path_on_data_store=path_on_datastore,
            path_on_compute=path_on_compute,
            overwrite=overwrite,
        )


class DataPath(Section):
    datastore_name: Any
    relative_path: Any

    _MEMBERS = _nothing("datastore_name:datastoreName", "relative_path:relativePath")

    def __init__(self, datastore_name: Optional[str] = None, relative_path: Optional[str] = None):
        super().__init__()
        self.__dict__.update(datastore_name=datastore_name, relative_path=relative_path)


class Dataset(Section):
    """A dataset, as the data of a run names it."""

    dataset_id: Any
    dataset_name: Any
    dataset_version: Any

    _MEMBERS = _nothing("dataset_id:id", "dataset_name:name", "dataset_version:version")

    def __init__(self, dataset_id: Any = None, dataset_name: Optional[str] = None, dataset_version: Any = None):
        super().__init__()
        self.__dict__.update(dataset_id=dataset_id, dataset_name=dataset_name, dataset_version=dataset_version)


class DataLocation(Section):
    dataset: Any
    data_path: Any

    _MEMBERS = (
        Member("dataset", "dataset", constant(None), Dataset),
        Member("data_path", "dataPath", constant(None), DataPath),
    )

    def __init__(self, dataset: Optional[Dataset] = None, data_path: Optional[DataPath] = None):
        super().__init__()
        self.__dict__.update(dataset=dataset, data_path=data_path)


class Data(Section):
    data_location: Any
    create_output_directories: bool
    mechanism: Optional[str]
    environment_variable_name: Optional[str]
    path_on_compute: Optional[str]
    overwrite: bool

    _MEMBERS = (
        Member("data_location", "dataLocation", constant(None), DataLocation),
        Member("create_output_directories", "createOutputDirectories", constant(False)),
        Member("mechanism", "mechanism", constant(None)),
        Member("environment_variable_name", "environmentVariableName", constant(None)),
        Member("path_on_compute", "pathOnCompute", constant(None)),
        Member("overwrite", "overwrite", constant(False)),
    )

    def __init__(
        self,
        data_location: Optional[DataLocation] = None,
        create_output_directories: bool = False,
        mechanism: Optional[str] = None,
        environment_variable_name: Optional[str] = None,
        path_on_compute: Optional[str] = None,
        overwrite: bool = False,
    ):
        super().__init__()
        self.__dict__.update(
            data_location=data_location,
            create_output_directories=create_output_directories,
            mechanism=mechanism,
            environment_variable_name=environment_variable_name,
            path_on_compute=path_on_compute,
            overwrite=overwrite,
        )


def read_map(kind: Any, documents: Optional[Mapping[str, Any]]) -> Dict[str, Any]:
    return {name: kind._read(value) if isinstance(value, Mapping) else value for name, value in (documents or {}).items()}
