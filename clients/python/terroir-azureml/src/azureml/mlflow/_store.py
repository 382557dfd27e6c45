"""MLflow's store of runs: the workspace."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Optional, Tuple

from azureml._terroir.errors import AzureMLException
from azureml.mlflow import _entities
from azureml.mlflow._place import workspace_of

try:
    from mlflow.exceptions import MlflowException  # type: ignore[import-not-found,unused-ignore]
    from mlflow.store.tracking.abstract_store import AbstractStore  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    raise ImportError("azureml.mlflow needs MLflow: install mlflow, or mlflow-skinny.") from None

# The run of this process is what MLflow starts first; later ones are its children.
_begun: List[str] = []


def refused(what: str) -> Any:
    return MlflowException(what, error_code=_code("INVALID_PARAMETER_VALUE"))


def _code(name: str) -> int:
    from mlflow.protos import databricks_pb2  # type: ignore[import-not-found,unused-ignore]

    return int(getattr(databricks_pb2, name))


def _absent(what: str) -> Any:
    return MlflowException(what, error_code=_code("RESOURCE_DOES_NOT_EXIST"))


def _taken(what: str) -> Any:
    return MlflowException(what, error_code=_code("RESOURCE_ALREADY_EXISTS"))


def whole(kind: Any) -> Any:
    """A class of MLflow's with what it leaves abstract: each refuses, since releases know methods that others do not."""
    for name in [name for name in dir(kind) if getattr(getattr(kind, name), "__isabstractmethod__", False)]:
        setattr(kind, name, _unknown(name))
    if hasattr(kind, "__abstractmethods__"):
        kind.__abstractmethods__ = frozenset()
    return kind


def _unknown(name: str) -> Any:
    def refuse(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise refused("The workspace's store of MLflow does not know {}.".format(name))

    return refuse


@whole
class TerroirStore(AbstractStore):  # type: ignore[misc,unused-ignore]
    """Experiments, runs, metrics and tags of a workspace; parameters are properties of runs."""

    def __init__(self, store_uri: Optional[str] = None, artifact_uri: Optional[str] = None):
        super().__init__()
        self._workspace = workspace_of(str(store_uri))

    @property
    def _service(self) -> Any:
        return self._workspace._service

    # Experiments

    def _experiments(self) -> List[Tuple[Any, bool]]:
        from azureml.core.experiment import Experiment

        active = {one.name for one in Experiment.list(self._workspace)}
        return [(one, one.name in active) for one in Experiment.list(self._workspace, view_type="All")]

    def _entity(self, one: Any, is_active: bool) -> Any:
        return _entities.experiment(self._workspace, {"name": one.name, "tags": one.tags}, is_active)

    def search_experiments(
        self,
        view_type: Any = 1,
        max_results: int = 1000,
        filter_string: Optional[str] = None,
        order_by: Any = None,
        page_token: Any = None,
    ) -> Any:
        from mlflow.entities import ViewType  # type: ignore[import-not-found,unused-ignore]
        from mlflow.store.entities import PagedList  # type: ignore[import-not-found,unused-ignore]
        from mlflow.utils.search_utils import SearchExperimentsUtils, SearchUtils  # type: ignore[import-not-found,unused-ignore]

        found = [
            self._entity(one, is_active)
            for one, is_active in self._experiments()
            if view_type == ViewType.ALL or is_active == (view_type == ViewType.ACTIVE_ONLY)
        ]
        found = SearchExperimentsUtils.sort(SearchExperimentsUtils.filter(found, filter_string), order_by or [])
        page, token = SearchUtils.paginate(found, page_token, max_results)
        return PagedList(page, token)

    def create_experiment(self, name: str, artifact_location: Any = None, tags: Any = None) -> str:
        if self.get_experiment_by_name(name) is not None:
            raise _taken("Experiment '{}' already exists.".format(name))
        try:
            self._service.put({"tags": {tag.key: str(tag.value) for tag in tags}} if tags else {}, "experiments", name)
        except AzureMLException as e:
            raise refused(e.message) from None
        return _entities.id_of(name)

    def get_experiment_by_name(self, experiment_name: str) -> Any:
        for one, is_active in self._experiments():
            if one.name == experiment_name:
                return self._entity(one, is_active)
        return None

    def get_experiment(self, experiment_id: Any) -> Any:
        name = _entities.name_of(experiment_id)
        found = self.get_experiment_by_name(name)
        if found is None and name == _entities.DEFAULT_NAME:
            self.create_experiment(name)
            found = self.get_experiment_by_name(name)
        if found is None:
            raise _absent("No Experiment with id={} exists".format(experiment_id))
        return found

    def _experiment(self, experiment_id: Any) -> Any:
        from azureml.core.experiment import Experiment

        return Experiment(self._workspace, self.get_experiment(experiment_id).name)

    def delete_experiment(self, experiment_id: Any) -> None:
        """Archives it, from which it can be restored."""
        self._experiment(experiment_id).archive()

    def restore_experiment(self, experiment_id: Any) -> None:
        self._experiment(experiment_id).reactivate()

    def rename_experiment(self, experiment_id: Any, new_name: str) -> None:
        raise refused("An experiment keeps its name.")

    def set_experiment_tag(self, experiment_id: Any, tag: Any) -> None:
        self._experiment(experiment_id).tag(tag.key, tag.value)

    # Runs

    def create_run(self, experiment_id: Any, user_id: Any, start_time: Any, tags: Any, run_name: Any = None) -> Any:
        given = {tag.key: "" if tag.value is None else str(tag.value) for tag in tags or []}
        name = run_name or given.get("mlflow.runName")
        own = os.environ.get("AZUREML_RUN_ID")
        parent = given.get("mlflow.parentRunId")
        if own and not _begun and not parent:
            _begun.append(own)
            changes: Dict[str, Any] = {"tags": given}
            if name:
                changes["displayName"] = name
            return self._run(self._service.patch(changes, "runs", own))
        body: Dict[str, Any] = {"kind": "interactive", "tags": given}
        if parent or own:
            body["parent"] = parent or own
            body["experiment"] = self._known(body["parent"])["experiment"]
        else:
            body["experiment"] = self.get_experiment(experiment_id).name
        if name:
            body["displayName"] = name
        return self._run(self._service.post("runs", body))

    def _known(self, run_id: str) -> Dict[str, Any]:
        found: Optional[Dict[str, Any]] = self._service.get_or_none("runs", run_id)
        if found is None:
            raise _absent("Run '{}' not found".format(run_id))
        return found

    def _run(self, known: Dict[str, Any]) -> Any:
        self._service.flush(known["runId"], 300)
        return _entities.run(self._workspace, known, self._logged(known["runId"]))

    def _logged(self, run_id: str, name: Optional[str] = None) -> Any:
        return self._service.pages("runs/{}/metrics".format(self._service.part(run_id)), name=name, limit=1000)

    def get_run(self, run_id: str) -> Any:
        return self._run(self._known(run_id))

    def update_run_info(self, run_id: str, run_status: Any, end_time: Any, run_name: Any = None) -> Any:
        self._service.flush(run_id, 300)
        changes: Dict[str, Any] = {}
        # The run of this process ends by its script.
        status = None if run_status is None or run_id == os.environ.get("AZUREML_RUN_ID") else _entities.ended(run_status)
        if status:
            changes["status"] = status
        if run_name:
            changes["displayName"] = run_name
        known = self._service.patch(changes, "runs", run_id) if changes else self._known(run_id)
        return _entities.run_info(self._workspace, known, "active")

    def delete_run(self, run_id: str) -> None:
        raise refused("Runs are not deleted: what was run stays on record.")

    def restore_run(self, run_id: str) -> None:
        """None was deleted."""

    # What a run logs

    def log_batch(self, run_id: str, metrics: Any, params: Any, tags: Any) -> None:
        for metric in metrics or []:
            self._service.log(run_id, metric.key, "scalar", metric.value, metric.step, None)
        if params:
            properties = {_entities.PARAMETER + one.key: str(one.value) for one in params}
            try:
                self._service.patch({"properties": properties}, "runs", run_id)
            except AzureMLException as e:
                raise refused("Changing param values is not allowed: {}".format(e.message)) from None
        if tags:
            self._service.patch({"tags": {tag.key: "" if tag.value is None else str(tag.value) for tag in tags}}, "runs", run_id)

    def log_metric(self, run_id: str, metric: Any) -> None:
        self.log_batch(run_id, [metric], [], [])

    def log_param(self, run_id: str, param: Any) -> None:
        self.log_batch(run_id, [], [param], [])

    def set_tag(self, run_id: str, tag: Any) -> None:
        self.log_batch(run_id, [], [], [tag])

    def delete_tag(self, run_id: str, key: str) -> None:
        self._service.patch({"tags": {key: None}}, "runs", run_id)

    def get_metric_history(self, run_id: str, metric_key: str, max_results: Any = None, page_token: Any = None) -> Any:
        from mlflow.store.entities import PagedList

        self._service.flush(run_id, 300)
        return PagedList(_entities.metrics(self._logged(run_id, metric_key)), None)

    def record_logged_model(self, run_id: str, mlflow_model: Any) -> None:
        """What MLflow itself notes of models: a tag."""
        import json

        before = json.loads((self._known(run_id).get("tags") or {}).get("mlflow.log-model.history") or "[]")
        noted = mlflow_model.get_tags_dict() if hasattr(mlflow_model, "get_tags_dict") else mlflow_model.to_dict()
        self._service.patch({"tags": {"mlflow.log-model.history": json.dumps([*before, noted], default=str)}}, "runs", run_id)

    def log_inputs(self, run_id: str, datasets: Any = None, models: Any = None) -> None:
        """Names of datasets become tags."""
        for one in datasets or []:
            self._service.patch({"tags": {"mlflow.dataset." + str(one.dataset.name): str(one.dataset.digest)}}, "runs", run_id)

    def _search_runs(
        self, experiment_ids: Any, filter_string: Any, run_view_type: Any, max_results: Any, order_by: Any, page_token: Any
    ) -> Tuple[List[Any], Any]:
        from mlflow.utils.search_utils import SearchUtils

        found = []
        for experiment_id in experiment_ids:
            for known in self._service.pages("runs", experiment=_entities.name_of(experiment_id), children=True):
                found.append(self._run(known))
        found = SearchUtils.sort(SearchUtils.filter(found, filter_string), order_by or [])
        page, token = SearchUtils.paginate(found, page_token, max_results)
        return list(page), token


# Releases of MLflow differ in what a store must have: what this one does not know is refused when it is called.
