"""Endpoints of pipelines: a name under which one version of a published pipeline after the other is run."""

from __future__ import annotations

import re
import uuid
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

from azureml._terroir.errors import UnsupportedHere, UserErrorException
from azureml.pipeline.core._kept import Kept, every_kept, kept
from azureml.pipeline.core.published_pipeline import PublishedPipeline

__all__ = ["PipelineEndpoint"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]*\Z")


class PipelineVersion(NamedTuple):
    """A version of an endpoint."""

    version: str
    pipeline: PublishedPipeline


class PipelineEndpoint(Kept):
    """A name with versions, each a published pipeline, one of them the default."""

    _FOLDER = "azureml-pipeline-endpoints"
    _TITLE = "PipelineEndpoint"

    @property
    def name(self) -> str:
        return str(self._known["name"])

    @property
    def default_version(self) -> str:
        return str(self._known["defaultVersion"])

    @property
    def endpoint(self) -> str:
        raise UnsupportedHere(
            "A PipelineEndpoint has no address of its own: run it with PipelineEndpoint.get(ws, name={!r}).submit('experiment').".format(self.name)
        )

    @staticmethod
    def publish(workspace: Any, name: str, pipeline: Any, description: Optional[str] = None, **kwargs: Any) -> "PipelineEndpoint":
        """Begins one with a pipeline or a published pipeline as its first version, 0."""
        if not isinstance(name, str) or not _NAME.match(name):
            raise UserErrorException("The name of a PipelineEndpoint expected letters, digits, spaces, `.`, `_` and `-`, {!r} found.".format(name))
        if _named(workspace, name) is not None:
            raise UserErrorException("There is a PipelineEndpoint {} already: add_default() gives it another version.".format(name))
        published = _published(pipeline, name, description)
        known = {
            "id": str(uuid.uuid4()),
            "name": name,
            "description": description,
            "status": "Active",
            "versions": {"0": published.id},
            "defaultVersion": "0",
        }
        endpoint = PipelineEndpoint(workspace, known)
        endpoint._keep()
        return endpoint

    @staticmethod
    def get(workspace: Any, id: Optional[str] = None, name: Optional[str] = None, **kwargs: Any) -> "PipelineEndpoint":
        known = _named(workspace, name) if name is not None else kept(workspace, PipelineEndpoint._FOLDER, str(id))
        if known is None:
            raise UserErrorException("No PipelineEndpoint {} is in the workspace {}.".format(name or id, workspace.name))
        return PipelineEndpoint(workspace, known)

    @staticmethod
    def list(workspace: Any, active_only: bool = True, **kwargs: Any) -> List["PipelineEndpoint"]:
        found = [PipelineEndpoint(workspace, known) for known in every_kept(workspace, PipelineEndpoint._FOLDER)]
        return [one for one in found if not active_only or one.status == "Active"]

    @staticmethod
    def get_all(workspace: Any, active_only: bool = True, **kwargs: Any) -> Any:
        return PipelineEndpoint.list(workspace, active_only)

    def add(self, pipeline: Any) -> str:
        """Adds a version; answers it."""
        version = str(1 + max(int(one) for one in self._known["versions"]))
        self._change(versions={**self._known["versions"], version: _published(pipeline, self.name, self.description).id})
        return version

    def add_default(self, pipeline: Any) -> str:
        """Adds a version and makes it the default one."""
        version = self.add(pipeline)
        self.set_default_version(version)
        return version

    def set_default_version(self, version: Any) -> None:
        self.get_pipeline(str(version))
        self._change(defaultVersion=str(version))

    def set_default(self, pipeline: Any) -> None:
        """Makes the version of a published pipeline the default one."""
        for version, pipeline_id in self._known["versions"].items():
            if pipeline_id == pipeline.id:
                self._change(defaultVersion=version)
                return
        raise UserErrorException("The pipeline {} is no version of the PipelineEndpoint {}: add() it.".format(pipeline.id, self.name))

    def set_name(self, name: str) -> None:
        there = _named(self.workspace, name)
        if there is not None and there["id"] != self.id:
            raise UserErrorException("There is a PipelineEndpoint {} already.".format(name))
        self._change(name=name)

    def set_description(self, description: str) -> None:
        self._change(description=description)

    def get_pipeline(self, version: Optional[str] = None) -> PublishedPipeline:
        chosen = self.default_version if version is None else str(version)
        if chosen not in self._known["versions"]:
            raise UserErrorException("The PipelineEndpoint {} has no version {}; it has {}.".format(self.name, chosen, ", ".join(self._known["versions"])))
        return PublishedPipeline.get(self.workspace, self._known["versions"][chosen])

    def get_default_version(self) -> str:
        return self.default_version

    def list_versions(self, active_only: bool = True) -> List["PipelineVersion"]:
        """Its versions, each with its pipeline."""
        found = [PipelineVersion(version, self.get_pipeline(version)) for version in self._known["versions"]]
        return [one for one in found if not active_only or one.pipeline.status == "Active"]

    def get_all_versions(self) -> Any:
        return self.list_versions(active_only=False)

    def list_pipelines(self, active_only: bool = True) -> List[PublishedPipeline]:
        return [one.pipeline for one in self.list_versions(active_only)]

    def get_all_pipelines(self, active_only: bool = True) -> Any:
        return self.list_pipelines(active_only)

    def submit(
        self,
        experiment_name: str,
        pipeline_parameters: Optional[Mapping[str, Any]] = None,
        pipeline_version: Optional[str] = None,
        **kwargs: Any,
    ) -> Any:
        """Runs a version of it, the default one unless another is named."""
        from azureml.core.experiment import Experiment

        experiment = Experiment(self.workspace, experiment_name)
        return self._submit(experiment, kwargs.pop("tags", None), pipeline_parameters=pipeline_parameters, pipeline_version=pipeline_version, **kwargs)

    def _submit(self, experiment: Any, tags: Optional[Mapping[str, Any]], pipeline_version: Optional[str] = None, **kwargs: Any) -> Any:
        if self.status != "Active":
            raise UserErrorException("The PipelineEndpoint {} is disabled: enable() lets it run again.".format(self.name))
        return self.get_pipeline(pipeline_version)._submit(experiment, tags, **kwargs)

    def archive(self) -> None:
        self.disable()

    def reactivate(self) -> None:
        self.enable()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PipelineEndpoint) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def _row(self) -> Dict[str, Any]:
        return {**super()._row(), "Default Version": self.default_version}


def _named(workspace: Any, name: str) -> Optional[Dict[str, Any]]:
    return next((one for one in every_kept(workspace, PipelineEndpoint._FOLDER) if one["name"] == name), None)


def _published(pipeline: Any, name: str, description: Optional[str]) -> PublishedPipeline:
    if isinstance(pipeline, PublishedPipeline):
        return pipeline
    if not hasattr(pipeline, "publish"):
        raise UserErrorException("pipeline expected a Pipeline or a PublishedPipeline, {!r} found.".format(pipeline))
    published: PublishedPipeline = pipeline.publish(name=name, description=description)
    return published
