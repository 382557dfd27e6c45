"""Ways to log in of the retired service: accepted. Who may do what is said by the token of Terroir's server."""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional

from azureml._terroir.errors import AuthenticationException

__all__ = [
    "AbstractAuthentication",
    "ArcTokenAuthentication",
    "AuthenticationException",
    "AzureCliAuthentication",
    "InteractiveLoginAuthentication",
    "MsiAuthentication",
    "ServicePrincipalAuthentication",
    "TokenAuthentication",
]


class AbstractAuthentication:
    """Nothing has to be done to log in."""

    def get_authentication_header(self) -> Dict[str, str]:
        """The header that the server of the current workspace takes."""
        from azureml._terroir.service import Service

        token = Service.token_around()
        return {"Authorization": "Bearer {}".format(token)} if token else {}

    def get_token(self, *scopes: str, **kwargs: Any) -> Optional[str]:
        from azureml._terroir.service import Service

        return Service.token_around()

    @property
    def token(self) -> Optional[str]:
        return self.get_token()


class InteractiveLoginAuthentication(AbstractAuthentication):
    def __init__(self, force: bool = False, tenant_id: Optional[str] = None, cloud: Optional[str] = None):
        self._tenant_id = tenant_id


class AzureCliAuthentication(AbstractAuthentication):
    def __init__(self, cloud: Optional[str] = None):
        self._cloud = cloud


class MsiAuthentication(AbstractAuthentication):
    def __init__(self, identity_config: Any = None, cloud: Optional[str] = None):
        self._identity_config = identity_config


class ServicePrincipalAuthentication(AbstractAuthentication):
    def __init__(
        self,
        tenant_id: Optional[str] = None,
        service_principal_id: Optional[str] = None,
        service_principal_password: Optional[str] = None,
        cloud: str = "AzureCloud",
        _enable_caching: bool = True,
    ):
        self._tenant_id = tenant_id
        self._service_principal_id = service_principal_id


class TokenAuthentication(AbstractAuthentication):
    """A token that a function of the caller's gives."""

    def __init__(self, get_token_for_audience: Callable[[str], str], cloud: str = "AzureCloud"):
        self._get_token_for_audience = get_token_for_audience

    @staticmethod
    def convert_to_aad_resource(audience: str) -> str:
        return audience

    def get_token(self, *scopes: str, **kwargs: Any) -> Optional[str]:
        return self._get_token_for_audience(scopes[0] if scopes else "ARM")

    def get_authentication_header(self) -> Dict[str, str]:
        return {"Authorization": "Bearer {}".format(self.get_token())}


class ArcTokenAuthentication(AbstractAuthentication):
    pass
