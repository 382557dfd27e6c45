"""Runs: what was submitted, what a script logs, what came of it."""

from __future__ import annotations

import atexit
import os
import sys
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence

from azureml._terroir import display
from azureml._terroir.errors import RunEnvironmentException, UserErrorException
from azureml.core import _metrics, _run_stream
from azureml.core._offline_run import _OfflineRun
from azureml.core._run_files import Files, parts_of
from azureml.core._run_logging import Logging, secrets

RUNNING_STATES = ["NotStarted", "Starting", "Provisioning", "Preparing", "Queued", "Running", "Finalizing", "CancelRequested", "Paused", "NotResponding"]


def pairs(wanted: Any) -> Dict[str, Optional[str]]:
    """Tags or properties to look for: a name, names, or names with values."""
    if wanted is None:
        return {}
    if isinstance(wanted, str):
        return {wanted: None}
    if isinstance(wanted, Mapping):
        return {key: None if value is None else str(value) for key, value in wanted.items()}
    return {key: None for key in wanted}


def _queries(wanted: Any) -> Optional[List[str]]:
    made = [key if value is None else "{}={}".format(key, value) for key, value in pairs(wanted).items()]
    return made or None


# Types that are told by what submitted a run.
_SOURCES = ("hyperdrive", "azureml.PipelineRun", "azureml.StepRun")


def _kinds(type: Optional[str], properties: Any) -> Dict[str, Any]:
    """What to ask for runs of a type."""
    if type in _SOURCES:
        return {"property": _queries({**pairs(properties), "azureml.runsource": type})}
    return {"type": type, "property": _queries(properties)}


class Run(Files, Logging):
    """A run of an experiment."""

    def __init__(self, experiment: Any, run_id: str, outputs: Any = None, **kwargs: Any):
        self._experiment = experiment
        self._workspace = experiment.workspace
        self._id = run_id
        self._outputs = [outputs] if isinstance(outputs, str) else list(outputs or [])
        self._watched = {}
        self._uploaded = set()
        self._inputs: Optional[Dict[str, Any]] = None
        self._is_context = False
        self._known: Dict[str, Any] = kwargs.pop("_known", None) or {}
        if not self._known:
            self._refresh()

    @staticmethod
    def _of_resource(workspace: Any, resource: Dict[str, Any], outputs: Any = None) -> "Run":
        from azureml.core.experiment import Experiment

        special = _kind_of((resource.get("properties") or {}).get("azureml.runsource"))
        if special is not None:
            made: Run = special(Experiment._within(workspace, resource["experiment"]), resource["runId"], outputs=outputs, _known=resource)
            return made
        kind = ScriptRun if str(resource.get("runType", "")).lower().endswith("scriptrun") or resource.get("script") else Run
        return kind(Experiment._within(workspace, resource["experiment"]), resource["runId"], outputs=outputs, _known=resource)

    @property
    def _service(self) -> Any:
        return self._workspace._service

    def _refresh(self) -> Dict[str, Any]:
        self._known = self._service.get("runs", self._id)
        return self._known

    def _patch(self, changes: Dict[str, Any]) -> None:
        self._known = self._service.patch(changes, "runs", self._id)

    # Finding

    @staticmethod
    def get_context(allow_offline: bool = True, used_for_context_manager: bool = False, **kwargs: Any) -> Any:
        """The run that this process belongs to; an offline one, which only prints, when there is none."""
        run_id = os.environ.get("AZUREML_RUN_ID")
        if not run_id:
            if allow_offline:
                return _OfflineRun()
            raise RunEnvironmentException()
        there = _contexts.get(run_id)
        if there is None:
            from azureml.core.workspace import Workspace
            from azureml._terroir.service import Service

            service = Service.of_context()
            workspace = Workspace(
                os.environ.get("AZUREML_ARM_SUBSCRIPTION"),
                os.environ.get("AZUREML_ARM_RESOURCEGROUP"),
                os.environ.get("AZUREML_ARM_WORKSPACE_NAME") or service.workspace_name(),
                _service=service,
            )
            there = _SubmittedRun(workspace, run_id)
            _contexts[run_id] = there
        return there

    @staticmethod
    def get(workspace: Any, run_id: str) -> "Run":
        resource = workspace._service.get_or_none("runs", run_id)
        if resource is None:
            raise UserErrorException("No run {} is in the workspace {}.".format(run_id, workspace.name))
        return Run._of_resource(workspace, resource)

    @staticmethod
    def list(
        experiment: Any,
        type: Optional[str] = None,
        tags: Any = None,
        properties: Any = None,
        status: Optional[str] = None,
        include_children: bool = False,
        _rehydrate_runs: bool = True,
    ) -> Iterator["Run"]:
        """The runs of an experiment, newest first."""
        workspace = experiment.workspace
        for resource in workspace._service.pages(
            "runs",
            experiment=experiment.name,
            tag=_queries(tags),
            **_kinds(type, properties),
            status=status,
            children=True if include_children else None,
        ):
            yield Run._of_resource(workspace, resource)

    # What it is

    @property
    def id(self) -> str:
        return self._id

    @property
    def _run_id(self) -> str:
        return self._id

    @property
    def experiment(self) -> Any:
        return self._experiment

    @property
    def number(self) -> int:
        return int(self._known.get("number") or 0)

    @property
    def type(self) -> str:
        return str(self._known.get("runType") or "azureml.run")

    @property
    def name(self) -> Optional[str]:
        return self.display_name

    @name.setter
    def name(self, value: Optional[str]) -> None:
        self.display_name = value

    @property
    def display_name(self) -> Optional[str]:
        return self._known.get("displayName")

    @display_name.setter
    def display_name(self, value: Optional[str]) -> None:
        self._patch({"displayName": value})

    @property
    def description(self) -> Optional[str]:
        return self._known.get("description")

    @description.setter
    def description(self, value: Optional[str]) -> None:
        self._patch({"description": value})

    @property
    def tags(self) -> Dict[str, Optional[str]]:
        """Its tags; one without a value is None."""
        return {key: value or None for key, value in (self._known.get("tags") or {}).items()}

    @property
    def properties(self) -> Dict[str, str]:
        return dict(self._known.get("properties") or {})

    @property
    def status(self) -> str:
        if self._known.get("status") not in _run_stream.TERMINAL:
            self._refresh()
        return str(self._known["status"])

    @property
    def parent(self) -> Optional["Run"]:
        parent = self._known.get("parentRunId")
        return Run.get(self._workspace, parent) if parent else None

    def get_status(self) -> str:
        return str(self._refresh()["status"])

    def get_detailed_status(self) -> Dict[str, Any]:
        known = self._refresh()
        return {"status": known["status"], "details": known.get("statusDetails") or known.get("error"), "tags": self.tags}

    def get_tags(self) -> Dict[str, Optional[str]]:
        self._refresh()
        return self.tags

    def get_properties(self) -> Dict[str, str]:
        self._refresh()
        return self.properties

    def get_details(self) -> Dict[str, Any]:
        known = self._refresh()
        details: Dict[str, Any] = {
            "runId": known["runId"],
            "target": known.get("target") or "local",
            "status": known["status"],
            "startTimeUtc": known.get("startTimeUtc"),
            "endTimeUtc": known.get("endTimeUtc"),
            "services": {},
            "properties": dict(known.get("properties") or {}),
            "inputDatasets": known.get("inputDatasets") or [],
            "outputDatasets": known.get("outputDatasets") or [],
        }
        if known.get("snapshotId"):
            details["properties"].setdefault("ContentSnapshotId", known["snapshotId"])
        definition = known.get("runDefinition") or known.get("configuration")
        if not definition and isinstance(self, ScriptRun):
            definition = {"script": known.get("script"), "target": known.get("target"), "environment": known.get("environment")}
        if definition:
            details["runDefinition"] = definition
        details["logFiles"] = dict(known.get("logFiles") or {})
        details["submittedBy"] = known.get("submittedBy")
        if known.get("error"):
            details["error"] = {"error": {"code": known.get("errorCode") or "UserError", "message": known["error"]}}
        if known.get("warnings"):
            details["warnings"] = known["warnings"]
        if details["status"] not in _run_stream.TERMINAL:
            details.pop("endTimeUtc")
        return details

    def get_details_with_logs(self) -> Dict[str, Any]:
        details = self.get_details()
        details["logFiles"] = {name: self._log_text(name) for name in details["logFiles"]}
        return details

    def _log_text(self, name: str) -> str:
        return str(self._service.text("runs", self._id, "files", *name.split("/")))

    def get_all_logs(self, destination: Optional[str] = None) -> List[str]:
        """Downloads its logs; answers the paths."""
        made = []
        for name in self.get_details()["logFiles"]:
            path = os.path.join(destination or ".", *name.split("/"))
            self._service.get_file(path, "runs", self._id, "files", *name.split("/"))
            made.append(path)
        return made

    def get_environment(self) -> Any:
        """The exact environment that it used."""
        from azureml.core.environment import Environment

        return Environment._of_resource(self._service.get("runs", self._id, "environment"))

    def get_portal_url(self) -> str:
        return str(self._service.url("runs", self._id))

    def wait_for_completion(
        self, show_output: bool = False, wait_post_processing: bool = False, raise_on_error: bool = True
    ) -> Dict[str, Any]:
        """Waits until it has ended; its output is shown as it comes."""
        return _run_stream.wait(self, show_output, raise_on_error)

    # Changing it

    def tag(self, key: str, value: Any = None) -> None:
        self._patch({"tags": {key: "" if value is None else str(value)}})

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        self._patch({"tags": {key: "" if value is None else str(value) for key, value in tags.items()}})

    def remove_tags(self, tags: Any) -> None:
        self._patch({"tags": {key: None for key in pairs(tags)}})

    def add_properties(self, properties: Mapping[str, Any]) -> None:
        """Adds properties, which never change."""
        self._patch({"properties": {key: str(value) for key, value in properties.items()}})

    def start(self) -> None:
        if self.status == "NotStarted":
            self._patch({"status": "Running"})

    def complete(self, _set_status: bool = True, **kwargs: Any) -> None:
        """Ends a run that this process began."""
        self.flush()
        self._upload_outputs()
        if _set_status and not self._is_context:
            self._patch({"status": "Completed"})

    def fail(self, error_details: Any = None, error_code: Optional[str] = None, _set_status: bool = True) -> None:
        """Ends a run as failed. In a script the run fails when the script ends; from outside its script is ended."""
        self.flush()
        self._upload_outputs()
        if not _set_status:
            return
        if self._is_context:
            self._fail_at_exit(error_details)
            return
        changes: Dict[str, Any] = {"status": "Failed"}
        if error_details is not None:
            changes["error"] = str(error_details)
        if error_code:
            changes["errorCode"] = error_code
        self._patch(changes)
        _run_stream.end(self)

    def _fail_at_exit(self, error_details: Any) -> None:
        """Lets this process end with code 1, by which its run fails; what is logged until then still arrives."""
        if error_details is not None:
            print("The run fails: {}".format(error_details), file=sys.stderr)

        def end() -> None:
            self.flush()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(1)

        atexit.register(end)

    def clean(self) -> List[str]:
        """Nothing to remove: a run's folder is cleared when it has ended."""
        return []

    def cancel(self) -> None:
        self._known = self._service.post("runs/{}/cancel".format(self._service.part(self._id)), None)

    # Metrics

    def _send(self, kind: str, name: str, value: Any, description: Optional[str], step: Optional[int]) -> None:
        self._service.log(self._id, name, kind, value, step, description or None)

    def flush(self, timeout_seconds: int = 300) -> None:
        """Waits until what was logged has arrived."""
        self._service.flush(self._id, timeout_seconds)

    def get_metrics(
        self, name: Optional[str] = None, recursive: bool = False, run_type: Any = None, populate: bool = False
    ) -> Dict[str, Any]:
        """Metrics by name; of its children too, by run, when `recursive`."""
        self.flush()
        own = _metrics.collected(self._id, self._service.pages("runs/{}/metrics".format(self._service.part(self._id)), name=name, limit=1000))
        if populate:
            for metric, value in own.items():
                if isinstance(value, str) and value.startswith("aml://artifactId/"):
                    own[metric] = self._service.url("runs", self._id, "files", *value.split("/", 4)[-1].split("/"))
        if not recursive:
            return own
        found: Dict[str, Any] = {self._id: own}
        for child in self.get_children(recursive=True):
            found[child.id] = child.get_metrics(name=name)
        return found

    # Models

    def register_model(
        self,
        model_name: str,
        model_path: Optional[str] = None,
        tags: Optional[Mapping[str, Any]] = None,
        properties: Optional[Mapping[str, Any]] = None,
        model_framework: Optional[str] = None,
        model_framework_version: Optional[str] = None,
        description: Optional[str] = None,
        datasets: Any = None,
        sample_input_dataset: Any = None,
        sample_output_dataset: Any = None,
        resource_configuration: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Registers a file or folder among its files, such as `outputs/model.pkl`."""
        from azureml.core.model import Model

        self.flush()
        return Model._register_of_run(
            self,
            model_name,
            "/".join(parts_of(model_path or model_name)),
            tags,
            properties,
            description,
            model_framework,
            model_framework_version,
            datasets,
            sample_input_dataset,
            sample_output_dataset,
            resource_configuration,
        )

    # Children

    def child_run(self, name: Optional[str] = None, run_id: Optional[str] = None, outputs: Any = None) -> "Run":
        body: Dict[str, Any] = {"experiment": self._experiment.name, "kind": "interactive", "parent": self._id}
        if name:
            body["displayName"] = name
        if run_id:
            body["runId"] = run_id
        return Run._of_resource(self._workspace, self._service.post("runs", body), outputs=outputs)

    def create_children(
        self, count: Optional[int] = None, tag_key: Optional[str] = None, tag_values: Optional[Sequence[Any]] = None
    ) -> List["Run"]:
        if count is not None and (tag_key is not None or tag_values is not None):
            raise UserErrorException("create_children takes a count, or a tag_key with tag_values.")
        if count is not None:
            return [self.child_run() for _ in range(count)]
        if tag_key is None or tag_values is None:
            raise UserErrorException("create_children takes a count, or a tag_key with tag_values.")
        children = []
        for value in tag_values:
            child = self.child_run()
            child.tag(tag_key, value)
            children.append(child)
        return children

    def get_children(
        self,
        recursive: bool = False,
        tags: Any = None,
        properties: Any = None,
        type: Optional[str] = None,
        status: Optional[str] = None,
        _rehydrate_runs: bool = True,
    ) -> Iterator["Run"]:
        for resource in self._service.pages(
            "runs", parent=self._id, children=True, tag=_queries(tags), status=status, **_kinds(type, properties)
        ):
            child = Run._of_resource(self._workspace, resource)
            yield child
            if recursive:
                yield from child.get_children(True, tags, properties, type, status)

    def submit_child(self, config: Any, tags: Optional[Mapping[str, Any]] = None, **kwargs: Any) -> "Run":
        from azureml.core.experiment import submit

        return submit(self._experiment, config, tags=tags, _parent=self._id, **kwargs)

    # In a run

    @property
    def input_datasets(self) -> Dict[str, Any]:
        """The data that it was given, by name: paths of what is mounted or downloaded, else datasets.

        What a script adds to it stays as long as this object does.
        """
        from azureml.data._inputs import inputs_of

        if self._inputs is None:
            self._inputs = inputs_of(self)
        return self._inputs

    @property
    def output_datasets(self) -> Dict[str, Any]:
        return {}

    def get_secret(self, name: str) -> Optional[str]:
        """A secret: a variable of that name, which the environment of the run sets."""
        found = secrets([name])[name]
        if found is None:
            found = self._workspace.get_default_keyvault().get_secret(name)
        return found

    def get_secrets(self, secrets: List[str]) -> Dict[str, Optional[str]]:
        return {name: self.get_secret(name) for name in secrets}

    def get_submitted_run(self, **kwargs: Any) -> "Run":
        return self

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if not self._is_context and self.get_status() in _run_stream.TERMINAL:
            # Somebody has canceled it, or the block has ended it itself.
            self.complete(_set_status=False)
        elif kind is None:
            self.complete()
        else:
            self.fail(error)

    def _row(self) -> Dict[str, Any]:
        return {"Experiment": self._experiment.name, "Id": self._id, "Type": self.type, "Status": self.status}

    def __repr__(self) -> str:
        return display.described("Run", self._row())

    def _repr_html_(self) -> str:
        row = {**self._row(), "Details Page": "Link", **display.documentation(Run)}
        return display.table(row, {"Details Page": self.get_portal_url()})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and other._id == self._id

    def __hash__(self) -> int:
        return hash(self._id)


def _kind_of(source: Optional[str]) -> Any:
    """The class of runs that something else than a script was submitted for."""
    if source == "hyperdrive":
        from azureml.train.hyperdrive.run import HyperDriveRun

        return HyperDriveRun
    if source in ("azureml.PipelineRun", "azureml.StepRun"):
        from azureml.pipeline.core.run import PipelineRun, StepRun

        return PipelineRun if source == "azureml.PipelineRun" else StepRun
    return None


class ScriptRun(Run):
    """A run of a submitted script."""


class _SubmittedRun(ScriptRun):
    """The run that this process is part of."""

    def __init__(self, workspace: Any, run_id: str):
        from azureml.core.experiment import Experiment

        name = os.environ.get("AZUREML_ARM_PROJECT_NAME") or ""
        known = {"runId": run_id, "experiment": name, "status": "Running"} if name else workspace._service.get("runs", run_id)
        super().__init__(Experiment._within(workspace, known["experiment"]), run_id, _known=known)
        self._is_context = True
        self._is_whole = not name

    def _whole(self) -> None:
        if not self._is_whole:
            self._is_whole = True
            self._refresh()

    @property
    def tags(self) -> Dict[str, Optional[str]]:
        self._whole()
        return super().tags

    @property
    def properties(self) -> Dict[str, str]:
        self._whole()
        return super().properties

    @property
    def parent(self) -> Optional[Run]:
        self._whole()
        return super().parent

    @property
    def number(self) -> int:
        self._whole()
        return super().number


_contexts: Dict[str, _SubmittedRun] = {}


def get_run(experiment: Any, run_id: str, rehydrate: bool = True, clean_up: bool = True) -> Run:
    return Run.get(experiment.workspace, run_id)


