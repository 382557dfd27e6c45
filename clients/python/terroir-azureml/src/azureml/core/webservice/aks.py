"""Services with the configuration of clusters."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from azureml._terroir.errors import UnsupportedHere
from azureml.core.webservice.deployment import AksServiceDeploymentConfiguration, refuse_network
from azureml.core.webservice.webservice import Webservice

__all__ = ["AksEndpoint", "AksServiceDeploymentConfiguration", "AksWebservice"]


class AksWebservice(Webservice):
    """A service of the server's machine that asks for a key unless it was deployed with `auth_enabled=False`."""

    _compute_type = "AKS"

    @staticmethod
    def deploy_configuration(
        autoscale_enabled: Optional[bool] = None,
        autoscale_min_replicas: Optional[int] = None,
        autoscale_max_replicas: Optional[int] = None,
        autoscale_refresh_seconds: Optional[int] = None,
        autoscale_target_utilization: Optional[int] = None,
        collect_model_data: Optional[bool] = None,
        auth_enabled: Optional[bool] = None,
        cpu_cores: Optional[float] = None,
        memory_gb: Optional[float] = None,
        enable_app_insights: Optional[bool] = None,
        scoring_timeout_ms: Optional[int] = None,
        replica_max_concurrent_requests: Optional[int] = None,
        max_request_wait_time: Optional[int] = None,
        num_replicas: Optional[int] = None,
        primary_key: Optional[str] = None,
        secondary_key: Optional[str] = None,
        tags: Optional[Mapping[str, Any]] = None,
        properties: Optional[Mapping[str, Any]] = None,
        description: Optional[str] = None,
        gpu_cores: Optional[int] = None,
        period_seconds: Optional[int] = None,
        initial_delay_seconds: Optional[int] = None,
        timeout_seconds: Optional[int] = None,
        success_threshold: Optional[int] = None,
        failure_threshold: Optional[int] = None,
        namespace: Optional[str] = None,
        token_auth_enabled: Optional[bool] = None,
        compute_target_name: Optional[str] = None,
        cpu_cores_limit: Optional[float] = None,
        memory_gb_limit: Optional[float] = None,
        blobfuse_enabled: Optional[bool] = None,
    ) -> AksServiceDeploymentConfiguration:
        """What concerns replicas, probes and namespaces of a cluster is accepted and not used."""
        refuse_network(primary_key=primary_key, secondary_key=secondary_key)
        return AksServiceDeploymentConfiguration(
            auth_enabled=auth_enabled if auth_enabled is not None or not token_auth_enabled else True,
            cpu_cores=cpu_cores,
            memory_gb=memory_gb,
            enable_app_insights=enable_app_insights,
            scoring_timeout_ms=scoring_timeout_ms,
            tags=tags,
            properties=properties,
            description=description,
            token_auth_enabled=token_auth_enabled,
            num_replicas=num_replicas,
            autoscale_enabled=autoscale_enabled,
        )


class AksEndpoint(AksWebservice):
    """Versions of a service that share its requests: a name that scripts import."""

    @staticmethod
    def deploy_configuration(*args: Any, **kwargs: Any) -> Any:
        raise UnsupportedHere("A service has one version at a time: deploy each version as a service of its own, AksWebservice.deploy_configuration().")
