"""What a pipeline's graph is made of: parameters, bindings of data to steps, and what a run shows of it."""

from __future__ import annotations

import copy
import re
from typing import Any, Dict, List, Mapping, Optional

from azureml._terroir.errors import UserErrorException
from azureml.data.output_dataset_config import OutputKey

_NAME = re.compile(r"[A-Za-z0-9_]+\Z")


def checked_name(name: Any, what: str) -> str:
    """A name of data of a step."""
    if not isinstance(name, str) or not _NAME.match(name):
        raise UserErrorException("The name of {} expected letters, digits and `_`, {!r} found.".format(what, name))
    return name


class PipelineParameter:
    """A value that may be another one each time that the pipeline runs."""

    def __init__(self, name: str, default_value: Any):
        if not isinstance(name, str) or not name or re.search(r"[{}:\s]", name):
            raise UserErrorException("The name of a PipelineParameter expected text without spaces, `:` and braces, {!r} found.".format(name))
        self.name = name
        self.default_value = default_value

    def _word(self, part: Optional[str] = None) -> str:
        return parameter_word(self.name, part)

    def _take_for_step(self, data: Any) -> str:
        data.parameter(self)
        if not is_plain(self.default_value):
            raise UserErrorException(
                "The pipeline parameter {} is data: as an argument it is (parameter, DataPathComputeBinding(mode='mount')) or "
                "DatasetConsumptionConfig('name', parameter).".format(self.name)
            )
        return self._word()

    def __str__(self) -> str:
        return "PipelineParameter_Name:{0}_Default:{1}".format(self.name, self.default_value)

    def __repr__(self) -> str:
        return "PipelineParameter(name={!r}, default_value={!r})".format(self.name, self.default_value)


def parameter_word(name: str, part: Optional[str] = None) -> str:
    """What stands in a template for the value of a parameter, or for a part of it."""
    return "{pipeline-parameter:%s}" % (name if part is None else "{}:{}".format(name, part))


def is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float, bool))


class TrainingOutput:
    """What of a search for parameters a step hands on: what its runs have logged, or files of the best run."""

    def __init__(self, type: str, iteration: Any = None, metric: Optional[str] = None, model_file: Optional[str] = None):
        if type not in ("Metrics", "Model"):
            raise UserErrorException("type expected Metrics or Model, {!r} found.".format(type))
        if iteration is not None or (metric is not None and type == "Metrics"):
            raise UserErrorException("TrainingOutput takes neither an iteration nor a metric: it is of the best run by the primary metric.")
        self.type = type
        self.model_file = model_file

    def _to_json(self) -> Dict[str, Any]:
        return {"type": self.type, "file": self.model_file}


class InputPortBinding:
    """Data under the name and in the way that a step is given it."""

    def __init__(
        self,
        name: str,
        bind_object: Any = None,
        bind_mode: str = "mount",
        path_on_compute: Optional[str] = None,
        overwrite: Optional[bool] = None,
        is_resource: bool = False,
        additional_transformations: Any = None,
        **kwargs: Any,
    ):
        if bind_mode not in ("mount", "download", "direct"):
            raise UserErrorException("bind_mode expected mount, download or direct, {!r} found.".format(bind_mode))
        self.name = checked_name(name, "an input")
        self.bind_object = bind_object
        self.bind_mode = bind_mode
        self.path_on_compute = path_on_compute
        self.overwrite = bool(overwrite)

    @property
    def data_type(self) -> Any:
        return getattr(self.bind_object, "data_type", None)

    def get_bind_object_name(self) -> str:
        return str(getattr(self.bind_object, "name", None) or getattr(self.bind_object, "data_reference_name", self.name))

    def as_resource(self) -> "InputPortBinding":
        return self

    def _take_for_step(self, data: Any) -> str:
        bound = self.bind_object
        if hasattr(bound, "_output_key"):
            return str(data.input(bound, self.name, self.bind_mode, self.path_on_compute, self.overwrite))
        if hasattr(bound, "to_config"):
            return str(data.argument(bound._with(
                data_reference_name=self.name, mode=self.bind_mode, path_on_compute=self.path_on_compute, overwrite=self.overwrite
            )))
        return str(data.argument(bound))


class OutputPortBinding:
    """An output of a step: where it ends up, and under which names it is found."""

    def __init__(
        self,
        name: str,
        datastore: Any = None,
        output_name: Optional[str] = None,
        bind_mode: str = "mount",
        path_on_compute: Optional[str] = None,
        overwrite: Optional[bool] = None,
        data_type: Optional[str] = None,
        is_directory: Optional[bool] = None,
        pipeline_output_name: Optional[str] = None,
        training_output: Optional[TrainingOutput] = None,
        dataset_registration: Any = None,
        dataset_output: Any = None,
        **kwargs: Any,
    ):
        if bind_mode not in ("mount", "upload"):
            raise UserErrorException("output_mode expected mount or upload, {!r} found.".format(bind_mode))
        if isinstance(datastore, str):
            raise UserErrorException("datastore expected a Datastore, the text {!r} found: Datastore.get(ws, {!r}).".format(datastore, datastore))
        self.name = checked_name(name, "an output")
        self.datastore = datastore
        self.output_name = checked_name(output_name or name, "an output")
        self.bind_mode = bind_mode
        self.path_on_compute = path_on_compute
        self.overwrite = overwrite
        self.data_type = data_type
        self.is_directory = is_directory
        self.pipeline_output_name = pipeline_output_name
        self.training_output = training_output
        self._output_key = OutputKey()
        self._registered: Optional[Dict[str, Any]] = None

    def as_dataset(self) -> Any:
        """The same as a dataset, which may be registered when its step has completed."""
        from azureml.pipeline.core.pipeline_output_dataset import PipelineOutputFileDataset

        return PipelineOutputFileDataset(self)

    def _registering(self, registered: Mapping[str, Any]) -> Any:
        made = copy.copy(self)
        made._registered = dict(registered)
        return made

    def _take_for_step(self, data: Any) -> str:
        return str(data.pipeline_data(self))


def __getattr__(name: str) -> Any:
    if name == "PublishedPipeline":
        # Earlier releases had it here.
        from azureml.pipeline.core.published_pipeline import PublishedPipeline

        return PublishedPipeline
    raise AttributeError("module {!r} has no attribute {!r}".format(__name__, name))


class Node:
    """A step of a graph."""

    def __init__(self, node_id: str, name: str, kind: str):
        self.node_id = node_id
        self.name = name
        self.type = kind

    def __repr__(self) -> str:
        return "{}(Name:{}, Id:{})".format(self.type, self.name, self.node_id)


class Edge:
    """That one step comes after another, and by which output of it if it is for data."""

    def __init__(self, source: Node, destination: Node, output: Optional[str]):
        self.source_node = source
        self.dest_node = destination
        self.output_name = output

    def __repr__(self) -> str:
        return "{} -> {}{}".format(self.source_node.name, self.dest_node.name, " ({})".format(self.output_name) if self.output_name else "")


class Graph:
    """The steps of a pipeline and what connects them."""

    def __init__(self, template: Mapping[str, Any]):
        self._nodes = {step["id"]: Node(step["id"], step["name"], step["type"]) for step in template["steps"]}
        self.edges: List[Edge] = []
        for step in template["steps"]:
            by_data = [(node, output) for node, output in step["takes"]]
            others = [(node, None) for node in step["after"] if node not in {found for found, _ in by_data}]
            self.edges += [Edge(self._nodes[node], self._nodes[step["id"]], output) for node, output in [*by_data, *others]]
        self.params = dict(template["parameters"])

    @property
    def nodes(self) -> List[Node]:
        return list(self._nodes.values())

    @property
    def module_nodes(self) -> List[Node]:
        return self.nodes

    @property
    def node_name_dict(self) -> Dict[str, List[Node]]:
        found: Dict[str, List[Node]] = {}
        for node in self.nodes:
            found.setdefault(node.name, []).append(node)
        return found

    def get_node(self, node_id: str) -> Optional[Node]:
        return self._nodes.get(node_id)
