"""Experiments: runs under one name."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from typing import Any, Dict, Iterator, List, Mapping, Optional

from azureml._terroir import display
from azureml._terroir.errors import UnsupportedHere, UserErrorException
from azureml.core._run_arguments import placed, run_id_for
from azureml.core.run import Run, ScriptRun, pairs
from azureml.core.runconfig import RunConfiguration
from azureml.core.script_run_config import ScriptRunConfig


_ARCHIVED = "azureml.archivedTime"
_VIEWS = ("ActiveOnly", "ArchivedOnly", "All")


class Experiment:
    """An experiment of a workspace; making one takes that of the name, or begins it."""

    def __init__(self, workspace: Any, name: str, _skip_name_validation: bool = False, _id: Optional[str] = None, **kwargs: Any):
        if not isinstance(name, str) or not name:
            raise UserErrorException("Experiment name expected str, {} found".format(type(name)))
        self._workspace = workspace
        self._name = name
        self._known: Dict[str, Any] = kwargs.pop("_known", None) or workspace._service.put({}, "experiments", name)

    @staticmethod
    def _within(workspace: Any, name: str) -> "Experiment":
        """The experiment of a run that is there: nothing has to be asked."""
        return Experiment(workspace, name, _known={"name": name})

    @property
    def name(self) -> str:
        return self._name

    @property
    def id(self) -> str:
        return str(self._known.get("id") or self._name)

    @property
    def workspace(self) -> Any:
        return self._workspace

    @property
    def workspace_object(self) -> Any:
        return self._workspace

    @property
    def tags(self) -> Dict[str, str]:
        return {key: value for key, value in (self._known.get("tags") or {}).items() if key != _ARCHIVED}

    @property
    def archived_time(self) -> Optional[datetime]:
        """When it was archived; None for an active one."""
        text = (self._known.get("tags") or {}).get(_ARCHIVED)
        return datetime.fromisoformat(text) if text else None

    @staticmethod
    def list(
        workspace: Any, experiment_name: Optional[str] = None, view_type: str = "ActiveOnly", tags: Any = None
    ) -> List["Experiment"]:
        """The experiments of a workspace."""
        if view_type not in _VIEWS:
            raise UserErrorException("view_type expected one of {}, {!r} found.".format(", ".join(_VIEWS), view_type))
        wanted = pairs(tags)
        found = []
        for item in workspace._service.pages("experiments", limit=1000):
            has = item.get("tags") or {}
            if experiment_name is not None and item["name"] != experiment_name:
                continue
            if view_type != "All" and (_ARCHIVED in has) != (view_type == "ArchivedOnly"):
                continue
            if all(key in has and (value is None or has[key] == value) for key, value in wanted.items()):
                found.append(Experiment(workspace, item["name"], _known=item))
        return found

    @staticmethod
    def delete(workspace: Any, experiment_id: str) -> None:
        """Deletes an experiment that has no runs; one that has some can be archived."""
        try:
            workspace._service.delete("experiments", str(experiment_id))
        except UserErrorException as e:
            if getattr(e, "code", None) != "experiment-not-empty":
                raise
            raise UserErrorException(
                "Only empty Experiments can be deleted. This experiment contains run(s); Experiment.archive() takes it out of lists.", e
            ) from None

    def archive(self) -> None:
        """Leaves it out of `Experiment.list`; its runs stay where they are. A tag of its own says so."""
        self.refresh()
        if self.archived_time is None:
            self._put({**self.tags, _ARCHIVED: datetime.now(timezone.utc).isoformat()})

    def reactivate(self, new_name: Optional[str] = None) -> None:
        """Takes it back into `Experiment.list`."""
        if new_name is not None and new_name != self._name:
            raise UnsupportedHere("An experiment keeps its name: leave new_name out.")
        self.refresh()
        self._put(self.tags)

    def _put(self, tags: Mapping[str, str]) -> None:
        self._known = self._workspace._service.put({"tags": tags}, "experiments", self._name)

    def _archived(self) -> Dict[str, str]:
        return {key: value for key, value in (self._known.get("tags") or {}).items() if key == _ARCHIVED}

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        self._put({**self.tags, **{key: str(value) for key, value in tags.items()}, **self._archived()})

    def tag(self, key: str, value: Any = None) -> None:
        self.set_tags({key: "" if value is None else value})

    def remove_tags(self, tags: Any) -> None:
        left = {key: value for key, value in self.tags.items() if key not in tags}
        self._put({**left, **self._archived()})

    def refresh(self) -> None:
        self._known = self._workspace._service.get("experiments", self._name)

    def get_runs(
        self,
        type: Optional[str] = None,
        tags: Any = None,
        properties: Any = None,
        include_children: bool = False,
    ) -> Iterator[Run]:
        """Its runs, newest first."""
        return Run.list(self, type=type, tags=tags, properties=properties, include_children=include_children)

    def submit(self, config: Any, tags: Optional[Mapping[str, Any]] = None, **kwargs: Any) -> Run:
        """Submits a script with its configuration, an estimator, a search for parameters, or a pipeline."""
        return submit(self, config, tags=tags, **kwargs)

    def start_logging(self, *args: Any, **kwargs: Any) -> Run:
        """Begins a run of this very process, which ends by `complete`.

        What is then new or changed in `outputs` of the current folder becomes part of it, unless other `outputs` are named.
        """
        outputs = kwargs.pop("outputs", args[0] if args else None)
        snapshot_directory = kwargs.pop("snapshot_directory", args[1] if len(args) > 1 else ".")
        display_name = kwargs.pop("display_name", None)
        service = self._workspace._service
        body: Dict[str, Any] = {"experiment": self._name, "kind": "interactive"}
        if snapshot_directory is not None:
            body["snapshot"] = service.snapshot(os.fspath(snapshot_directory))
        if display_name:
            body["displayName"] = display_name
        run = Run._of_resource(self._workspace, service.post("runs", body), outputs=outputs)
        if outputs is None:
            run._watch("outputs")
        return run

    def get_portal_url(self) -> str:
        return str(self._workspace._service.url("experiments", self._name))

    def __enter__(self) -> "Experiment":
        return self

    def __exit__(self, *args: Any) -> None:
        pass

    def _row(self) -> Dict[str, Any]:
        return {"Name": self._name, "Workspace": self._workspace.name}

    def __repr__(self) -> str:
        return display.described("Experiment", self._row())

    def _repr_html_(self) -> str:
        row = {**self._row(), "Report Page": "Link", **display.documentation(Experiment)}
        return display.table(row, {"Report Page": self.get_portal_url()})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Experiment) and (other._workspace, other._name) == (self._workspace, self._name)

    def __hash__(self) -> int:
        return hash(self._name)


def submit(experiment: Experiment, config: Any, tags: Optional[Mapping[str, Any]] = None, **kwargs: Any) -> ScriptRun:
    if hasattr(config, "_submit"):
        made: ScriptRun = config._submit(experiment, tags, **kwargs)
        return made
    parent = kwargs.pop("_parent", None)
    run_id = kwargs.pop("run_id", None)
    display_name = kwargs.pop("display_name", None)
    properties = kwargs.pop("_properties", None)
    if hasattr(config, "_script_run_config"):
        config = config._script_run_config()
    if isinstance(config, RunConfiguration):
        folder = kwargs.pop("source_directory", None) or config.path or "."
        config = ScriptRunConfig(folder, run_config=config)
    elif isinstance(config, (str, os.PathLike)):
        folder = os.fspath(config)
        config = ScriptRunConfig(folder, kwargs.pop("script", None), kwargs.pop("arguments", None), kwargs.pop("run_config", None))
    if not isinstance(config, ScriptRunConfig):
        raise UserErrorException(
            "{} cannot be submitted: give a ScriptRunConfig, or an estimator of azureml.train.".format(type(config).__name__)
        )
    workspace = experiment.workspace
    service = workspace._service
    submission = config._submission(workspace, experiment.name)
    run_id = run_id or run_id_for(submission.configuration, experiment.name)
    body: Dict[str, Any] = {
        "experiment": experiment.name,
        "kind": "script",
        "snapshot": service.snapshot(submission.folder),
        "configuration": placed(submission.configuration, run_id),
    }
    if tags:
        body["tags"] = {key: "" if value is None else str(value) for key, value in tags.items()}
    if submission.properties or properties:
        body["properties"] = {**submission.properties, **(properties or {})}
    for key, value in (("parent", parent), ("runId", run_id), ("displayName", display_name)):
        if value:
            body[key] = value
    run = Run._of_resource(workspace, service.post("runs", body))
    assert isinstance(run, ScriptRun)
    return run
