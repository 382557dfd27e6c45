"""Services of this machine."""

from __future__ import annotations

from typing import Any, Dict, Optional, Sequence, Tuple

from azureml._terroir.errors import WebserviceException
from azureml.core.webservice.deployment import LocalWebserviceDeploymentConfiguration
from azureml.core.webservice.webservice import Webservice

__all__ = ["LocalWebservice", "LocalWebserviceDeploymentConfiguration"]


class LocalWebservice(Webservice):
    """A service without keys."""

    _compute_type = "local"

    @staticmethod
    def deploy_configuration(port: Optional[int] = None) -> LocalWebserviceDeploymentConfiguration:
        return LocalWebserviceDeploymentConfiguration(port)

    @property
    def port(self) -> Optional[int]:
        from urllib.parse import urlsplit

        uri = self.scoring_uri
        return urlsplit(uri).port if uri else None

    def reload(self, wait: bool = False) -> None:
        """Begins its script anew, as it lies on this machine now where it was deployed from here."""
        changes: Dict[str, Any] = {"deployment": {}}
        if self._inference is not None:
            changes["inference"] = self._inference._script_for_server(self.workspace)
        self._job = self.workspace._service.patch(changes, "services", self.name)
        self._known = dict(self._known, state="Transitioning")
        if wait:
            self.wait_for_deployment()

    def update(  # type: ignore[override]
        self,
        models: Optional[Sequence[Any]] = None,
        deployment_config: Optional[LocalWebserviceDeploymentConfiguration] = None,
        wait: bool = False,
        inference_config: Any = None,
        image: Any = None,
    ) -> None:
        port = deployment_config.port if deployment_config is not None else None
        if port is not None and port != self.port:
            raise WebserviceException(
                "The service {} keeps its port {}: deploy it anew, with overwrite=True, to have it on {}.".format(self.name, self.port, port)
            )
        super().update(models=models, inference_config=inference_config, image=image, port=port)
        if wait:
            self.wait_for_deployment()

    def delete(self, delete_cache: bool = True, delete_image: bool = False) -> None:
        super().delete()

    def get_keys(self) -> Tuple[str, str]:
        raise WebserviceException("A local service has no keys.")

    def regen_key(self, key: str, set_key: Optional[str] = None) -> None:
        raise WebserviceException("A local service has no keys.")
