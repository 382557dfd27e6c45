"""Models, registered and deployed."""

from __future__ import annotations

import os
import re
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

from azureml._terroir import display
from azureml._terroir.errors import (
    ModelNotFoundException,
    ModelPathNotFoundException,
    UnsupportedHere,
    UserErrorException,
    WebserviceException,
)
from azureml.core._inference import InferenceConfig, deploy, local_root
from azureml.core._model_package import ModelPackage
from azureml.core._model_facts import (
    FACTS,
    SAMPLE_INPUT,
    SAMPLE_OUTPUT,
    added,
    dataset_ids,
    dataset_of,
    datasets_of,
    facts_of,
    resources_of,
)
from azureml.core.resource_configuration import ResourceConfiguration

__all__ = ["InferenceConfig", "Model", "ModelPackage", "ResourceConfiguration"]

_MAX_NAME = 255


class Model:
    """A registered model: a file or a folder, with its version."""

    class Framework:
        """Frameworks by the names that the SDK gives them."""

        CUSTOM = "Custom"
        ONNX = "Onnx"
        SCIKITLEARN = "ScikitLearn"
        TENSORFLOW = "TensorFlow"
        PYTORCH = "PyTorch"
        TFKERAS = "TfKeras"
        MULTI = "Multi"
        OPENVINO = "OpenVino"

    def __init__(
        self,
        workspace: Any,
        name: Optional[str] = None,
        id: Optional[str] = None,
        tags: Any = None,
        properties: Any = None,
        version: Optional[Union[int, str]] = None,
        run_id: Optional[str] = None,
        model_framework: Optional[str] = None,
        expand: bool = True,
        **kwargs: Any,
    ):
        self.workspace = workspace
        known = kwargs.pop("_known", None)
        if known is None:
            if id is not None:
                name, _, found = str(id).partition(":")
                version = found or version
            if name is None:
                raise UserErrorException("A model is found by its name or id; give one.")
            if not (tags or properties or run_id or model_framework):
                known = workspace._service.get_or_none("models", name, "versions", "latest" if version is None else str(version))
            else:
                for model in Model.list(workspace, name, tags, properties, run_id):
                    if version is None or model.version == int(version):
                        if model_framework is None or model._known.get("modelFramework") == model_framework:
                            known = model._known
                            break
            if known is None:
                raise WebserviceModelNotFound(
                    "ModelNotFound: Model with name {}{} not found in provided workspace".format(
                        name, "" if version is None else ", version {}".format(version)
                    )
                )
        self._known: Dict[str, Any] = known

    @property
    def name(self) -> str:
        return str(self._known["name"])

    @property
    def version(self) -> int:
        return int(self._known["version"])

    @property
    def id(self) -> str:
        return str(self._known.get("id") or "{}:{}".format(self.name, self.version))

    @property
    def url(self) -> str:
        return "aml://asset/{}".format(self.id)

    @property
    def tags(self) -> Dict[str, str]:
        return dict(self._known.get("tags") or {})

    @property
    def tag_dict(self) -> Dict[str, str]:
        return self.tags

    @property
    def properties(self) -> Dict[str, str]:
        return {key: value for key, value in (self._known.get("properties") or {}).items() if not key.startswith(FACTS)}

    @property
    def description(self) -> Optional[str]:
        return self._known.get("description")

    @property
    def created_time(self) -> Any:
        return _moment(self._known.get("createdTime"))

    @property
    def created_by(self) -> Optional[Dict[str, Any]]:
        return self._known.get("createdBy")

    @property
    def run_id(self) -> Optional[str]:
        return self._known.get("runId")

    @property
    def run(self) -> Any:
        from azureml.core.run import Run

        return Run.get(self.workspace, self.run_id) if self.run_id else None

    @property
    def experiment_name(self) -> Optional[str]:
        return self.run.experiment.name if self.run_id else None

    @property
    def model_framework(self) -> Optional[str]:
        return self._known.get("modelFramework")

    @property
    def model_framework_version(self) -> Optional[str]:
        return self._known.get("modelFrameworkVersion")

    @property
    def mime_type(self) -> str:
        return "application/x-python"

    @property
    def unpack(self) -> bool:
        return bool(self._known.get("isFolder"))

    @property
    def _facts(self) -> Dict[str, str]:
        return dict(self._known.get("properties") or {})

    @property
    def datasets(self) -> Dict[str, List[Any]]:
        """What it was made of, by its purpose."""
        return datasets_of(self.workspace, self._facts)

    @property
    def sample_input_dataset(self) -> Any:
        return dataset_of(self.workspace, self._facts, SAMPLE_INPUT)

    @property
    def sample_output_dataset(self) -> Any:
        return dataset_of(self.workspace, self._facts, SAMPLE_OUTPUT)

    @property
    def resource_configuration(self) -> Optional[ResourceConfiguration]:
        return resources_of(self._facts)

    parent_id = None
    derived_model_id = None

    # Registering

    @staticmethod
    def register(
        workspace: Any,
        model_path: str,
        model_name: str,
        tags: Any = None,
        properties: Optional[Mapping[str, Any]] = None,
        description: Optional[str] = None,
        datasets: Any = None,
        model_framework: Optional[str] = None,
        model_framework_version: Optional[str] = None,
        child_paths: Optional[Sequence[str]] = None,
        sample_input_dataset: Any = None,
        sample_output_dataset: Any = None,
        resource_configuration: Optional[ResourceConfiguration] = None,
    ) -> "Model":
        """Registers a file or folder under the next version of a name."""
        _require_name(model_name)
        path = os.fspath(model_path)
        if path.startswith("azureml-models/") or path.startswith("azureml://"):
            raise UnsupportedHere("A model is registered from a file, a folder or a run's outputs, not from {}.".format(path))
        if not os.path.exists(path):
            raise ModelPathNotFoundException("Error, provided model path \"{}\" cannot be found".format(model_path))
        print("Registering model {}".format(model_name))
        body = _registration(model_name, tags, properties, description, model_framework, model_framework_version)
        body["properties"].update(facts_of(workspace, datasets, sample_input_dataset, sample_output_dataset, resource_configuration))
        body.update(workspace._service.keep_files(path, child_paths))
        return Model(workspace, _known=workspace._service.post("models", body))

    @staticmethod
    def _register_of_run(
        run: Any,
        model_name: str,
        path: str,
        tags: Any,
        properties: Any,
        description: Optional[str],
        model_framework: Optional[str],
        model_framework_version: Optional[str],
        datasets: Any = None,
        sample_input_dataset: Any = None,
        sample_output_dataset: Any = None,
        resource_configuration: Optional[ResourceConfiguration] = None,
    ) -> "Model":
        _require_name(model_name)
        workspace = run.experiment.workspace
        body = _registration(model_name, tags, properties, description, model_framework, model_framework_version)
        body["properties"].update(facts_of(workspace, datasets, sample_input_dataset, sample_output_dataset, resource_configuration))
        body.update(run=run.id, path=path)
        try:
            known = workspace._service.post("models", body)
        except WebserviceException as e:
            if e.status_code != 404:
                raise
            raise ModelPathNotFoundException(
                "Could not locate the provided model_path {} in the set of files uploaded to the run: {}".format(path, run.get_file_names()), e
            ) from None
        return Model(workspace, _known=known)

    @staticmethod
    def list(
        workspace: Any,
        name: Optional[str] = None,
        tags: Any = None,
        properties: Any = None,
        run_id: Optional[str] = None,
        latest: bool = False,
        dataset_id: Optional[str] = None,
        expand: bool = True,
        page_count: int = 255,
        model_framework: Optional[str] = None,
    ) -> List["Model"]:
        wanted = _tag_queries(tags)
        found = []
        for item in workspace._service.pages(
            "models", name=name, tag=wanted, run=run_id, latest=True if latest else None, limit=min(max(page_count, 1), 1000)
        ):
            if model_framework is not None and item.get("modelFramework") != model_framework:
                continue
            has = item.get("properties") or {}
            if dataset_id is not None and dataset_id not in dataset_ids(has):
                continue
            if all(_holds(has, query) for query in _tag_queries(properties) or []):
                found.append(Model(workspace, _known=item))
        return found

    @staticmethod
    def get_model_path(model_name: str, version: Optional[Union[int, str]] = None, _workspace: Any = None) -> str:
        """Where a model lies: in a service below its model folder, else where it is downloaded to."""
        root = local_root(model_name, None if version is None else str(version))
        if root is not None:
            return root
        workspace = _workspace
        if workspace is None:
            from azureml.core._offline_run import _OfflineRun
            from azureml.core.run import Run

            run = Run.get_context()
            if isinstance(run, _OfflineRun):
                raise ModelNotFoundException(
                    "Model {} is not here, and there is no run or service around: pass _workspace, or use "
                    "Model(workspace, {!r}).download().".format(model_name, model_name)
                )
            workspace = run.experiment.workspace
        model = Model(workspace, model_name, version=version)
        return model.download(os.path.join("azureml-models", model.name, str(model.version)), exist_ok=True)

    def download(self, target_dir: str = ".", exist_ok: bool = False, exists_ok: Optional[bool] = None) -> str:
        """Downloads its file or folder; answers the path."""
        may_exist = exist_ok if exists_ok is None else exists_ok
        files = [item["name"] for item in self.workspace._service.get("models", self.name, "versions", str(self.version), "files")["items"]]
        if not files:
            raise ModelNotFoundException("The model {} has no files.".format(self.id))
        target = os.path.join(os.fspath(target_dir), str(self._known.get("path") or files[0].split("/")[0]))
        if os.path.exists(target) and not may_exist:
            raise WebserviceException(
                "Unable to download item to {}: it is there already. Pass exist_ok=True to replace it.".format(target)
            )
        for file in files:
            parts = file.split("/")
            if ".." in parts or "" in parts:
                raise UserErrorException("The model {} holds a file that leaves its folder: {}.".format(self.id, file))
            place = os.path.join(target, *parts) if self.unpack else target
            self.workspace._service.get_file(place, "models", self.name, "versions", str(self.version), "files", *parts)
        return target

    def delete(self) -> None:
        self.workspace._service.delete("models", self.name, "versions", str(self.version))

    def update(
        self,
        tags: Optional[Mapping[str, Any]] = None,
        description: Optional[str] = None,
        sample_input_dataset: Any = None,
        sample_output_dataset: Any = None,
        resource_configuration: Any = None,
    ) -> None:
        changes: Dict[str, Any] = {}
        if tags is not None:
            changes["tags"] = {**{key: None for key in self.tags}, **_strings(tags)}
        if description is not None:
            changes["description"] = description
        facts = facts_of(self.workspace, None, sample_input_dataset, sample_output_dataset, resource_configuration, self._facts)
        if facts:
            changes["properties"] = facts
        self._patch(changes)

    def _patch(self, changes: Dict[str, Any]) -> None:
        self._known = self.workspace._service.patch(changes, "models", self.name, "versions", str(self.version))

    def add_tags(self, tags: Mapping[str, Any]) -> None:
        self._patch({"tags": _strings(tags)})

    def add_properties(self, properties: Mapping[str, Any]) -> None:
        self._patch({"properties": _strings(properties)})

    def remove_tags(self, tags: Any) -> None:
        self._patch({"tags": {key: None for key in ([tags] if isinstance(tags, str) else tags)}})

    def update_tags_properties(self, add_tags: Any = None, remove_tags: Any = None, add_properties: Any = None) -> None:
        if remove_tags:
            self.remove_tags(remove_tags)
        if add_tags:
            self.add_tags(add_tags)
        if add_properties:
            self.add_properties(add_properties)

    def add_dataset_references(self, datasets: Any) -> None:
        """Notes datasets beside those that it has."""
        self._patch({"properties": added(self.workspace, self._facts, datasets)})

    def get_sas_urls(self) -> Dict[str, str]:
        files = self.workspace._service.get("models", self.name, "versions", str(self.version), "files")["items"]
        return {
            item["name"]: self.workspace._service.url("models", self.name, "versions", str(self.version), "files", *item["name"].split("/"))
            for item in files
        }

    # Deploying

    @staticmethod
    def deploy(
        workspace: Any,
        name: str,
        models: Sequence["Model"],
        inference_config: Optional[InferenceConfig] = None,
        deployment_config: Any = None,
        deployment_target: Any = None,
        overwrite: bool = False,
        show_output: bool = False,
    ) -> Any:
        """Deploys models with an entry script as a web service."""
        return deploy(workspace, name, models, inference_config, deployment_config, deployment_target, overwrite, show_output)

    @staticmethod
    def package(
        workspace: Any,
        models: Sequence["Model"],
        inference_config: Optional[InferenceConfig] = None,
        generate_dockerfile: bool = False,
        image_name: Optional[str] = None,
        image_label: Optional[str] = None,
    ) -> "ModelPackage":
        """The models with their script as an image, or with a Dockerfile to build one."""
        if inference_config is None:
            raise UserErrorException("Model.package needs an inference_config with an entry_script.")
        found = [model if isinstance(model, Model) else Model(workspace, id=str(model)) for model in models or []]
        return ModelPackage(workspace, found, inference_config, generate_dockerfile, image_name, image_label)

    @staticmethod
    def profile(
        workspace: Any,
        profile_name: str,
        models: Sequence["Model"],
        inference_config: InferenceConfig,
        input_dataset: Any,
        cpu: Optional[float] = None,
        memory_in_gb: Optional[float] = None,
        description: Optional[str] = None,
    ) -> Any:
        """Measures how long a service takes to answer the rows of a dataset."""
        from azureml.core.profile import ModelProfile

        return ModelProfile(workspace, profile_name, models, inference_config, input_dataset, cpu, memory_in_gb, description)

    def serialize(self) -> Dict[str, Any]:
        return {
            "createdTime": self._known.get("createdTime"),
            "description": self.description,
            "id": self.id,
            "name": self.name,
            "version": self.version,
            "properties": self.properties,
            "tags": self.tags,
            "runId": self.run_id,
            "framework": self.model_framework,
            "frameworkVersion": self.model_framework_version,
            "url": self.url,
        }

    def print_configuration(self) -> None:
        print(self)

    def _row(self) -> Dict[str, Any]:
        return {"workspace": repr(self.workspace), "name": self.name, "id": self.id, "version": self.version, "tags": self.tags, "properties": self.properties}

    def __repr__(self) -> str:
        row = ", ".join("{}={}".format(key, value) for key, value in self._row().items())
        return "Model({})".format(row)

    def _repr_html_(self) -> str:
        return display.table({"Name": self.name, "Id": self.id, "Version": self.version, "Created": self._known.get("createdTime")})


class WebserviceModelNotFound(WebserviceException, ModelNotFoundException):
    """A model that there is not; caught as either of the exceptions that releases raised."""


WebserviceModelNotFound.__name__ = "WebserviceException"


def _require_name(name: Any) -> None:
    if not isinstance(name, str) or not re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z", name):
        raise WebserviceException(
            "Invalid model name {!r}: use letters, digits, `-`, `_` and `.`, a letter or digit first.".format(name)
        )
    if len(name) > _MAX_NAME:
        raise WebserviceException("Invalid model name: it has {} characters, and at most {} are allowed.".format(len(name), _MAX_NAME))


def _strings(values: Any) -> Dict[str, str]:
    if values is None:
        return {}
    if isinstance(values, Mapping):
        return {str(key): "" if value is None else str(value) for key, value in values.items()}
    return {str(key): "" for key in ([values] if isinstance(values, str) else values)}


def _registration(
    name: str, tags: Any, properties: Any, description: Optional[str], framework: Optional[str], framework_version: Optional[str]
) -> Dict[str, Any]:
    body: Dict[str, Any] = {"name": name, "tags": _strings(tags), "properties": _strings(properties)}
    for key, value in (("description", description), ("modelFramework", framework), ("modelFrameworkVersion", framework_version)):
        if value is not None:
            body[key] = value
    return body


def _tag_queries(tags: Any) -> Optional[List[str]]:
    """Tags to look for: a name, `[name, [name, value]]`, or a dict."""
    if not tags:
        return None
    if isinstance(tags, str):
        return [tags]
    if isinstance(tags, Mapping):
        return ["{}={}".format(key, value) for key, value in tags.items()]
    return [tag if isinstance(tag, str) else "=".join(str(part) for part in tag) for tag in tags]


def _holds(has: Mapping[str, str], query: str) -> bool:
    key, separator, value = query.partition("=")
    return key in has and (not separator or has[key] == value)


def _moment(text: Optional[str]) -> Any:
    if not text:
        return None
    from datetime import datetime

    try:
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text.replace("Z", "+00:00")))
    except ValueError:
        return text
