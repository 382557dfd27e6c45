"""A workspace: what is remembered and shared."""

from __future__ import annotations

import json
import os
import re
from typing import Any, Dict, List, Optional

from azureml._terroir import display
from azureml._terroir.errors import ProjectSystemException, UnsupportedHere, UserErrorException, WorkspaceException
from azureml._terroir.program import run_terroir
from azureml._terroir.service import Service, workspaces_directory

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{1,32}\Z")
_FOLDERS = ("", ".azureml", "aml_config")


class Workspace:
    """A workspace of Terroir: a folder of this machine, or a server that a team shares.

    Subscription and resource group are kept for old scripts; they choose nothing.
    """

    DEFAULT_CPU_CLUSTER_CONFIGURATION = "cpu-cluster"
    DEFAULT_GPU_CLUSTER_CONFIGURATION = "gpu-cluster"

    def __init__(
        self,
        subscription_id: Optional[str] = None,
        resource_group: Optional[str] = None,
        workspace_name: Optional[str] = None,
        auth: Any = None,
        _location: Optional[str] = None,
        _disable_service_check: bool = False,
        _workspace_id: Optional[str] = None,
        sku: str = "basic",
        tags: Optional[Dict[str, str]] = None,
        **kwargs: Any,
    ):
        if not isinstance(workspace_name, str) or not _NAME.match(workspace_name):
            raise UserErrorException(
                "{!r} cannot name a workspace: use 2 to 33 letters, digits, `-` and `_`.".format(workspace_name)
            )
        self._subscription_id = subscription_id or "local"
        self._resource_group = resource_group or "local"
        self._name = workspace_name
        self._location = _location or "local"
        self._sku = sku
        self._tags = dict(tags or {})
        self._auth = auth
        service = kwargs.pop("_service", None)
        self._made_service: Optional[Service] = service
        self._config: Dict[str, Any] = kwargs.pop("_config", None) or {}
        if service is None and not self._config:
            found = _find_config(os.getcwd())
            if found is not None:
                config = _read_config(found)
                if config.get("workspace_name") == workspace_name:
                    self._config = config

    @property
    def _service(self) -> Service:
        if self._made_service is None:
            self._made_service = Service.of_config(self._config, self._name)
        return self._made_service

    # Opening

    @staticmethod
    def from_config(
        path: Optional[str] = None, auth: Any = None, _logger: Any = None, _file_name: Optional[str] = None
    ) -> "Workspace":
        """The workspace that a config.json names: here, in `.azureml`, or in a directory above."""
        start = os.fspath(path) if path is not None else "."
        file = _find_config(start, _file_name or "config.json")
        if file is None:
            raise UserErrorException(
                "We could not find {} in: {} or in its parent directories. Please provide the full path to the config file "
                "or ensure that {} exists in the parent directories.".format(
                    _file_name or "config.json", os.path.abspath(start), _file_name or "config.json"
                )
            )
        config = _read_config(file)
        name = config.get("workspace_name")
        if not name:
            raise UserErrorException("{} names no workspace: it has no `workspace_name`.".format(file))
        made = Workspace(
            config.get("subscription_id"), config.get("resource_group"), name, auth=auth, _config=config
        )
        made._service  # a workspace that there is not is said here
        return made

    @staticmethod
    def get(
        name: str,
        auth: Any = None,
        subscription_id: Optional[str] = None,
        resource_group: Optional[str] = None,
        location: Optional[str] = None,
        cloud: str = "AzureCloud",
        id: Optional[str] = None,
    ) -> "Workspace":
        """A workspace by its name."""
        made = Workspace(subscription_id, resource_group, name, auth=auth, _location=location)
        if not made._config and not os.path.isfile(os.path.join(workspaces_directory(), name, "workspace.json")):
            raise ProjectSystemException(
                "No workspaces found with name={} in all the subscriptions for which you have access. "
                "Make it with Workspace.create(name={!r}).".format(name, name)
            )
        return made

    @staticmethod
    def list(subscription_id: Optional[str] = None, auth: Any = None, resource_group: Optional[str] = None) -> Dict[str, List["Workspace"]]:
        """The workspaces of this machine by name, each in a list."""
        root = workspaces_directory()
        names = sorted(os.listdir(root)) if os.path.isdir(root) else []
        return {
            name: [Workspace(subscription_id, resource_group, name, auth=auth)]
            for name in names
            if os.path.isfile(os.path.join(root, name, "workspace.json"))
        }

    @staticmethod
    def create(
        name: str,
        auth: Any = None,
        subscription_id: Optional[str] = None,
        resource_group: Optional[str] = None,
        location: Optional[str] = None,
        create_resource_group: bool = True,
        sku: str = "basic",
        tags: Optional[Dict[str, str]] = None,
        friendly_name: Optional[str] = None,
        storage_account: Optional[str] = None,
        key_vault: Optional[str] = None,
        app_insights: Optional[str] = None,
        container_registry: Optional[str] = None,
        adb_workspace: Optional[str] = None,
        primary_user_assigned_identity: Optional[str] = None,
        cmk_keyvault: Optional[str] = None,
        resource_cmk_uri: Optional[str] = None,
        hbi_workspace: bool = False,
        exist_ok: bool = False,
        show_output: bool = True,
        **kwargs: Any,
    ) -> "Workspace":
        """Makes a workspace on this machine. What names parts of a cloud is accepted and not used."""
        for argument in ("private_endpoint_config", "private_endpoint_auto_approval"):
            if kwargs.get(argument):
                raise UnsupportedHere(
                    "{} is not supported: a workspace has no virtual network. Let `terroir serve` listen on an address that "
                    "only your network reaches.".format(argument)
                )
        made = Workspace(subscription_id, resource_group, name, auth=auth, _location=location, sku=sku, tags=tags)
        if os.path.isfile(os.path.join(workspaces_directory(), name, "workspace.json")):
            if not exist_ok:
                raise WorkspaceException("Workspace with name {} already exists. Pass exist_ok=True to take it.".format(name))
        else:
            run_terroir("workspace", "create", "-n", name, "--no-config", "--exist-ok", "--quiet")
        made._config = {}
        made._service
        if show_output:
            print("Workspace {} is ready.".format(name))
        return made

    @staticmethod
    def setup() -> None:
        raise UnsupportedHere("Workspace.setup is not supported: use Workspace.create, and write_config in the project folder.")

    def write_config(self, path: Optional[str] = None, file_name: Optional[str] = None) -> None:
        """Writes `.azureml/config.json`, which `from_config` reads."""
        folder = os.fspath(path) if path is not None else os.getcwd()
        if os.path.basename(os.path.normpath(folder)) != ".azureml":
            folder = os.path.join(folder, ".azureml")
        os.makedirs(folder, exist_ok=True)
        document: Dict[str, Any] = {
            "subscription_id": self.subscription_id,
            "resource_group": self.resource_group,
            "workspace_name": self.name,
        }
        document.update(self._service.config())
        with open(os.path.join(folder, file_name or "config.json"), "w", encoding="utf-8") as stream:
            json.dump(document, stream, indent=4)
            stream.write("\n")

    # What it is

    @property
    def name(self) -> str:
        return self._name

    @property
    def subscription_id(self) -> str:
        return self._subscription_id

    @property
    def resource_group(self) -> str:
        return self._resource_group

    @property
    def location(self) -> str:
        return self._location

    @property
    def sku(self) -> str:
        return self._sku

    @property
    def tags(self) -> Dict[str, str]:
        return dict(self._tags)

    @property
    def friendly_name(self) -> str:
        return self._name

    @property
    def discovery_url(self) -> str:
        return self._service.url()

    def get_details(self) -> Dict[str, Any]:
        details = dict(self._service.get("workspace"))
        name = str(details.pop("name", self.name))
        return {
            "id": "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.MachineLearningServices/workspaces/{}".format(
                self.subscription_id, self.resource_group, self.name
            ),
            "name": name,
            "location": self.location,
            "type": "Microsoft.MachineLearningServices/workspaces",
            "tags": self.tags,
            "sku": self.sku.capitalize(),
            "workspaceid": details.pop("id", name),
            "friendlyName": name,
            "containerRegistry": details.pop("containerRegistry", None),
            "discoveryUrl": self.discovery_url,
            **details,
        }

    def get_portal_url(self) -> str:
        return self._service.url()

    def update(
        self,
        friendly_name: Optional[str] = None,
        description: Optional[str] = None,
        tags: Optional[Dict[str, str]] = None,
        image_build_compute: Optional[str] = None,
        **kwargs: Any,
    ) -> Dict[str, Any]:
        """Tags of this object; the server builds images itself, so a compute for it is accepted and not used."""
        if tags is not None:
            self._tags = dict(tags)
        return self.get_details()

    def delete(self, delete_dependent_resources: bool = False, no_wait: bool = False) -> None:
        raise UnsupportedHere(
            "A workspace is not deleted over its server: stop the server and delete the workspace's folder, {}.".format(
                self._service.directory or "on the server's machine"
            )
        )

    def sync_keys(self, no_wait: bool = False) -> None:
        """Nothing to do: there are no keys of a cloud."""

    # What it holds

    @property
    def environments(self) -> Dict[str, Any]:
        from azureml.core.environment import Environment

        return Environment.list(self)

    @property
    def experiments(self) -> Dict[str, Any]:
        from azureml.core.experiment import Experiment

        return {experiment.name: experiment for experiment in Experiment.list(self)}

    @property
    def compute_targets(self) -> Dict[str, Any]:
        from azureml.core.compute import ComputeTarget

        return {target.name: target for target in ComputeTarget.list(self)}

    @property
    def models(self) -> Dict[str, Any]:
        from azureml.core.model import Model

        return {model.name: model for model in Model.list(self, latest=True)}

    @property
    def webservices(self) -> Dict[str, Any]:
        from azureml.core.webservice import Webservice

        return {service.name: service for service in Webservice.list(self)}

    @property
    def datastores(self) -> Dict[str, Any]:
        from azureml.core.datastore import Datastore

        return {datastore.name: datastore for datastore in Datastore._list(self)}

    @property
    def datasets(self) -> Dict[str, Any]:
        from azureml.core.dataset import Dataset

        return Dataset.get_all(self)

    @property
    def images(self) -> Dict[str, Any]:
        """Images of the time before environments: there are none."""
        return {}

    @property
    def linked_services(self) -> Dict[str, Any]:
        return {}

    def get_run(self, run_id: str) -> Any:
        from azureml.core.run import Run

        return Run.get(self, run_id)

    def get_default_datastore(self) -> Any:
        from azureml.core.datastore import Datastore

        return Datastore.get_default(self)

    def set_default_datastore(self, name: str) -> None:
        self._service.put({"isDefault": True}, "datastores", name)

    def get_default_keyvault(self) -> Any:
        from azureml.core.keyvault import Keyvault

        return Keyvault(self)

    def get_default_compute_target(self, type: str) -> Any:
        return self.compute_targets.get("cpu-cluster" if type.upper() == "CPU" else "gpu-cluster")

    def get_mlflow_tracking_uri(self, with_auth: bool = True) -> str:
        """The address for `mlflow.set_tracking_uri`: what MLflow then logs becomes runs of this workspace."""
        from azureml.mlflow._place import tracking_uri

        return tracking_uri(self)

    def __repr__(self) -> str:
        return "Workspace.create(name={!r}, subscription_id={!r}, resource_group={!r})".format(
            self.name, self.subscription_id, self.resource_group
        )

    def _repr_html_(self) -> str:
        return display.table(
            {
                "Name": self.name,
                "Subscription": self.subscription_id,
                "Resource group": self.resource_group,
                "Location": self.location,
                **display.documentation(Workspace),
            }
        )

    def __deepcopy__(self, memo: Any) -> "Workspace":
        """Itself: what is copied goes on with the same workspace."""
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Workspace) and other.name == self.name and other._config == self._config

    def __hash__(self) -> int:
        return hash(self.name)


def _find_config(start: str, file_name: str = "config.json") -> Optional[str]:
    place = os.path.abspath(start)
    if os.path.isfile(place):
        return place
    while True:
        for folder in _FOLDERS:
            candidate = os.path.join(place, folder, file_name)
            if os.path.isfile(candidate):
                return candidate
        above = os.path.dirname(place)
        if above == place:
            return None
        place = above


def _read_config(file: str) -> Dict[str, Any]:
    try:
        with open(file, encoding="utf-8-sig") as stream:
            document = json.load(stream)
    except ValueError as e:
        raise UserErrorException("{} is no JSON: {}".format(file, e), e) from None
    if not isinstance(document, dict):
        raise UserErrorException("{} holds no JSON object.".format(file))
    return document


