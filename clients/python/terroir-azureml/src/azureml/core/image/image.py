"""Images of the time before environments: a script with models and packages, which services are made of."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from terroir import snapshot as snapshots

from azureml._terroir.errors import UnsupportedHere, WebserviceException
from azureml.core._image_build import ImageBuildDetails
from azureml.core._inference import InferenceConfig
from azureml.core.model import Model, _holds, _moment, _strings, _tag_queries

__all__ = ["ContainerImage", "ContainerImageConfig", "Image", "ImageBuildDetails", "ImageConfig"]

_KEPT = "azureml-images"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,30}[a-z0-9]\Z")


class ImageConfig:
    """What an image is made of."""

    def validate_configuration(self) -> None:
        """Everything has been looked at."""


class ContainerImageConfig(ImageConfig):
    """A script with the files and packages that it needs."""

    def __init__(
        self,
        execution_script: str,
        runtime: str,
        conda_file: Optional[str] = None,
        docker_file: Optional[str] = None,
        schema_file: Optional[str] = None,
        dependencies: Optional[Sequence[str]] = None,
        enable_gpu: Optional[bool] = None,
        tags: Optional[Mapping[str, Any]] = None,
        properties: Optional[Mapping[str, Any]] = None,
        description: Optional[str] = None,
        base_image: Optional[str] = None,
        base_image_registry: Any = None,
        cuda_version: Optional[str] = None,
    ):
        self.execution_script = execution_script
        self.runtime = runtime
        self.conda_file = conda_file
        self.docker_file = docker_file
        self.schema_file = schema_file
        self.dependencies = dependencies
        self.enable_gpu = enable_gpu
        self.tags = tags
        self.properties = properties
        self.description = description
        self.base_image = base_image
        self.base_image_registry = base_image_registry
        self.cuda_version = cuda_version
        self._inference()

    def validate_configuration(self) -> None:
        self._inference()

    def _inference(self) -> InferenceConfig:
        return _ScriptWithFiles(self)


class _ScriptWithFiles(InferenceConfig):
    """The script of an image with what lies beside it."""

    def __init__(self, config: ContainerImageConfig):
        self._others: List[Tuple[str, str]] = []
        for path in [*(config.dependencies or []), *([config.schema_file] if config.schema_file else [])]:
            if os.path.isdir(path):
                below = _below_here(path)
                self._others += [("{}/{}".format(below, name) if below else name, str(file)) for name, file in snapshots.files_of(path, ignore=False)]
            elif os.path.isfile(path):
                self._others.append((_below_here(path), os.path.abspath(path)))
            else:
                raise WebserviceException("Error, unable to find the dependency {}.".format(path))
        super().__init__(
            entry_script=config.execution_script,
            runtime=config.runtime,
            conda_file=config.conda_file,
            extra_docker_file_steps=config.docker_file,
            enable_gpu=config.enable_gpu,
            description=config.description,
            base_image=config.base_image,
            base_image_registry=config.base_image_registry,
            cuda_version=config.cuda_version,
        )

    def _files(self) -> List[Tuple[str, str]]:
        script = super()._files()
        return script + [(name, file) for name, file in dict(self._others).items() if name != script[0][0]]


def _below_here(path: str) -> str:
    relative = os.path.relpath(path)
    if relative == ".":
        return ""
    return os.path.basename(os.path.abspath(path)) if relative.startswith("..") or os.path.isabs(relative) else relative.replace(os.sep, "/")


class Image:
    """An image by its name: the newest version, or the one that is named."""

    _kind = "Docker"

    def __init__(
        self,
        workspace: Any,
        name: Optional[str] = None,
        id: Optional[str] = None,
        tags: Any = None,
        properties: Any = None,
        version: Any = None,
        **kwargs: Any,
    ):
        known = kwargs.get("_known")
        if known is None:
            if id is not None:
                name, _, found = str(id).partition(":")
                version = found or version
            if name is None:
                raise WebserviceException("An image is found by its name or id; give one.")
            every = [item for item in _kept(workspace, name) if version is None or item["version"] == int(version)]
            every = [item for item in every if _fits(item, tags, properties)]
            if not every:
                raise WebserviceException(
                    "ImageNotFound: Image with name {}{} not found in provided workspace".format(
                        name, "" if version is None else ", version {}".format(version)
                    )
                )
            known = every[-1]
        self.workspace = workspace
        self._known: Dict[str, Any] = known

    name = property(lambda self: str(self._known["name"]))
    version = property(lambda self: int(self._known["version"]))
    image_type = property(lambda self: self._kind)
    description = property(lambda self: self._known.get("description"))
    tags = property(lambda self: dict(self._known.get("tags") or {}))
    properties = property(lambda self: dict(self._known.get("properties") or {}))
    created_time = property(lambda self: _moment(self._known.get("createdTime")))

    @property
    def id(self) -> str:
        return "{}:{}".format(self.name, self.version)

    @property
    def models(self) -> List[Model]:
        return [Model(self.workspace, id=found) for found in self._known.get("models") or []]

    @property
    def _environment(self) -> Any:
        from azureml.core.environment import Environment

        return Environment.get(self.workspace, self._known["environment"]["name"], self._known["environment"]["version"])

    @property
    def image_location(self) -> Optional[str]:
        """Where the image of its packages is when `Environment.build` has made it."""
        return str(self._environment.get_image_details(self.workspace).image)

    @property
    def image_build_log_uri(self) -> str:
        return str(self.workspace._service.url("jobs", self._known["job"], "log"))

    @property
    def creation_state(self) -> str:
        job = self.workspace._service.get_or_none("jobs", self._known["job"])
        status = "Succeeded" if job is None else str(job["status"])
        return {"Queued": "NotStarted", "Canceled": "Failed"}.get(status, status)

    @property
    def creation_error(self) -> Any:
        job = self.workspace._service.get_or_none("jobs", self._known["job"]) or {}
        return job.get("error")

    # Making

    @staticmethod
    def create(workspace: Any, name: str, models: Sequence[Any], image_config: ContainerImageConfig) -> "ContainerImage":
        """Keeps the script, its files and models, and prepares the packages."""
        if not isinstance(name, str) or not _NAME.match(name):
            raise WebserviceException("Invalid image name {!r}: use 3 to 32 lower-case letters, digits and `-`, a letter or digit first and last.".format(name))
        found = [model if isinstance(model, Model) else Model(workspace, id=str(model)) for model in models or []]
        inference = image_config._inference()
        environment = inference._environment(workspace).clone("image-{}".format(name)).register(workspace)
        job = workspace._service.post("builds", {"definition": environment._for_server(), "kind": "local", "useDocker": False, "pushImageToWorkspaceAcr": False})
        from datetime import datetime, timezone

        known: Dict[str, Any] = {
            "name": name,
            "version": max([item["version"] for item in _kept(workspace, name)], default=0) + 1,
            "models": [model.id for model in found],
            "script": inference._script_for_server(workspace),
            "environment": {"name": environment.name, "version": environment.version},
            "job": job["id"],
            "tags": _strings(image_config.tags),
            "properties": _strings(image_config.properties),
            "description": image_config.description,
            "createdTime": datetime.now(timezone.utc).isoformat(),
        }
        print("Creating image")
        _keep(workspace, known, overwrite=False)
        return ContainerImage(workspace, _known=known)

    def wait_for_creation(self, show_output: bool = False) -> None:
        """Waits until its packages are there, and raises when they cannot be."""
        if show_output:
            print("Running", end="")
            sys.stdout.flush()
        lines: List[str] = []
        self.workspace._service.follow("jobs", self._known["job"], lines.append)
        state = self.creation_state
        if show_output:
            print(".\n{}".format(state))
            print('Image creation operation finished for image {}, operation "{}"'.format(self.id, state))
        if state != "Succeeded":
            error = self.creation_error or {}
            raise WebserviceException(
                "Image creation polling reached non-successful terminal state, current state: {}\nError: {}\nThe end of the log, all of which is at {}:\n{}".format(
                    state, error.get("detail") or error.get("title"), self.image_build_log_uri, "\n".join(lines[-40:])
                )
            )

    def _inference_for_server(self) -> Dict[str, Any]:
        environment = self._known["environment"]
        return dict(self._known["script"], environment={"name": environment["name"], "version": environment["version"]})

    # Kept ones

    @staticmethod
    def list(
        workspace: Any,
        image_name: Optional[str] = None,
        model_name: Optional[str] = None,
        model_id: Optional[str] = None,
        tags: Any = None,
        properties: Any = None,
    ) -> List["ContainerImage"]:
        found = []
        for item in _kept(workspace, image_name):
            models = item.get("models") or []
            if model_id is not None and model_id not in models:
                continue
            if model_name is not None and model_name not in [model.split(":")[0] for model in models]:
                continue
            if _fits(item, tags, properties):
                found.append(ContainerImage(workspace, _known=item))
        return found

    def update(self, tags: Optional[Mapping[str, Any]] = None) -> None:
        if tags is not None:
            self._change(tags=_strings(tags))

    def add_tags(self, tags: Mapping[str, Any]) -> None:
        self._change(tags={**self.tags, **_strings(tags)})

    def remove_tags(self, tags: Any) -> None:
        names = [tags] if isinstance(tags, str) else tags
        self._change(tags={key: value for key, value in self.tags.items() if key not in names})

    def add_properties(self, properties: Mapping[str, Any]) -> None:
        self._change(properties={**self.properties, **_strings(properties)})

    def _change(self, **changes: Any) -> None:
        self._known = dict(self._known, **changes)
        _keep(self.workspace, self._known, overwrite=True)

    def update_creation_state(self) -> None:
        """Its state is asked for whenever it is read."""

    def delete(self) -> None:
        """Forgets it; services that were made of it stay."""
        self.workspace._service.delete("datastores", _store(self.workspace), "files", _KEPT, self.name, "{}.json".format(self.version))

    def serialize(self) -> Dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "version": self.version,
            "imageType": self.image_type,
            "creationState": self.creation_state,
            "createdTime": self._known.get("createdTime"),
            "modelIds": list(self._known.get("models") or []),
            "tags": self.tags,
            "properties": self.properties,
            "description": self.description,
        }

    def run(self, input_data: Any) -> Any:
        raise UnsupportedHere("An image is run as a service: Webservice.deploy_from_image(workspace, name, image, LocalWebservice.deploy_configuration()).")

    def __repr__(self) -> str:
        return "{}(workspace={!r}, name={}, id={}, tags={}, properties={}, version={})".format(
            type(self).__name__, self.workspace, self.name, self.id, self.tags, self.properties, self.version
        )


class ContainerImage(Image):
    """The kind that images are."""

    @staticmethod
    def image_configuration(
        execution_script: str,
        runtime: str,
        conda_file: Optional[str] = None,
        docker_file: Optional[str] = None,
        schema_file: Optional[str] = None,
        dependencies: Optional[Sequence[str]] = None,
        enable_gpu: Optional[bool] = None,
        tags: Optional[Mapping[str, Any]] = None,
        properties: Optional[Mapping[str, Any]] = None,
        description: Optional[str] = None,
        base_image: Optional[str] = None,
        base_image_registry: Any = None,
        cuda_version: Optional[str] = None,
    ) -> ContainerImageConfig:
        return ContainerImageConfig(
            execution_script,
            runtime,
            conda_file,
            docker_file,
            schema_file,
            dependencies,
            enable_gpu,
            tags,
            properties,
            description,
            base_image,
            base_image_registry,
            cuda_version,
        )


def _store(workspace: Any) -> str:
    return str(workspace.get_default_datastore().name)


def _kept(workspace: Any, name: Optional[str]) -> List[Dict[str, Any]]:
    """What is written of images, by name and then by version."""
    store, prefix = _store(workspace), _KEPT if name is None else "{}/{}".format(_KEPT, name)
    found = []
    for item in workspace._service.get("datastores", store, "files", prefix=prefix)["items"]:
        if re.match(r"{}/[^/]+/\d+\.json\Z".format(_KEPT), item["name"]) and item["name"].startswith(prefix + "/"):
            found.append(json.loads(workspace._service.bytes("datastores", store, "files", *item["name"].split("/"))))
    return sorted(found, key=lambda known: (known["name"], known["version"]))


def _keep(workspace: Any, known: Mapping[str, Any], overwrite: bool) -> None:
    text = json.dumps(known, indent=2, sort_keys=True).encode("utf-8")
    place = (_KEPT, str(known["name"]), "{}.json".format(known["version"]))
    workspace._service.put_file(io.BytesIO(text), "datastores", _store(workspace), "files", *place, overwrite=True if overwrite else None)


def _fits(item: Mapping[str, Any], tags: Any, properties: Any) -> bool:
    return all(_holds(item.get("tags") or {}, query) for query in _tag_queries(tags) or []) and all(
        _holds(item.get("properties") or {}, query) for query in _tag_queries(properties) or []
    )
