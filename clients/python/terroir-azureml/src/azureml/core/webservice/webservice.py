"""Web services that score."""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from azureml._terroir import display
from azureml._terroir.errors import UnsupportedHere, WebserviceException
from azureml.core.webservice.deployment import ContainerResourceRequirements, WebserviceDeploymentConfiguration

__all__ = [
    "ContainerResourceRequirements",
    "ServiceAccessToken",
    "Webservice",
    "WebserviceDeploymentConfiguration",
    "WebserviceException",
]

_FINAL = ("Healthy", "Failed", "Unhealthy", "Unschedulable", "running")
_GOOD = ("Healthy", "running")
_REFRESH = timedelta(hours=1)


class ServiceAccessToken:
    """What requests bear, and when to ask again."""

    def __init__(self, access_token: str, refresh_after: datetime):
        self.access_token = access_token
        self.refresh_after = refresh_after
        self.expiry_on = refresh_after
        self.token_type = "Bearer"


class Webservice:
    """A web service by its name; which class it has is said by where it was deployed to."""

    _compute_type = ""

    def __new__(cls, workspace: Any = None, name: Optional[str] = None, **kwargs: Any) -> Any:
        if workspace is None or name is None:
            return super().__new__(cls)
        known = kwargs.get("_known") or workspace._service.get_or_none("services", name)
        if known is None:
            raise WebserviceException("WebserviceNotFound: Webservice with name {} not found in provided workspace".format(name))
        kind = cls if cls is not Webservice else class_of(str(known.get("computeType") or ""))
        made = super().__new__(kind)
        made._known = known
        return made

    def __init__(self, workspace: Any, name: str, **kwargs: Any):
        self.workspace = workspace
        self.name = name
        self._job: Optional[Dict[str, Any]] = kwargs.get("_job")
        self._inference: Any = None
        self._known: Dict[str, Any] = self._known

    @staticmethod
    def _deploying(workspace: Any, name: str, deployment: Mapping[str, Any], job: Dict[str, Any]) -> "Webservice":
        known = {
            "name": name,
            "state": "Transitioning",
            "computeType": deployment.get("computeType"),
            "authEnabled": bool(deployment.get("authEnabled")),
        }
        made: Webservice = Webservice(workspace, name, _known=known, _job=job)
        return made

    # What it is

    @property
    def compute_type(self) -> str:
        return self._compute_type or str(self._known.get("computeType") or "")

    @property
    def state(self) -> str:
        return str(self._known.get("state"))

    @property
    def scoring_uri(self) -> Optional[str]:
        if self._known.get("scoringUri") is None and self._known.get("state") == "Transitioning":
            self.update_deployment_state()
        return self._known.get("scoringUri")

    @property
    def swagger_uri(self) -> Optional[str]:
        return self._known.get("swaggerUri")

    @property
    def auth_enabled(self) -> bool:
        return bool(self._known.get("authEnabled"))

    @property
    def error(self) -> Any:
        return self._known.get("error")

    @property
    def tags(self) -> Dict[str, str]:
        return dict(self._known.get("tags") or {})

    @property
    def properties(self) -> Dict[str, str]:
        return dict(self._known.get("properties") or {})

    @property
    def description(self) -> Optional[str]:
        return self._known.get("description")

    @property
    def models(self) -> List[Any]:
        from azureml.core.model import Model

        return [Model(self.workspace, id=found) for found in self._known.get("models") or []]

    @property
    def environment(self) -> Any:
        from azureml.core.environment import Environment

        named = self._known.get("environment")
        if not named:
            return None
        name, _, version = str(named).rpartition(":")
        return Environment.get(self.workspace, name or version, version if name else None)

    @property
    def created_time(self) -> Optional[str]:
        return self._known.get("createdAt")

    @property
    def updated_time(self) -> Optional[str]:
        return self._known.get("updatedAt")

    image = None
    image_id = None

    def update_deployment_state(self) -> None:
        """Asks how it is now."""
        found = self.workspace._service.get_or_none("services", self.name)
        if found is not None:
            self._known = found
        elif self._job is not None:
            job = self.workspace._service.get("jobs", self._job["id"])
            if job["status"] in ("Failed", "Canceled"):
                error = job.get("error") or {}
                self._known = dict(self._known, state="Failed", error=error.get("detail") or error.get("title"))

    @staticmethod
    def list(
        workspace: Any,
        compute_type: Optional[str] = None,
        image_name: Optional[str] = None,
        image_id: Optional[str] = None,
        model_name: Optional[str] = None,
        model_id: Optional[str] = None,
        tags: Any = None,
        properties: Any = None,
        image_digest: Optional[str] = None,
        location: Optional[str] = None,
        compute_name: Optional[str] = None,
    ) -> List["Webservice"]:
        from azureml.core.model import _holds, _tag_queries

        found = []
        for item in workspace._service.get("services")["items"]:
            models = item.get("models") or []
            if compute_type is not None and str(item.get("computeType", "")).lower() != compute_type.lower():
                continue
            if model_id is not None and model_id not in models:
                continue
            if model_name is not None and model_name not in [model.split(":")[0] for model in models]:
                continue
            if not all(_holds(item.get("tags") or {}, query) for query in _tag_queries(tags) or []):
                continue
            if not all(_holds(item.get("properties") or {}, query) for query in _tag_queries(properties) or []):
                continue
            found.append(Webservice(workspace, item["name"], _known=item))
        return found

    # Deploying

    @staticmethod
    def deploy(
        workspace: Any,
        name: str,
        model_paths: Sequence[str],
        image_config: Any,
        deployment_config: Any = None,
        deployment_target: Any = None,
        overwrite: bool = False,
    ) -> "Webservice":
        """Registers files as models and deploys them, as scripts of the time before environments do."""
        from azureml.core.model import Model

        models = [Model.register(workspace, path, os.path.basename(os.path.normpath(path))) for path in model_paths or []]
        return Webservice.deploy_from_model(workspace, name, models, image_config, deployment_config, deployment_target, overwrite)

    @staticmethod
    def deploy_from_model(
        workspace: Any,
        name: str,
        models: Sequence[Any],
        image_config: Any,
        deployment_config: Any = None,
        deployment_target: Any = None,
        overwrite: bool = False,
    ) -> "Webservice":
        """Deploys models with the script of an image configuration."""
        from azureml.core._inference import deploy

        made: Webservice = deploy(workspace, name, models, image_config._inference(), deployment_config, deployment_target, overwrite, False)
        return made

    @staticmethod
    def deploy_from_image(
        workspace: Any,
        name: str,
        image: Any,
        deployment_config: Any = None,
        deployment_target: Any = None,
        overwrite: bool = False,
        show_output: bool = False,
    ) -> "Webservice":
        """Deploys what an image was made of."""
        from azureml.core._inference import deploy

        models = [str(found) for found in image._known.get("models") or []]
        made: Webservice = deploy(workspace, name, models, image, deployment_config, deployment_target, overwrite, show_output)
        return made

    @staticmethod
    def deploy_local_from_model(
        workspace: Any, name: str, models: Sequence[Any], image_config: Any, deployment_config: Any = None, wait: bool = False
    ) -> "Webservice":
        from azureml.core.webservice.local import LocalWebservice

        made = Webservice.deploy_from_model(workspace, name, models, image_config, deployment_config or LocalWebservice.deploy_configuration())
        if wait:
            made.wait_for_deployment(show_output=True)
        return made

    @staticmethod
    def check_for_existing_webservice(workspace: Any, name: str, overwrite: bool = False, *args: Any, **kwargs: Any) -> None:
        from azureml.core._inference import check_name

        check_name(name)
        if not overwrite and workspace._service.get_or_none("services", name) is not None:
            raise WebserviceException("Error, there is already a service with name {} found in workspace {}".format(name, workspace.name))

    def wait_for_deployment(self, show_output: bool = False, timeout_sec: Optional[float] = None) -> None:
        """Waits until it answers, and raises when it does not."""
        deadline = None if timeout_sec is None else time.monotonic() + timeout_sec
        kind = self.compute_type
        if show_output:
            print("Tips: You can try get_logs(): the log of the service says what its script printed.")
            sys.stdout.write("Running")
            sys.stdout.flush()
        pause, dots = 0.1, time.monotonic()
        self.update_deployment_state()
        while self._unsettled():
            if deadline is not None and time.monotonic() > deadline:
                if show_output:
                    print("")
                raise WebserviceException("The service {} is still {} after {} s.".format(self.name, self.state, timeout_sec))
            time.sleep(pause)
            pause = min(pause * 1.3, 1.0)
            if show_output and time.monotonic() - dots >= 1.0:
                dots = time.monotonic()
                sys.stdout.write(".")
                sys.stdout.flush()
            self.update_deployment_state()
        good = self.state in _GOOD
        if show_output:
            print("\n{}".format("Succeeded" if good else "Failed"))
            print('{} service creation operation finished, operation "{}"'.format(kind, "Succeeded" if good else "Failed"))
        if not good:
            raise WebserviceException(self._failure())

    def _unsettled(self) -> bool:
        if self._job is not None:
            job = self.workspace._service.get("jobs", self._job["id"])
            if job["status"] in ("Queued", "Running"):
                return True
            error = job.get("error") or {}
            self._job = None
            if job["status"] != "Succeeded":
                self._known = dict(self._known, state="Failed", error=error.get("detail") or error.get("title") or job["status"])
                return False
            self.update_deployment_state()
        return self.state not in _FINAL

    def _failure(self) -> str:
        error = self.error
        document = error if isinstance(error, dict) else {
            "code": "DeploymentFailed",
            "statusCode": 400,
            "message": str(error or "The service is {}.".format(self.state)),
            "details": [],
        }
        return 'Service deployment polling reached non-successful terminal state, current service state: {}\nMore information can be found using \'.get_logs()\'\nError:\n{}'.format(
            self.state, json.dumps(document, indent=2, ensure_ascii=False)
        )

    # Using it

    def run(self, input_data: Any) -> Any:
        """Posts to the scoring address; answers the document of the answer."""
        if self._job is not None:
            # A service that is being changed answers as before until it is ready.
            self.wait_for_deployment()
        uri = self.scoring_uri
        if not uri:
            raise WebserviceException("Unable to call service {}: it is {} and has no scoring address.".format(self.name, self.state))
        headers = {"Content-Type": "application/json"}
        if self.auth_enabled:
            headers["Authorization"] = "Bearer {}".format(self.get_keys()[0])
        body = input_data.encode("utf-8") if isinstance(input_data, str) else input_data
        if not isinstance(body, (bytes, bytearray)):
            body = json.dumps(input_data).encode("utf-8")
        request = urllib.request.Request(uri, data=bytes(body), headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=3600) as response:
                text = response.read().decode("utf-8")
        except urllib.error.HTTPError as e:
            raise WebserviceException(
                "Received bad response from service. More information can be found by calling `.get_logs()` on the webservice object.\n"
                "Response Code: {}\nHeaders: {}\nContent: {!r}".format(e.code, dict(e.headers or {}), e.read()),
                status_code=e.code,
            ) from None
        except urllib.error.URLError as e:
            raise WebserviceException("The service {} does not answer at {}: {}".format(self.name, uri, e.reason)) from None
        try:
            return json.loads(text)
        except ValueError:
            return text

    def get_logs(self, num_lines: int = 5000, init: bool = False) -> str:
        """What its process printed, the last lines."""
        lines = str(self.workspace._service.text("services", self.name, "log")).splitlines(True)
        return "".join(lines[-num_lines:] if num_lines else lines)

    def get_keys(self) -> Tuple[str, str]:
        """The primary and the secondary key."""
        keys = self.workspace._service.get("services", self.name, "keys")
        return str(keys["primaryKey"]), str(keys["secondaryKey"])

    def regen_key(self, key: str, set_key: Optional[str] = None) -> None:
        """Makes a new key: `Primary` or `Secondary`."""
        if set_key is not None:
            raise UnsupportedHere("Keys are made by the server: leave set_key out.")
        which = str(key).lower()
        if which not in ("primary", "secondary"):
            raise WebserviceException("Invalid key type {!r}: Primary or Secondary is expected.".format(key))
        self.workspace._service.post("services/{}/keys/{}".format(self.workspace._service.part(self.name), which), None)

    def get_token(self) -> Tuple[str, datetime]:
        """What a request bears, and when to ask again. It is the primary key: there are no other tokens."""
        return self.get_keys()[0], datetime.now() + _REFRESH

    def get_access_token(self) -> Any:
        token, refresh = self.get_token()
        return ServiceAccessToken(token, refresh)

    def update(
        self,
        tags: Optional[Mapping[str, Any]] = None,
        properties: Optional[Mapping[str, Any]] = None,
        description: Optional[str] = None,
        auth_enabled: Optional[bool] = None,
        ssl_enabled: Optional[bool] = None,
        ssl_cert_pem_file: Optional[str] = None,
        ssl_key_pem_file: Optional[str] = None,
        ssl_cname: Optional[str] = None,
        enable_app_insights: Optional[bool] = None,
        models: Optional[Sequence[Any]] = None,
        inference_config: Any = None,
        image: Any = None,
        **kwargs: Any,
    ) -> None:
        """New models, script, environment or settings; no request is dropped."""
        from azureml.core.webservice.deployment import refuse_tls

        refuse_tls(ssl_enabled, ssl_cert_pem_file=ssl_cert_pem_file, ssl_key_pem_file=ssl_key_pem_file, ssl_cname=ssl_cname)
        if image is not None and (models is not None or inference_config is not None):
            raise WebserviceException("An image has its models and script: leave models and inference_config out.")
        changes: Dict[str, Any] = {}
        deployment: Dict[str, Any] = {}
        for key, values in (("tags", tags), ("properties", properties)):
            if values is not None:
                deployment[key] = {str(name): str(value) for name, value in values.items()}
        for key, value in (("description", description), ("authEnabled", auth_enabled), ("appInsightsEnabled", enable_app_insights)):
            if value is not None:
                deployment[key] = value
        cpu, memory = kwargs.get("cpu_cores"), kwargs.get("memory_gb")
        if cpu is not None or memory is not None:
            deployment["containerResourceRequirements"] = {"cpu": cpu, "memoryInGB": memory}
        if kwargs.get("port") is not None:
            deployment["port"] = int(kwargs["port"])
        if deployment:
            changes["deployment"] = deployment
        if models is not None:
            changes["models"] = [model if isinstance(model, str) else model.id for model in models]
        if image is not None:
            changes["models"] = [str(found) for found in image._known.get("models") or []]
            changes["inference"] = image._inference_for_server()
        if inference_config is not None:
            changes["inference"] = inference_config._for_server(self.workspace)
            self._inference = inference_config
        if not changes:
            raise WebserviceException("No parameters provided to update.")
        self._job = self.workspace._service.patch(changes, "services", self.name)
        self._known = dict(self._known, state="Transitioning")

    def add_tags(self, tags: Mapping[str, Any]) -> None:
        self.update(tags={**self.tags, **tags})

    def remove_tags(self, tags: Sequence[str]) -> None:
        self.update(tags={key: value for key, value in self.tags.items() if key not in tags})

    def add_properties(self, properties: Mapping[str, Any]) -> None:
        self.update(properties={**self.properties, **properties})

    def delete(self) -> None:
        """Ends it with everything that belongs to it."""
        self.workspace._service.delete("services", self.name)
        self._known = dict(self._known, state="Deleting")

    def serialize(self) -> Dict[str, Any]:
        self.update_deployment_state()
        return {
            "name": self.name,
            "computeType": self.compute_type,
            "state": self.state,
            "scoringUri": self._known.get("scoringUri"),
            "swaggerUri": self.swagger_uri,
            "authEnabled": self.auth_enabled,
            "tags": self.tags,
            "properties": self.properties,
            "description": self.description,
            "models": self._known.get("models") or [],
            "environment": self._known.get("environment"),
            "error": self.error,
            "createdTime": self.created_time,
            "updatedTime": self.updated_time,
        }

    def _row(self) -> Dict[str, Any]:
        return {"workspace": repr(self.workspace), "name": self.name, "image_id": None, "compute_type": self.compute_type, "state": self.state, "scoring_uri": self._known.get("scoringUri"), "tags": self.tags}

    def __repr__(self) -> str:
        return "{}({})".format(type(self).__name__, ", ".join("{}={}".format(key, value) for key, value in self._row().items()))

    def _repr_html_(self) -> str:
        uri = self._known.get("scoringUri") or ""
        return display.table({"Name": self.name, "Type": self.compute_type, "State": self.state, "Scoring URI": uri}, {"Scoring URI": uri})


def class_of(kind: str) -> Any:
    from azureml.core.webservice.aci import AciWebservice
    from azureml.core.webservice.aks import AksWebservice
    from azureml.core.webservice.local import LocalWebservice

    return {"aci": AciWebservice, "aks": AksWebservice, "local": LocalWebservice}.get(kind.lower(), AciWebservice)
