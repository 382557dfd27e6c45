"""The data of a step: what it leaves, and what it takes of other steps, of parameters and of the workspace.

What is known only when a pipeline runs stands as a word in the template: `{pipeline-output:STEP:NAME}` for the path of an
output, `{pipeline-parameter:NAME}` for a value, `{pipeline-dataset:NAME}` for a dataset that the driver registers.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Set, Tuple

from azureml._terroir.errors import UserErrorException
from azureml.core._run_arguments import RunData
from azureml.data._inputs import property_of
from azureml.data.dataset_consumption_config import DatasetConsumptionConfig
from azureml.data.output_dataset_config import OutputKey
from azureml.pipeline.core.graph import PipelineParameter, is_plain

_UNNAMED = re.compile(r"[0-9a-f]{32}\Z")


class Produced(NamedTuple):
    """An output of a step that comes before."""

    step: str
    name: str
    datastore: str

    @property
    def word(self) -> str:
        return "{pipeline-output:%s:%s}" % (self.step, self.name)

    @property
    def place(self) -> Dict[str, str]:
        return {"datastore": self.datastore, "path": self.word}


class StepData(RunData):
    """The data of one step."""

    def __init__(self, workspace: Any, step_name: str, own: Mapping[OutputKey, Any], produced: Mapping[OutputKey, Produced], parameters: Dict[str, Any]):
        super().__init__(workspace)
        self._step_name = step_name
        self.own = dict(own)
        self._produced = produced
        self._parameters = parameters
        self.outputs: Dict[str, Dict[str, str]] = {}
        self.keys: Dict[OutputKey, str] = {}
        self.pipeline_outputs: Dict[str, str] = {}
        self.training_outputs: Dict[str, Any] = {}
        self.saved: Dict[str, Any] = {}
        self.reads: List[Any] = []
        self.takes: Set[Tuple[str, str]] = set()
        self._taken: Dict[OutputKey, str] = {}
        self.default_datastore: Any = None

    def argument(self, value: Any) -> str:
        if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], PipelineParameter):
            return self._data_path(value[0], value[1])
        take = getattr(value, "_take_for_step", None)
        if take is not None:
            return str(take(self))
        if isinstance(value, DatasetConsumptionConfig):
            return self._consumed(value)
        if hasattr(value, "destination"):
            return self._written(value)
        if hasattr(value, "_stored"):
            self.reads += value._stored(self.workspace)
        return super().argument(value)

    # What it leaves

    def pipeline_data(self, binding: Any, dataset: Any = None) -> str:
        """The path of data between steps: where the step leaves it, or where another one has."""
        if binding._output_key not in self.own:
            if binding._output_key in self._taken:
                return self._taken[binding._output_key]
            return self.input(binding, binding.name, "mount", None, False)
        if binding._output_key in self.keys:
            return "$AZUREML_DATAREFERENCE_" + self.keys[binding._output_key]
        given = self.own[binding._output_key]
        store = (binding.datastore or self.default_datastore or self.workspace.get_default_datastore()).name
        place = {"datastore": store, "path": "azureml/{run-id}/" + binding.output_name}
        document: Dict[str, Any] = {
            "dataStoreName": store,
            "mode": "upload",
            "pathOnDataStore": place["path"],
            "pathOnCompute": binding.path_on_compute,
            "overwrite": True,
            # The script makes a file or a folder of it.
            "makeFolder": False,
        }
        registered = getattr(given, "_pipeline_data", binding)._registered
        if registered is not None:
            definition = given._definition_at(self.workspace, place)
            document["registerOnComplete"] = dict(registered, definition=definition)
        self._leave(binding._output_key, binding.output_name, place)
        if binding.pipeline_output_name:
            self.pipeline_outputs[binding.pipeline_output_name] = binding.output_name
        if binding.training_output is not None:
            self.training_outputs[binding.output_name] = binding.training_output._to_json()
        return self.reference(binding.output_name, document)

    def _written(self, config: Any) -> str:
        """The path of an output of `azureml.data`."""
        there = self.keys.get(config._output_key)
        if there is not None:
            return "$AZUREML_DATAREFERENCE_" + there
        if not config._is_named:
            # The same each time that the pipeline is made.
            named = config.as_mount()
            named.name = "output_{}".format(len(self.outputs) + 1)
            config = named
        word = str(config._take_for_run(self))
        document = self.references[config.name]
        place = {"datastore": document["dataStoreName"], "path": document["pathOnDataStore"] or ""}
        self._leave(config._output_key, config.name, place)
        return word

    def _leave(self, key: OutputKey, name: str, place: Dict[str, str]) -> None:
        if name in self.outputs:
            raise UserErrorException("Two outputs of the step {} are called {}; give one of them another name.".format(self._step_name, name))
        self.outputs[name] = place
        self.keys[key] = name

    # What it takes

    def _found(self, output: Any) -> Produced:
        found = self._produced.get(output._output_key)
        if found is None:
            raise UserErrorException(
                "The step {} takes {}, which no step of the pipeline leaves: name it among the `outputs` of the step that writes it.".format(
                    self._step_name, getattr(output, "name", output)
                )
            )
        self.takes.add((found.step, found.name))
        return found

    def input(self, output: Any, name: str, mode: str, path_on_compute: Optional[str], is_overwriting: bool) -> str:
        """What another step has left, as a path."""
        found = self._found(output)
        document = {
            "dataStoreName": found.datastore,
            "mode": "mount" if mode == "direct" else mode,
            "pathOnDataStore": found.word,
            "pathOnCompute": path_on_compute,
            "overwrite": is_overwriting,
        }
        self._taken[output._output_key] = self.reference(name, document)
        return self._taken[output._output_key]

    def _consumed(self, config: DatasetConsumptionConfig) -> str:
        dataset = config.dataset
        if isinstance(dataset, PipelineParameter):
            self.parameter(dataset)
            if is_plain(dataset.default_value) or not hasattr(dataset.default_value, "_stored"):
                raise UserErrorException("The default_value of the pipeline parameter {} expected a dataset.".format(dataset.name))
            if config.mode == "direct":
                self.properties[property_of(config.name)] = dataset._word("saved")
                return dataset._word("saved")
            return self._mounted(config, dataset._word("paths"))
        if hasattr(dataset, "_output_key"):
            found = self._found(dataset)
            definition = dataset._definition_at(self.workspace, found.place)
            if config.mode == "direct":
                word = "{pipeline-dataset:%s}" % config.name
                self.saved[config.name] = definition
                self.properties[property_of(config.name)] = word
                return word
            return self._mounted(config, definition["paths"])
        if hasattr(dataset, "_stored") and config.mode == "direct":
            self.reads += dataset._stored(self.workspace)
        return super().argument(config)

    def _mounted(self, config: DatasetConsumptionConfig, paths: Any) -> str:
        document = {
            "dataLocation": {"dataset": {"definition": {"paths": paths}}},
            "mechanism": config.mode,
            "environmentVariableName": config.name,
            "pathOnCompute": config.path_on_compute,
            "overwrite": False,
        }
        return self.dataset(config.name, document)

    def _data_path(self, parameter: PipelineParameter, binding: Any) -> str:
        """A parameter that is a path of a datastore."""
        self.parameter(parameter)
        if not hasattr(parameter.default_value, "path_on_datastore"):
            raise UserErrorException("The default_value of the pipeline parameter {} expected a DataPath.".format(parameter.name))
        document = {
            "dataStoreName": parameter._word("datastore"),
            "mode": binding.mode,
            "pathOnDataStore": parameter._word("path"),
            "pathOnCompute": binding.path_on_compute,
            "overwrite": binding.overwrite,
        }
        return self.reference(re.sub(r"[^A-Za-z0-9_]", "_", parameter.name), document)

    def parameter(self, parameter: PipelineParameter) -> None:
        """Notes a parameter of the pipeline."""
        value = encoded(self.workspace, parameter.name, parameter.default_value)
        there = self._parameters.setdefault(parameter.name, value)
        if there != value:
            raise UserErrorException("Two pipeline parameters are called {}, with other default values.".format(parameter.name))

    def reference(self, name: str, document: Dict[str, Any]) -> str:
        if _UNNAMED.match(name):
            # The same each time that the pipeline is made.
            name = "data_" + hashlib.sha256(json.dumps(document, sort_keys=True).encode("utf-8")).hexdigest()[:12]
        return super().reference(name, document)


def encoded(workspace: Any, name: str, value: Any) -> Any:
    """The value of a parameter in JSON."""
    if is_plain(value):
        return value
    if isinstance(value, DatasetConsumptionConfig):
        value = value.dataset
    if hasattr(value, "_stored"):
        saved = value._saved(workspace)
        return {"paths": value._stored(workspace), "saved": "{}:{}".format(saved._known["name"], saved._known["version"])}
    if hasattr(value, "path_on_datastore"):
        store = value.datastore or workspace.get_default_datastore()
        return {"datastore": store.name, "path": value.path_on_datastore or ""}
    raise UserErrorException("The value of the pipeline parameter {} expected text, a number, a DataPath or a dataset, {!r} found.".format(name, value))
