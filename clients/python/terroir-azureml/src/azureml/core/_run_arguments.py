"""What a run is told: its arguments and data, as the server takes them."""

from __future__ import annotations

import json
import random
import shlex
import time
import warnings
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Union

from azureml._terroir.errors import UserErrorException
from azureml.core.environment import Environment


# Targets that the retired service made for one run and took away after it.
_OF_ONE_RUN = ("amlcompute", "containerinstance")


class Submission(NamedTuple):
    """A run configuration in JSON, and what belongs to the run beside it."""

    folder: str
    configuration: Dict[str, Any]
    properties: Dict[str, str]


class RunData:
    """The data that arguments and configuration name."""

    def __init__(self, workspace: Any):
        self.workspace = workspace
        self.references: Dict[str, Any] = {}
        self.datasets: Dict[str, Any] = {}
        self.properties: Dict[str, str] = {}

    def argument(self, value: Any) -> str:
        """The text of an argument; data is noted and becomes what the run replaces by its path."""
        take = getattr(value, "_take_for_run", None)
        if take is not None:
            return str(take(self))
        if hasattr(value, "_take_for_step"):
            raise UserErrorException("{!r} is part of a pipeline: only its steps can be given it.".format(value))
        if hasattr(value, "as_mount") and hasattr(value, "name"):
            return self.argument(value.as_mount())
        if isinstance(value, (list, tuple, dict)) or value is None:
            raise UserErrorException(
                "An argument must be text, a number or data, not {!r}; write arguments as one flat list.".format(value)
            )
        return str(value)

    def reference(self, name: str, document: Dict[str, Any]) -> str:
        self._note(self.references, name, document)
        return "$AZUREML_DATAREFERENCE_" + name

    def dataset(self, name: str, document: Dict[str, Any]) -> str:
        self._note(self.datasets, name, document)
        return "DatasetConsumptionConfig:" + name

    @staticmethod
    def _note(noted: Dict[str, Any], name: str, document: Dict[str, Any]) -> None:
        there = noted.get(name)
        if there is not None and there != document:
            raise UserErrorException("Two inputs are called {}; give one of them another name.".format(name))
        noted[name] = document


def _command(command: Union[str, Sequence[Any]], data: RunData) -> str:
    if isinstance(command, str):
        return command
    # Where the first one is `python train.py`, they are pieces of a line, and else words of it.
    is_line = bool(command) and isinstance(command[0], str) and len(command[0].split()) > 1
    return " ".join(word if is_line and isinstance(word, str) else _word(data.argument(word)) for word in command)


def _word(text: str) -> str:
    """A word as it stands in a shell's line; references stay open for the shell."""
    return text if text.startswith("$AZUREML_DATAREFERENCE_") else shlex.quote(text)


def _alone(configuration: Any) -> None:
    """Says that a distributed run is one process here, and tells PyTorch so in the variables that it reads."""
    asked = max(
        _number(configuration.node_count),
        _number(configuration.mpi.process_count_per_node),
        _number(configuration.pytorch.process_count),
        _number(configuration.tensorflow.worker_count),
    )
    if asked > 1:
        warnings.warn(
            "The run is one process on the server's machine: node_count, process counts and workers change nothing. "
            "A script that shares work among processes starts them itself, for instance with `command=['torchrun', ...]`."
        )
    if configuration.communicator not in ("Nccl", "Gloo"):
        return
    alone = {"RANK": 0, "LOCAL_RANK": 0, "NODE_RANK": 0, "WORLD_SIZE": 1, "LOCAL_WORLD_SIZE": 1}
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": random.randint(29500, 29999)}
    told = {key: str(value) for key, value in {**alone, **place}.items()}
    configuration.environment_variables = {**told, **(configuration.environment_variables or {})}


def _number(value: Any) -> int:
    try:
        return int(value or 1)
    except (TypeError, ValueError):
        return 1


def resolved(
    workspace: Any,
    experiment_name: str,
    folder: str,
    configuration: Any,
    arguments: Sequence[Any],
    command: Optional[Union[str, Sequence[Any]]],
    data: Optional[RunData] = None,
) -> Submission:
    """The submission of a run configuration; `data` has what is known of its data already."""
    data = data or RunData(workspace)
    _alone(configuration)
    if isinstance(arguments, str):
        raise UserErrorException("arguments expected a list, the string {!r} found.".format(arguments))
    words: List[str] = [data.argument(value) for value in arguments]
    line = _command(command, data) if command else None
    for name, value in dict(configuration.data_references or {}).items():
        document = value.to_config()._to_json() if hasattr(value, "to_config") else value._to_json()
        data.references.setdefault(name, document)
    configuration.data_references = {}
    for value in dict(configuration.data or {}).values():
        if hasattr(value, "_take_for_run") or hasattr(value, "_take_for_step"):
            data.argument(value)
    configuration.data = {name: value for name, value in (configuration.data or {}).items() if hasattr(value, "_to_json")}
    environment = configuration.environment
    if environment is None:
        environment = Environment(None)
    configuration.environment = environment
    document = configuration._plain_json()
    if document["target"] in _OF_ONE_RUN and workspace._service.get_or_none("computetargets", document["target"]) is None:
        document["target"] = "local"
    definition = environment._for_server()
    if not definition.get("name"):
        definition["name"] = "Experiment {} Environment".format(experiment_name)
    document["environment"] = definition
    document["arguments"] = words
    document["dataReferences"] = {**document.get("dataReferences", {}), **data.references}
    document["data"] = {**document.get("data", {}), **data.datasets}
    if line is not None:
        document["command"] = line
    else:
        document.pop("command", None)
    docker = environment.docker
    if docker.enabled and not document["docker"].get("useDocker"):
        document["docker"].update(useDocker=True, sharedVolumes=docker.shared_volumes, arguments=list(docker.arguments))
        if docker.shm_size:
            document["docker"]["shmSize"] = docker.shm_size
    return Submission(folder, document, data.properties)


_RUN_ID = "{run-id}"


def run_id_for(configuration: Dict[str, Any], experiment_name: str) -> Optional[str]:
    """The id of a run that writes below a folder of its own; nothing for others, which the server names."""
    if _RUN_ID not in json.dumps(configuration.get("dataReferences")):
        return None
    return "{}_{}_{:08x}".format(experiment_name, int(time.time()), random.SystemRandom().getrandbits(32))


def placed(configuration: Dict[str, Any], run_id: Optional[str]) -> Dict[str, Any]:
    """The configuration with the run's id in the places of its outputs."""
    if run_id is None:
        return configuration
    references = json.loads(json.dumps(configuration.get("dataReferences")).replace(_RUN_ID, run_id))
    return dict(configuration, dataReferences=references)
