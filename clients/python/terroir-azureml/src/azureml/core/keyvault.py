"""The secrets of a workspace."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Optional, Tuple

from azureml._terroir.errors import UnsupportedHere


# What this process has set: it knows these without the server.
_own: Dict[Tuple[str, str], str] = {}


class Keyvault:
    """Secrets that the server keeps sealed for itself: they can be set and listed, and are returned to nobody but who set them."""

    def __init__(self, workspace: Any):
        self._workspace = workspace

    def set_secret(self, name: str, value: str) -> None:
        self._workspace._service.put({"value": value}, "secrets", name)
        _own[(self._workspace._service.url(), name)] = value

    def set_secrets(self, secrets_batch: Dict[str, str]) -> None:
        for name, value in secrets_batch.items():
            self.set_secret(name, value)

    def list_secrets(self) -> List[Dict[str, str]]:
        return [{"name": item["name"]} for item in self._workspace._service.get("secrets")["items"]]

    def delete_secret(self, name: str) -> None:
        self._workspace._service.delete("secrets", name)
        _own.pop((self._workspace._service.url(), name), None)

    def delete_secrets(self, secrets_batch: List[str]) -> None:
        for name in secrets_batch:
            self.delete_secret(name)

    def get_secret(self, name: str) -> Optional[str]:
        """What this process has set, else the variable of that name; the server returns no secret."""
        own = _own.get((self._workspace._service.url(), name))
        if own is not None:
            return own
        for variable in (name, name.replace("-", "_").upper()):
            if variable in os.environ:
                return os.environ[variable]
        raise UnsupportedHere(
            "The server never returns a secret. Set {0} as a variable of this process, or of the run by "
            "environment.environment_variables.".format(name.replace("-", "_").upper())
        )

    def get_secrets(self, secrets: List[str]) -> Dict[str, Optional[str]]:
        return {name: self.get_secret(name) for name in secrets}

    def get_secret_content_type(self, name: str) -> Optional[str]:
        return None
