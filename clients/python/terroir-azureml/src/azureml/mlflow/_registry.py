"""MLflow's registry of models: that of the workspace. A model is its versions; the first one makes it."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Optional

from azureml._terroir.errors import AzureMLException
from azureml.mlflow import _entities
from azureml.mlflow._entities import _made
from azureml.mlflow._place import artifact_uri, files_of, workspace_of
from azureml.mlflow._store import _absent, _taken, refused, whole

from mlflow.entities.model_registry import ModelVersion, ModelVersionTag, RegisteredModel  # type: ignore[import-not-found,unused-ignore]
from mlflow.store.entities import PagedList  # type: ignore[import-not-found,unused-ignore]
from mlflow.store.model_registry.abstract_store import AbstractStore  # type: ignore[import-not-found,unused-ignore]


@whole
class TerroirRegistry(AbstractStore):  # type: ignore[misc,unused-ignore]
    """The models of a workspace."""

    def __init__(self, store_uri: Optional[str] = None, tracking_uri: Optional[str] = None, **kwargs: Any):
        try:
            super().__init__(store_uri, tracking_uri)
        except TypeError:
            super().__init__()
        self._workspace = workspace_of(str(store_uri))

    def _models(self, name: Optional[str], latest: bool = False) -> List[Any]:
        from azureml.core.model import Model

        return list(Model.list(self._workspace, name=name, latest=latest))

    def _model(self, name: str, version: Any) -> Any:
        for one in self._models(name):
            if str(one.version) == str(version):
                return one
        raise _absent("Model Version (name={}, version={}) not found".format(name, version))

    def _version(self, model: Any) -> Any:
        at = _entities.millis(model.serialize()["createdTime"])
        place = artifact_uri(self._workspace, "models", model.name, "versions", str(model.version))
        return _made(
            ModelVersion,
            name=model.name,
            version=str(model.version),
            creation_timestamp=at,
            last_updated_timestamp=at,
            description=model.description,
            current_stage="None",
            source=place,
            run_id=model.run_id,
            status="READY",
            tags=[ModelVersionTag(key, value) for key, value in model.tags.items()],
        )

    def _registered(self, name: str, latest: List[Any]) -> Any:
        at = [one.creation_timestamp for one in latest]
        return _made(
            RegisteredModel,
            name=name,
            creation_timestamp=min(at) if at else None,
            last_updated_timestamp=max(at) if at else None,
            latest_versions=latest,
        )

    def create_registered_model(self, name: str, tags: Any = None, description: Any = None, **kwargs: Any) -> Any:
        if self._models(name):
            raise _taken("Registered Model (name={}) already exists.".format(name))
        return self._registered(name, [])

    def get_registered_model(self, name: str) -> Any:
        latest = self.get_latest_versions(name)
        if not latest:
            raise _absent("Registered Model with name={} not found".format(name))
        return self._registered(name, latest)

    def get_latest_versions(self, name: str, stages: Any = None) -> List[Any]:
        return [self._version(one) for one in self._models(name, latest=True)]

    def search_registered_models(
        self, filter_string: Any = None, max_results: Any = None, order_by: Any = None, page_token: Any = None
    ) -> Any:
        found: Dict[str, Any] = {}
        for one in self._models(_named(filter_string), latest=True):
            found[one.name] = self._registered(one.name, [self._version(one)])
        return PagedList([found[name] for name in sorted(found)], None)

    def create_model_version(
        self, name: str, source: str, run_id: Any = None, tags: Any = None, run_link: Any = None, description: Any = None, **kwargs: Any
    ) -> Any:
        from azureml.core.run import Run

        parts = files_of(source)
        if parts[0] != "runs" or len(parts) < 3:
            raise refused("A model is registered from the files of a run, such as runs:/ID/model, not from {}.".format(source))
        noted = {tag.key: tag.value for tag in tags or []}
        try:
            run = Run.get(self._workspace, parts[1])
            return self._version(run.register_model(name, "/".join(parts[2:]), tags=noted, description=description))
        except AzureMLException as e:
            raise refused(e.message) from None

    def get_model_version(self, name: str, version: Any) -> Any:
        return self._version(self._model(name, version))

    def get_model_version_download_uri(self, name: str, version: Any) -> str:
        return str(self.get_model_version(name, version).source)

    def search_model_versions(
        self, filter_string: Any = None, max_results: Any = None, order_by: Any = None, page_token: Any = None
    ) -> Any:
        return PagedList([self._version(one) for one in self._models(_named(filter_string))], None)

    def set_model_version_tag(self, name: str, version: Any, tag: Any) -> None:
        self._model(name, version).add_tags({tag.key: tag.value})

    def delete_model_version_tag(self, name: str, version: Any, key: str) -> None:
        self._model(name, version).remove_tags([key])

    def update_model_version(self, name: str, version: Any, description: Any = None) -> Any:
        model = self._model(name, version)
        model.update(description=description)
        return self._version(model)

    def delete_model_version(self, name: str, version: Any) -> None:
        self._model(name, version).delete()

    def delete_registered_model(self, name: str) -> None:
        for one in self._models(name):
            one.delete()


def _named(filter_string: Any) -> Optional[str]:
    """The name of `name='NAME'`; other filters are refused."""
    if not filter_string:
        return None
    found = re.fullmatch(r"\s*name\s*=\s*(['\"])(.*)\1\s*", str(filter_string))
    if not found:
        raise refused("Models are looked for by name='NAME', not by {}.".format(filter_string))
    return found.group(2)
