"""Pipelines: steps in the order that their data ask for."""

from __future__ import annotations

import json
import os
import uuid
from typing import Any, Dict, List, Mapping, Optional

from azureml._terroir.errors import UnsupportedHere, UserErrorException
from azureml.core._driven_run import submit_driven
from azureml.data.output_dataset_config import OutputKey
from azureml.pipeline.core._step_data import Produced, StepData, encoded
from azureml.pipeline.core.builder import Context, PipelineStep, StepSequence, flattened
from azureml.pipeline.core.graph import Graph
from azureml.train.hyperdrive.runconfig import DRIVER as SEARCH

__all__ = ["Pipeline", "submit_template"]

_DRIVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_driver.py")
_MAX_SECONDS = 30 * 24 * 60 * 60


class Pipeline:
    """Steps, each with what it takes and leaves; those before them need not be named.

    What is submitted is a run whose script runs the steps on the server's machine, with the `python3` there: it goes on when the
    process that submitted it has ended. Steps that wait for nothing of one another run at once.
    """

    def __init__(
        self,
        workspace: Any,
        steps: Any,
        description: Optional[str] = None,
        default_datastore: Any = None,
        default_source_directory: Optional[str] = None,
        resolve_closure: bool = True,
        _workflow_provider: Any = None,
        _service_endpoint: Any = None,
        **kwargs: Any,
    ):
        self.workspace = workspace
        self.description = description
        self._default_datastore = workspace.datastores[default_datastore] if isinstance(default_datastore, str) else default_datastore
        self._default_source_directory = default_source_directory
        self._resolve_closure = resolve_closure
        given = flattened(steps if isinstance(steps, (list, tuple, StepSequence, PipelineStep)) else list(steps))
        if not given:
            raise UserErrorException("A pipeline expected at least one step.")
        self._given = list(dict.fromkeys(given))
        self._steps = self._ordered()

    @property
    def steps(self) -> List[PipelineStep]:
        return list(self._steps)

    # The order

    def _ordered(self) -> List[PipelineStep]:
        """All steps, each after those that it waits for."""
        every = self._closure()
        producers = self._producers(every)
        ordered: List[PipelineStep] = []
        open_: List[PipelineStep] = []

        def take(step: PipelineStep) -> None:
            if step in ordered:
                return
            if step in open_:
                names = [one.name for one in open_[open_.index(step) :]]
                raise UserErrorException("The steps {} wait for one another.".format(" -> ".join([*names, step.name])))
            open_.append(step)
            for before in self._before(step, producers):
                if before in every:
                    take(before)
            open_.pop()
            ordered.append(step)

        for step in every:
            take(step)
        return ordered

    def _closure(self) -> List[PipelineStep]:
        """The steps that were given, and those that they wait for."""
        found = list(self._given)
        for step in found:
            if self._resolve_closure:
                found += [before for before in step._after if before not in found]
                left = {output._output_key for one in found for output in one._own()}
                makers = [key.maker for key in step._takes() if key not in left]
                found += [maker for maker in dict.fromkeys(makers) if maker is not None and maker not in found]
        return found

    @staticmethod
    def _producers(steps: List[PipelineStep]) -> Dict[OutputKey, PipelineStep]:
        producers: Dict[OutputKey, PipelineStep] = {}
        for step in steps:
            for output in step._own():
                there = producers.setdefault(output._output_key, step)
                if there is not step:
                    raise UserErrorException("Both {} and {} leave the output {}.".format(there.name, step.name, output.name))
        return producers

    @staticmethod
    def _before(step: PipelineStep, producers: Mapping[OutputKey, PipelineStep]) -> List[PipelineStep]:
        found = [producers[key] for key in step._takes() if key in producers]
        return list(dict.fromkeys([*found, *step._after]))

    # What is submitted

    def _template(self) -> Dict[str, Any]:
        """Everything that is to be run, with words in the place of what differs from run to run."""
        producers = self._producers(self._steps)
        ids = {step: str(number) for number, step in enumerate(self._steps)}
        produced: Dict[OutputKey, Produced] = {}
        parameters: Dict[str, Any] = {}
        named: Dict[str, str] = {}
        documents = []
        for step in self._steps:
            own = {output._output_key: output for output in step._own()}
            data = StepData(self.workspace, step.name, own, produced, parameters)
            if self._default_datastore is not None:
                data.default_datastore = self._default_datastore
            for value in [*step._outputs, *step._inputs]:
                data.argument(value)
            document = step._template(Context(self.workspace, self._default_source_directory, data))
            for key, name in data.keys.items():
                produced[key] = Produced(ids[step], name, data.outputs[name]["datastore"])
            for public in data.pipeline_outputs:
                if public in named:
                    raise UserErrorException("Both {} and {} have the pipeline output {}.".format(named[public], step.name, public))
                named[public] = step.name
            documents.append({
                "id": ids[step],
                "name": step.name,
                "type": type(step).__name__,
                "allowReuse": step._allow_reuse,
                "after": [ids[before] for before in self._before(step, producers) if before in ids],
                "takes": sorted(data.takes),
                "outputs": data.outputs,
                "pipelineOutputs": data.pipeline_outputs,
                "saved": data.saved,
                "reads": data.reads,
                **document,
            })
        return {"version": 1, "description": self.description, "parameters": parameters, "steps": documents}

    def validate(self) -> List[Any]:
        """Looks at everything that can be looked at before it runs, and raises what is wrong."""
        self._template()
        return []

    @property
    def graph(self) -> Graph:
        return Graph(self._template())

    def submit(
        self,
        experiment_name: str,
        pipeline_parameters: Optional[Mapping[str, Any]] = None,
        continue_on_step_failure: bool = False,
        regenerate_outputs: bool = False,
        parent_run_id: Optional[str] = None,
        **kwargs: Any,
    ) -> Any:
        """Runs it; answers its run."""
        from azureml.core.experiment import Experiment

        return self._submit(
            Experiment(self.workspace, experiment_name),
            kwargs.pop("tags", None),
            pipeline_parameters=pipeline_parameters,
            continue_on_step_failure=continue_on_step_failure,
            regenerate_outputs=regenerate_outputs,
            _parent=parent_run_id,
            **kwargs,
        )

    def _submit(self, experiment: Any, tags: Optional[Mapping[str, Any]], **kwargs: Any) -> Any:
        return submit_template(experiment, self._template(), tags, **kwargs)

    def publish(
        self,
        name: Optional[str] = None,
        description: Optional[str] = None,
        version: Optional[str] = None,
        continue_on_step_failure: Optional[bool] = None,
        **kwargs: Any,
    ) -> Any:
        """Keeps it in the workspace, where it is found and run again."""
        from azureml.pipeline.core.published_pipeline import publish

        return publish(self.workspace, self._template(), name, description or self.description, version, continue_on_step_failure)

    @staticmethod
    def load_yaml(workspace: Any, filename: str, **kwargs: Any) -> Any:
        raise UnsupportedHere("Pipelines are not read from YAML: build them in Python, Pipeline(workspace=ws, steps=[PythonScriptStep(...)]).")

    def __repr__(self) -> str:
        return "Pipeline(steps=[{}])".format(", ".join(step.name for step in self._steps))


def submit_template(
    experiment: Any,
    template: Mapping[str, Any],
    tags: Optional[Mapping[str, Any]] = None,
    pipeline_parameters: Optional[Mapping[str, Any]] = None,
    continue_on_step_failure: Optional[bool] = False,
    regenerate_outputs: bool = False,
    **kwargs: Any,
) -> Any:
    """Submits the script that runs the steps of a template."""
    from azureml.pipeline.core.run import PipelineRun

    earlier = {"continue_on_node_failure", "credential_passthrough", "pipeline_params"}
    unknown = sorted(set(kwargs) - earlier - {"_parent", "display_name", "run_id"})
    if unknown:
        raise UserErrorException("A pipeline is not submitted with {}.".format(", ".join(unknown)))
    pipeline_parameters = pipeline_parameters or kwargs.get("pipeline_params")
    if kwargs.get("continue_on_node_failure") is not None:
        continue_on_step_failure = kwargs["continue_on_node_failure"]
    parameters = _assigned(experiment.workspace, template, pipeline_parameters or {})
    plan = {
        "experiment": experiment.name,
        "template": template,
        "parameters": parameters,
        "continueOnStepFailure": bool(continue_on_step_failure),
        "regenerateOutputs": bool(regenerate_outputs),
    }
    scripts = {"drive.py": _DRIVER}
    if any(step.get("search") for step in template["steps"]):
        scripts["search.py"] = SEARCH
    run = submit_driven(
        experiment,
        scripts,
        plan,
        _MAX_SECONDS,
        tags=tags,
        run_id=kwargs.get("run_id") or str(uuid.uuid4()),
        properties={
            "azureml.runsource": "azureml.PipelineRun",
            "runSource": "SDK",
            "runType": "SDK",
            "azureml.parameters": _shown({**template["parameters"], **parameters}),
            "azureml.continue_on_step_failure": str(bool(continue_on_step_failure)),
            "azureml.pipelineComponent": "pipelinerun",
            **({"azureml.pipelineid": str(template["pipelineId"])} if template.get("pipelineId") else {}),
        },
        **{key: value for key, value in kwargs.items() if key in ("_parent", "display_name")},
    )
    assert isinstance(run, PipelineRun)
    return run


def _shown(parameters: Mapping[str, Any]) -> str:
    return json.dumps({name: value if not isinstance(value, dict) else value.get("saved") or value.get("path") for name, value in parameters.items()})


def _assigned(workspace: Any, template: Mapping[str, Any], given: Mapping[str, Any]) -> Dict[str, Any]:
    """The values of parameters that are not the default ones."""
    known = template["parameters"]
    for name, value in given.items():
        if name not in known:
            raise UserErrorException("The pipeline has no parameter {!r}; it has {}.".format(name, ", ".join(sorted(known)) or "none"))
    found = {name: encoded(workspace, name, value) for name, value in given.items()}
    for name, value in {**known, **found}.items():
        if value is None:
            raise UserErrorException("The pipeline parameter {} has no value: give it in pipeline_parameters.".format(name))
        if isinstance(known[name], dict) and (not isinstance(value, dict) or set(value) != set(known[name])):
            raise UserErrorException("The value of the pipeline parameter {} expected data as its default value is.".format(name))
        if not isinstance(known[name], dict) and isinstance(value, dict):
            raise UserErrorException("The value of the pipeline parameter {} expected text or a number, data found.".format(name))
    return found
