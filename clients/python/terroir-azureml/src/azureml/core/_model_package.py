"""Models with their script as an image."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any, Optional, Sequence

from azureml._terroir import engine as _engine
from azureml._terroir.errors import WebserviceException
from azureml.core._inference import InferenceConfig


class ModelPackage:
    """Models and script on the image of an environment: as an image of this machine's engine, or as a folder with a Dockerfile."""

    def __init__(
        self,
        workspace: Any,
        models: Sequence[Any],
        inference_config: InferenceConfig,
        generate_dockerfile: bool,
        image_name: Optional[str],
        image_label: Optional[str],
    ):
        self.workspace = workspace
        self._models = list(models)
        self._inference = inference_config
        self._generate_dockerfile = generate_dockerfile
        self._image_name = image_name
        self._image_label = image_label or "latest"
        self._environment = inference_config._environment(workspace)
        self._build: Any = self._environment.register(workspace).build(workspace)

    @property
    def state(self) -> str:
        return str(self._build.status)

    @property
    def location(self) -> Optional[str]:
        return self._environment.get_image_details(self.workspace).image

    def wait_for_creation(self, show_output: bool = False) -> None:
        self._build.wait_for_completion(show_output=show_output)
        if show_output:
            print("Package creation Succeeded")

    def get_logs(self, decode: bool = True, offset: int = 0) -> str:
        return str(self.workspace._service.text("jobs", self._build.build_id, "log"))

    def get_container_registry(self) -> Any:
        from azureml.core.container_registry import ContainerRegistry

        return ContainerRegistry(address=self._environment.get_image_details(self.workspace).registry)

    def pull(self) -> str:
        """Makes the image on this machine with podman or docker, and answers its name.

        The image of the environment comes from the workspace's registry; models and script are added here.
        """
        if self._generate_dockerfile:
            raise WebserviceException("A package with a Dockerfile is not pulled: save it, and build it.")
        name = "{}:{}".format(self._image_name or "package", self._image_label)
        with tempfile.TemporaryDirectory() as folder:
            self.save(folder)
            _engine.build(self.workspace._service, str(self.location), name, folder)
        return name

    def save(self, output_directory: str) -> None:
        """Writes the Dockerfile with models and script beside it."""
        root = os.fspath(output_directory)
        app, model_root = os.path.join(root, "app"), os.path.join(root, "models")
        if os.path.exists(app):
            shutil.rmtree(app)
        for name, file in self._inference._files():
            place = os.path.join(app, *name.split("/"))
            os.makedirs(os.path.dirname(place), exist_ok=True)
            shutil.copy(file, place)
        for model in self._models:
            folder = model_root if len(self._models) == 1 else os.path.join(model_root, model.name, str(model.version))
            model.download(folder, exist_ok=True)
        os.makedirs(model_root, exist_ok=True)
        entry = self._inference._entry()
        beside = entry.rpartition("/")[0]
        with open(os.path.join(root, "Dockerfile"), "w", encoding="utf-8") as stream:
            stream.write(
                "FROM {}\nCOPY app /var/azureml-app\nCOPY models /var/azureml-models\nWORKDIR /var/azureml-app\n"
                "ENV AML_APP_ROOT=/var/azureml-app AZUREML_MODEL_DIR=/var/azureml-models AZUREML_ENTRY_SCRIPT={}\n{}"
                "EXPOSE 5001\nCMD [\"azmlinfsrv\", \"--entry_script\", \"/var/azureml-app/{}\", \"--port\", \"5001\"]\n".format(
                    self.location, entry, "ENV AZUREML_SOURCE_DIRECTORY={}\n".format(beside) if beside else "", entry
                )
            )
