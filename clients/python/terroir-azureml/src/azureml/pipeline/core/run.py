"""Runs of pipelines and of their steps."""

from __future__ import annotations

import json
import os
import tempfile
import time
from typing import Any, Dict, Iterator, List, Optional, Sequence

from azureml._terroir.errors import UnsupportedHere, UserErrorException
from azureml.core import _run_stream
from azureml.core._driven_run import DrivenRun
from azureml.core.run import Run
from azureml.data.data_reference import DataReference
from azureml.pipeline.core._driver import OUTPUTS
from azureml.pipeline.core.graph import Graph

__all__ = ["PipelineRun", "PortDataReference", "StepRun", "StepRunOutput"]

_FOREVER = 9223372036854775807


def _finished(status: str) -> str:
    """A status as pipelines and steps name it."""
    return "Finished" if status == "Completed" else status


class _Waiting:
    """What runs of pipelines and of steps do while one waits for them."""

    def _wait(self, run: Any, title: str, show_output: bool, timeout_seconds: float, raise_on_error: bool) -> str:
        until = time.monotonic() + timeout_seconds
        if show_output:
            _run_stream.show(run)
        while run._refresh()["status"] not in _run_stream.TERMINAL:
            if time.monotonic() > until:
                print("Timed out of waiting, {} {}.".format(title, run.id))
                return str(run._known["status"])
            time.sleep(0.5)
        status = _finished(run._known["status"])
        if show_output:
            head = "{} Execution Summary".format(title)
            details = {name: value for name, value in run.get_details().items() if name != "runDefinition"}
            print("\n{}\n{}\n{} Status: {}\n{}".format(head, "=" * len(head), title, status, details))
        if raise_on_error and status == "Failed":
            _run_stream.wait(run, False, True)
        return status


class PipelineRun(DrivenRun, _Waiting):
    """A run of a pipeline; its children are the runs of the steps."""

    def __init__(self, experiment: Any, run_id: str, _service_endpoint: Any = None, **kwargs: Any):
        super().__init__(experiment, run_id, **kwargs)

    @staticmethod
    def get(workspace: Any, run_id: str, _service_endpoint: Any = None) -> Any:
        run = Run.get(workspace, run_id)
        if not isinstance(run, PipelineRun):
            raise UserErrorException("The run {} is no run of a pipeline.".format(run_id))
        return run

    @staticmethod
    def get_pipeline_runs(workspace: Any, pipeline_id: str, _service_endpoint: Any = None) -> List[Any]:
        """The runs of a published pipeline."""
        wanted = ["azureml.pipelineid={}".format(pipeline_id)]
        return [Run._of_resource(workspace, one) for one in workspace._service.pages("runs", property=wanted)]

    @property
    def type(self) -> str:
        return "azureml.PipelineRun"

    def get_status(self) -> str:
        return _finished(super().get_status())

    def wait_for_completion(  # type: ignore[override]
        self, show_output: bool = True, timeout_seconds: float = _FOREVER, raise_on_error: bool = True
    ) -> str:
        """Waits until it has ended; answers its status."""
        return self._wait(self, "PipelineRun", show_output, timeout_seconds, raise_on_error)

    def get_steps(self) -> Iterator["StepRun"]:
        """The runs of its steps, the first one first."""
        steps = [child for child in self.get_children() if isinstance(child, StepRun)]
        return iter(sorted(steps, key=lambda step: step.number))

    def find_step_run(self, name: str) -> List["StepRun"]:
        """The runs of the steps of a name."""
        return [step for step in self.get_steps() if step.name == name]

    def get_graph(self) -> Graph:
        return Graph(self._template())

    def get_pipeline_output(self, pipeline_output_name: str) -> "PortDataReference":
        """The output of that name, when its step has completed."""
        known: List[str] = []
        for step in self._template()["steps"]:
            known += step["pipelineOutputs"]
            output = step["pipelineOutputs"].get(pipeline_output_name)
            if output is not None:
                for run in self.get_steps():
                    if run.properties.get("azureml.nodeid") == step["id"]:
                        return run.get_output_data(output)
                raise UserErrorException("The step {} of the pipeline output {} has not run.".format(step["name"], pipeline_output_name))
        raise UserErrorException("The pipeline has no output {!r}; it has {}.".format(pipeline_output_name, ", ".join(known) or "none"))

    def publish_pipeline(
        self, name: str, description: str, version: Optional[str] = None, continue_on_step_failure: Optional[bool] = None, **kwargs: Any
    ) -> Any:
        """Keeps its pipeline in the workspace."""
        from azureml.pipeline.core.published_pipeline import publish

        return publish(self._workspace, self._template(), name, description, version, continue_on_step_failure)

    def save(self, path: Optional[str] = None) -> Any:
        raise UnsupportedHere("Pipelines are not written as YAML: keep the Python that builds them, or publish_pipeline().")

    def child_run(self, name: Optional[str] = None, run_id: Optional[str] = None, outputs: Any = None) -> Any:
        raise UnsupportedHere("The children of a PipelineRun are its steps.")

    def complete(self, _set_status: bool = True, **kwargs: Any) -> None:
        raise UnsupportedHere("A PipelineRun is completed by its last step.")

    def _template(self) -> Dict[str, Any]:
        """What it was made of, as its snapshot has it."""
        listed = self._service.get("snapshots", "sha256:" + str(self.get_snapshot_id()).split(":")[-1])["files"]
        digest = next(file["digest"] for file in listed if file["path"] == "plan.json")
        with tempfile.TemporaryDirectory() as folder:
            place = self._service.get_file(os.path.join(folder, "plan.json"), "contents", digest)
            with open(str(place), encoding="utf-8") as stream:
                template: Dict[str, Any] = json.load(stream)["template"]
        return template


class StepRun(DrivenRun, _Waiting):
    """A run of a step. One that reused what a former one had left has the metrics, files and logs of that one."""

    def __init__(
        self,
        experiment: Any,
        step_run_id: str,
        pipeline_run_id: Optional[str] = None,
        node_id: Optional[str] = None,
        _service_endpoint: Any = None,
        **kwargs: Any,
    ):
        super().__init__(experiment, step_run_id, **kwargs)

    @property
    def type(self) -> str:
        return "azureml.StepRun"

    @property
    def pipeline_run_id(self) -> str:
        return str(self.properties["azureml.pipelinerunid"])

    @property
    def is_reused(self) -> bool:
        return self.properties.get("azureml.isreused") == "true"

    def _source(self) -> Run:
        """The run that did its work."""
        reused = self.properties.get("azureml.reusedrunid")
        return Run.get(self._workspace, reused) if reused else self

    def get_status(self) -> str:
        return _finished(super().get_status())

    def wait_for_completion(  # type: ignore[override]
        self, show_output: bool = True, timeout_seconds: float = _FOREVER, raise_on_error: bool = True
    ) -> str:
        """Waits until it has ended; answers its status."""
        return self._wait(self, "StepRun( {} )".format(self.name), show_output and not self.is_reused, timeout_seconds, raise_on_error)

    # What it logged and left

    def get_metrics(self, name: Optional[str] = None, recursive: bool = False, run_type: Any = None, populate: bool = False) -> Dict[str, Any]:
        source = self._source()
        own = super().get_metrics if source is self else source.get_metrics
        return own(name, recursive, run_type, populate)

    def get_file_names(self) -> List[str]:
        source = self._source()
        return super().get_file_names() if source is self else source.get_file_names()

    def download_file(self, name: str, output_file_path: Optional[str] = None, _validate_checksum: bool = False) -> None:
        source = self._source()
        own = super().download_file if source is self else source.download_file
        own(name, output_file_path)

    def download_files(
        self,
        prefix: Optional[str] = None,
        output_directory: Optional[str] = None,
        output_paths: Optional[Sequence[str]] = None,
        batch_size: int = 100,
        append_prefix: bool = True,
        timeout_seconds: Optional[int] = None,
    ) -> None:
        source = self._source()
        own = super().download_files if source is self else source.download_files
        own(prefix, output_directory, output_paths, batch_size, append_prefix, timeout_seconds)

    def get_details_with_logs(self) -> Dict[str, Any]:
        source = self._source()
        return super().get_details_with_logs() if source is self else source.get_details_with_logs()

    def get_all_logs(self, destination: Optional[str] = None) -> List[str]:
        source = self._source()
        return super().get_all_logs(destination) if source is self else source.get_all_logs(destination)

    def _log(self, wanted: str) -> str:
        source = self._source()
        names = list(source._refresh().get("logFiles") or {})
        chosen = [name for name in names if wanted in name] or names
        return source._log_text(chosen[0]) if chosen else ""

    def get_job_log(self) -> str:
        """What its script printed."""
        return self._log("driver_log")

    def get_stdout_log(self) -> str:
        return self._log("driver_log")

    def get_stderr_log(self) -> str:
        return self._log("stderr")

    def get_outputs(self) -> Dict[str, "StepRunOutput"]:
        return {name: StepRunOutput(self, name) for name in self._outputs_left()}

    def get_output(self, name: str) -> "StepRunOutput":
        self.get_output_data(name)
        return StepRunOutput(self, name)

    def get_output_data(self, name: str) -> "PortDataReference":
        """What it has left under a name."""
        left = self._outputs_left()
        if name not in left:
            raise UserErrorException("The step {} has no output {!r}; it has {}.".format(self.name, name, ", ".join(left) or "none"))
        store = self._workspace.datastores[left[name]["datastore"]]
        return PortDataReference(self._workspace, self.pipeline_run_id, DataReference(store, name, left[name]["path"]), self)

    def _outputs_left(self) -> Dict[str, Dict[str, str]]:
        if OUTPUTS not in self.properties:
            self._refresh()
        if OUTPUTS not in self.properties:
            raise UserErrorException("The step {} is {}: its outputs are there when it has completed and its pipeline has seen it.".format(self.name, self.status))
        found: Dict[str, Dict[str, str]] = json.loads(self.properties[OUTPUTS])
        return found


class StepRunOutput:
    """An output of a step's run."""

    def __init__(self, step_run: StepRun, name: str):
        self.step_run = step_run
        self.name = name

    def get_port_data_reference(self) -> "PortDataReference":
        return self.step_run.get_output_data(self.name)


class PortDataReference:
    """What a step has left: files of a datastore, which may be an input of another pipeline."""

    def __init__(self, context: Any, pipeline_run_id: str, data_reference: DataReference, step_run: Any = None):
        self._workspace = context
        self.pipeline_run_id = pipeline_run_id
        self._data_reference = data_reference
        self.step_run = step_run

    @property
    def name(self) -> str:
        return str(self._data_reference.data_reference_name)

    @property
    def data_reference_name(self) -> str:
        return self.name

    @property
    def datastore(self) -> Any:
        return self._data_reference.datastore

    @property
    def datastore_name(self) -> str:
        return str(self.datastore.name)

    @property
    def path_on_datastore(self) -> str:
        return str(self._data_reference.path_on_datastore)

    def download(self, local_path: str, overwrite: Optional[bool] = None, show_progress: Optional[bool] = None) -> int:
        """Fetches its files, under their paths in the datastore; answers how many."""
        count: int = self.datastore.download(local_path, self.path_on_datastore, bool(overwrite), show_progress is not False)
        return count

    def as_mount(self, path_on_compute: Optional[str] = None) -> DataReference:
        return self._data_reference.as_mount(path_on_compute)

    def as_download(self, path_on_compute: Optional[str] = None, overwrite: bool = False) -> DataReference:
        return self._data_reference.as_download(path_on_compute, overwrite)

    def to_config(self) -> Any:
        return self._data_reference.to_config()

    def _take_for_step(self, data: Any) -> str:
        return str(data.argument(self._data_reference))

    def __repr__(self) -> str:
        return "PortDataReference(name={!r}, datastore={!r}, path_on_datastore={!r})".format(self.name, self.datastore_name, self.path_on_datastore)
