"""Deployment configurations: all of them deploy to what the server has."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

from azureml._terroir.errors import UnsupportedHere, WebserviceException


class WebserviceDeploymentConfiguration:
    """How a service is to be."""

    _compute_type = "ACI"

    def __init__(
        self,
        description: Optional[str] = None,
        tags: Optional[Mapping[str, Any]] = None,
        properties: Optional[Mapping[str, Any]] = None,
        location: Optional[str] = None,
    ):
        self.description = description
        self.tags = tags
        self.properties = properties
        self.location = location

    def validate_configuration(self) -> None:
        """Everything has been looked at."""

    def print_deploy_configuration(self) -> None:
        import json

        print(json.dumps(self._to_json(), indent=4))

    def _to_json(self) -> Dict[str, Any]:
        made: Dict[str, Any] = {"computeType": self._compute_type}
        for key, value in (("description", self.description), ("location", self.location)):
            if value is not None:
                made[key] = value
        for key, values in (("tags", self.tags), ("properties", self.properties)):
            if values:
                made[key] = {str(name): str(value) for name, value in values.items()}
        return made


class ContainerResourceRequirements:
    def __init__(self, cpu: float, memory_in_gb: float):
        self.cpu = cpu
        self.memory_in_gb = memory_in_gb


class AciServiceDeploymentConfiguration(WebserviceDeploymentConfiguration):
    _compute_type = "ACI"

    def __init__(self, **kwargs: Any):
        super().__init__(kwargs.pop("description"), kwargs.pop("tags"), kwargs.pop("properties"), kwargs.pop("location"))
        self.cpu_cores: Optional[float] = kwargs.pop("cpu_cores")
        self.memory_gb: Optional[float] = kwargs.pop("memory_gb")
        self.auth_enabled: Optional[bool] = kwargs.pop("auth_enabled")
        self.ssl_enabled: Optional[bool] = kwargs.pop("ssl_enabled")
        self.enable_app_insights: Optional[bool] = kwargs.pop("enable_app_insights")
        self.dns_name_label: Optional[str] = kwargs.pop("dns_name_label")
        self.__dict__.update(kwargs)
        for name, value in (("cpu_cores", self.cpu_cores), ("memory_gb", self.memory_gb)):
            if value is not None and value <= 0:
                raise WebserviceException("Invalid configuration, {} must be greater than 0, not {}.".format(name, value))

    def _to_json(self) -> Dict[str, Any]:
        made = super()._to_json()
        made["containerResourceRequirements"] = {
            "cpu": self.cpu_cores if self.cpu_cores is not None else 0.1,
            "memoryInGB": self.memory_gb if self.memory_gb is not None else 0.5,
        }
        made["authEnabled"] = bool(self.auth_enabled)
        made["sslEnabled"] = False
        made["appInsightsEnabled"] = bool(self.enable_app_insights)
        if self.dns_name_label:
            made["dnsNameLabel"] = self.dns_name_label
        return made


class AksServiceDeploymentConfiguration(WebserviceDeploymentConfiguration):
    _compute_type = "AKS"

    def __init__(self, **kwargs: Any):
        super().__init__(kwargs.pop("description", None), kwargs.pop("tags", None), kwargs.pop("properties", None))
        self.cpu_cores: Optional[float] = kwargs.pop("cpu_cores", None)
        self.memory_gb: Optional[float] = kwargs.pop("memory_gb", None)
        self.auth_enabled: Optional[bool] = kwargs.pop("auth_enabled", None)
        self.token_auth_enabled: Optional[bool] = kwargs.pop("token_auth_enabled", None)
        self.scoring_timeout_ms: Optional[int] = kwargs.pop("scoring_timeout_ms", None)
        self.__dict__.update(kwargs)

    def _to_json(self) -> Dict[str, Any]:
        made = super()._to_json()
        if self.cpu_cores is not None or self.memory_gb is not None:
            made["containerResourceRequirements"] = {"cpu": self.cpu_cores, "memoryInGB": self.memory_gb}
        # A service of this kind asks for a key unless it is told not to.
        made["authEnabled"] = self.auth_enabled if self.auth_enabled is not None else True
        if self.scoring_timeout_ms is not None:
            made["scoringTimeoutMs"] = self.scoring_timeout_ms
        return made


class LocalWebserviceDeploymentConfiguration(WebserviceDeploymentConfiguration):
    _compute_type = "local"

    def __init__(self, port: Optional[int] = None):
        super().__init__()
        self.port = port

    def _to_json(self) -> Dict[str, Any]:
        made = super()._to_json()
        if self.port is not None:
            made["port"] = int(self.port)
        return made


_TLS = (
    "Services speak TLS through the server: start `terroir serve` with --tls-certificate and --tls-key, and leave {} out of "
    "the deployment configuration."
)


def refuse_tls(ssl_enabled: Optional[bool], **given: Any) -> None:
    names: List[str] = [name for name, value in given.items() if value]
    if ssl_enabled:
        names.insert(0, "ssl_enabled")
    if names:
        raise UnsupportedHere(_TLS.format(", ".join(names)))


def refuse_network(**given: Any) -> None:
    names = [name for name, value in given.items() if value]
    if names:
        raise UnsupportedHere(
            "A service has no virtual network and no key of a cloud: leave {} out; it listens on the server's machine.".format(", ".join(names))
        )
