"""The parts that a pipeline is built of: steps, their order, and the data between them."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence

from azureml._terroir.errors import UserErrorException
from azureml.data.output_dataset_config import OutputKey
from azureml.pipeline.core.graph import InputPortBinding, OutputPortBinding, TrainingOutput

__all__ = ["PipelineData", "PipelineStep", "StepSequence"]


class PipelineData(OutputPortBinding):
    """Data that one step leaves and others take. It lies at `azureml/<id of the step's run>/<name>` of its datastore.

    A script finds the folder that it lies in, and makes a file or folder of that name.
    """

    def __init__(
        self,
        name: str,
        datastore: Any = None,
        output_name: Optional[str] = None,
        output_mode: str = "mount",
        output_path_on_compute: Optional[str] = None,
        output_overwrite: Optional[bool] = None,
        data_type: Optional[str] = None,
        is_directory: Optional[bool] = None,
        pipeline_output_name: Optional[str] = None,
        training_output: Optional[TrainingOutput] = None,
        **kwargs: Any,
    ):
        super().__init__(
            name, datastore, output_name, output_mode, output_path_on_compute, output_overwrite, data_type, is_directory,
            pipeline_output_name, training_output,
        )

    def as_input(self, input_name: Optional[str] = None) -> InputPortBinding:
        return self.create_input_binding(input_name)

    def as_mount(self, input_name: Optional[str] = None) -> InputPortBinding:
        return self.create_input_binding(input_name, "mount")

    def as_download(
        self, input_name: Optional[str] = None, path_on_compute: Optional[str] = None, overwrite: Optional[bool] = None
    ) -> InputPortBinding:
        return self.create_input_binding(input_name, "download", path_on_compute, overwrite)

    def create_input_binding(
        self,
        input_name: Optional[str] = None,
        mode: Optional[str] = None,
        path_on_compute: Optional[str] = None,
        overwrite: Optional[bool] = None,
    ) -> InputPortBinding:
        return InputPortBinding(input_name or self.name, self, mode or "mount", path_on_compute, overwrite)

    def get_env_variable_name(self) -> str:
        """The variable in which a script finds its path."""
        return "AZUREML_DATAREFERENCE_{}".format(self.output_name)

    def __str__(self) -> str:
        return "$AZUREML_DATAREFERENCE_{}".format(self.output_name)

    def __repr__(self) -> str:
        return self.__str__()


class Context(NamedTuple):
    """What a step is told when it becomes part of a template."""

    workspace: Any
    default_source_directory: Optional[str]
    data: Any


class PipelineStep:
    """What all steps are."""

    def __init__(
        self,
        name: str,
        inputs: Optional[Sequence[Any]] = None,
        outputs: Optional[Sequence[Any]] = None,
        arguments: Optional[Sequence[Any]] = None,
        allow_reuse: bool = True,
        **kwargs: Any,
    ):
        if not isinstance(name, str) or not name:
            raise UserErrorException("The name of a step expected text, {!r} found.".format(name))
        for what, given in (("inputs", inputs), ("outputs", outputs), ("arguments", arguments)):
            if given is not None and (isinstance(given, (str, bytes)) or not isinstance(given, (list, tuple))):
                raise UserErrorException("{} of the step {} expected a list, {!r} found.".format(what, name, given))
        self.name = name
        # What a former step leaves is taken as a folder, where nothing else is said.
        self._inputs = [value.as_input() if hasattr(value, "destination") else value for value in inputs or []]
        self._outputs = list(outputs or [])
        self._arguments = list(arguments or [])
        self._allow_reuse = bool(allow_reuse)
        self._after: List["PipelineStep"] = []
        self._begin()

    @property
    def inputs(self) -> List[Any]:
        return self._inputs

    @property
    def outputs(self) -> List[Any]:
        return self._outputs

    def run_after(self, step: "PipelineStep") -> None:
        """Lets it wait until another step has ended."""
        if not isinstance(step, PipelineStep):
            raise UserErrorException("run_after expected a step, {!r} found.".format(step))
        if step not in self._after:
            self._after.append(step)

    def _own(self) -> List[Any]:
        """Its outputs; those of `azureml.data` need only be among its arguments."""
        found: Dict[OutputKey, Any] = {}
        for value in [*self._outputs, *self._values()]:
            key = getattr(value, "_output_key", None)
            if key is not None and (value in self._outputs or hasattr(value, "destination")):
                found.setdefault(key, value)
        return list(found.values())

    def _begin(self) -> None:
        """Notes what it leaves, so that a pipeline finds it by what another step takes."""
        for output in self._own():
            output._output_key.maker = self

    def _values(self) -> List[Any]:
        """Everything that it is given."""
        return [*self._arguments, *self._inputs]

    def _takes(self) -> Iterator[OutputKey]:
        """The keys of outputs that it takes."""
        own = {value._output_key for value in self._own()}
        for value in self._values():
            key = key_of(value)
            if key is not None and key not in own:
                yield key

    def _template(self, context: Context) -> Dict[str, Any]:
        """What is run, with words in the place of what is not known yet."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return "<{}: {}>".format(type(self).__name__, self.name)


def key_of(value: Any) -> Optional[OutputKey]:
    """The key of the output that an input is made of."""
    for part in ("bind_object", "dataset"):
        inner = getattr(value, part, None)
        if inner is not None and not isinstance(inner, str):
            found = key_of(inner)
            if found is not None:
                return found
    key = getattr(value, "_output_key", None)
    return key if isinstance(key, OutputKey) else None


class StepSequence:
    """Steps that run one after another."""

    def __init__(self, steps: Sequence[Any], run_after: Any = None):
        self.steps = list(steps)
        before: List[PipelineStep] = [] if run_after is None else flattened([run_after])
        for part in self.steps:
            inside = flattened([part])
            for step in firsts(part):
                for other in before:
                    step.run_after(other)
            before = inside

    def __iter__(self) -> Iterator[Any]:
        return iter(self.steps)


def firsts(part: Any) -> List[PipelineStep]:
    """The steps that a part of a sequence begins with."""
    if isinstance(part, StepSequence):
        return firsts(part.steps[0]) if part.steps else []
    return flattened([part])


def flattened(steps: Any) -> List[PipelineStep]:
    """All steps of nested lists and sequences."""
    if isinstance(steps, PipelineStep):
        return [steps]
    if not isinstance(steps, (list, tuple, StepSequence)):
        raise UserErrorException("steps expected steps such as PythonScriptStep, {!r} found.".format(steps))
    return [step for part in steps for step in flattened(part)]
