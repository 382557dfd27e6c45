"""Services with the configuration of container instances."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from azureml.core.webservice.deployment import AciServiceDeploymentConfiguration, ContainerResourceRequirements, refuse_network, refuse_tls
from azureml.core.webservice.webservice import Webservice

__all__ = ["AciServiceDeploymentConfiguration", "AciWebservice", "ContainerResourceRequirements"]


class AciWebservice(Webservice):
    """A service of the server's machine; its keys are asked for only when it was deployed with `auth_enabled=True`."""

    _compute_type = "ACI"

    @staticmethod
    def deploy_configuration(
        cpu_cores: Optional[float] = None,
        memory_gb: Optional[float] = None,
        tags: Optional[Mapping[str, Any]] = None,
        properties: Optional[Mapping[str, Any]] = None,
        description: Optional[str] = None,
        location: Optional[str] = None,
        auth_enabled: Optional[bool] = None,
        ssl_enabled: Optional[bool] = None,
        enable_app_insights: Optional[bool] = None,
        ssl_cert_pem_file: Optional[str] = None,
        ssl_key_pem_file: Optional[str] = None,
        ssl_cname: Optional[str] = None,
        dns_name_label: Optional[str] = None,
        primary_key: Optional[str] = None,
        secondary_key: Optional[str] = None,
        collect_model_data: Optional[bool] = None,
        cmk_vault_base_url: Optional[str] = None,
        cmk_key_name: Optional[str] = None,
        cmk_key_version: Optional[str] = None,
        vnet_name: Optional[str] = None,
        subnet_name: Optional[str] = None,
    ) -> AciServiceDeploymentConfiguration:
        refuse_tls(ssl_enabled, ssl_cert_pem_file=ssl_cert_pem_file, ssl_key_pem_file=ssl_key_pem_file, ssl_cname=ssl_cname)
        refuse_network(
            vnet_name=vnet_name,
            subnet_name=subnet_name,
            cmk_vault_base_url=cmk_vault_base_url,
            cmk_key_name=cmk_key_name,
            cmk_key_version=cmk_key_version,
            primary_key=primary_key,
            secondary_key=secondary_key,
        )
        return AciServiceDeploymentConfiguration(
            cpu_cores=cpu_cores,
            memory_gb=memory_gb,
            tags=tags,
            properties=properties,
            description=description,
            location=location,
            auth_enabled=auth_enabled,
            ssl_enabled=ssl_enabled,
            enable_app_insights=enable_app_insights,
            dns_name_label=dns_name_label,
            collect_model_data=collect_model_data,
        )
