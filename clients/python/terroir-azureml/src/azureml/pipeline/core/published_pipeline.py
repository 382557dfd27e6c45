"""Published pipelines: kept in the workspace's default datastore, to be run again by anybody who has its id."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from typing import Any, Dict, List, Mapping, Optional

from azureml._terroir.errors import UnsupportedHere, UserErrorException
from azureml.pipeline.core._kept import Kept, every_kept, kept
from azureml.pipeline.core.graph import Graph
from azureml.pipeline.core.pipeline import submit_template

__all__ = ["PublishedPipeline", "publish"]


class PublishedPipeline(Kept):
    """A pipeline as it was when it was published, with its scripts, environments and parameters."""

    _FOLDER = "azureml-pipelines"
    _TITLE = "Pipeline"

    @property
    def name(self) -> Optional[str]:
        return self._known.get("name")

    @property
    def version(self) -> Optional[str]:
        return self._known.get("version")

    @property
    def published_date(self) -> datetime:
        return datetime.fromisoformat(self._known["publishedDate"])

    @property
    def parameters(self) -> Dict[str, Any]:
        """The names of its parameters with their default values."""
        return dict(self._known["template"]["parameters"])

    @property
    def endpoint(self) -> str:
        raise UnsupportedHere(
            "A published pipeline has no address of its own: run it with PublishedPipeline.get(ws, '{}').submit(ws, 'experiment', "
            "pipeline_parameters={{...}}).".format(self.id)
        )

    def get_graph(self) -> Graph:
        return Graph(self._known["template"])

    @staticmethod
    def get(workspace: Any, id: str, _service_endpoint: Any = None) -> "PublishedPipeline":
        known = kept(workspace, PublishedPipeline._FOLDER, id)
        if known is None:
            raise UserErrorException("No published pipeline {} is in the workspace {}.".format(id, workspace.name))
        return PublishedPipeline(workspace, known)

    @staticmethod
    def list(workspace: Any, active_only: bool = True, _service_endpoint: Any = None) -> List["PublishedPipeline"]:
        """Those of a workspace, the newest first."""
        found = [PublishedPipeline(workspace, known) for known in every_kept(workspace, PublishedPipeline._FOLDER)]
        found.sort(key=lambda one: str(one._known["publishedDate"]), reverse=True)
        return [one for one in found if not active_only or one.status == "Active"]

    @staticmethod
    def get_all(workspace: Any, active_only: bool = True, _service_endpoint: Any = None) -> Any:
        return PublishedPipeline.list(workspace, active_only)

    def submit(
        self,
        workspace: Any,
        experiment_name: str,
        pipeline_parameters: Optional[Mapping[str, Any]] = None,
        _workflow_provider: Any = None,
        _service_endpoint: Any = None,
        parent_run_id: Optional[str] = None,
        continue_on_step_failure: Optional[bool] = None,
        regenerate_outputs: Optional[bool] = None,
        **kwargs: Any,
    ) -> Any:
        """Runs it; answers its run."""
        from azureml.core.experiment import Experiment

        return self._submit(
            Experiment(workspace, experiment_name),
            kwargs.pop("tags", None),
            pipeline_parameters=pipeline_parameters,
            continue_on_step_failure=continue_on_step_failure,
            regenerate_outputs=bool(regenerate_outputs),
            _parent=parent_run_id,
            **kwargs,
        )

    def _submit(self, experiment: Any, tags: Optional[Mapping[str, Any]], **kwargs: Any) -> Any:
        self._known = PublishedPipeline.get(self.workspace, self.id)._known
        if self.status != "Active":
            raise UserErrorException("The published pipeline {} is disabled: enable() lets it run again.".format(self.id))
        if kwargs.get("continue_on_step_failure") is None:
            kwargs["continue_on_step_failure"] = self._known.get("continueOnStepFailure")
        return submit_template(experiment, {**self._known["template"], "pipelineId": self.id}, tags, **kwargs)


def publish(
    workspace: Any,
    template: Mapping[str, Any],
    name: Optional[str],
    description: Optional[str],
    version: Optional[str],
    continue_on_step_failure: Optional[bool],
) -> PublishedPipeline:
    """Keeps a template in the workspace."""
    known = {
        "id": str(uuid.uuid4()),
        "name": name or "Pipeline {}".format(datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M")),
        "description": description,
        "version": version,
        "status": "Active",
        "publishedDate": datetime.now(timezone.utc).isoformat(),
        "continueOnStepFailure": bool(continue_on_step_failure),
        "template": {key: value for key, value in template.items() if key != "pipelineId"},
    }
    published = PublishedPipeline(workspace, known)
    published._keep()
    return published
