"""Scoring scripts that want the whole HTTP request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, TypeVar

__all__ = ["AMLRequest", "rawhttp"]

_F = TypeVar("_F", bound=Callable[..., Any])

if TYPE_CHECKING:

    class AMLRequest:
        """The request of the web framework."""

    def rawhttp(func: _F) -> _F: ...

else:
    try:
        from azureml_inference_server_http.api.aml_request import AMLRequest, rawhttp
    except ImportError:

        class AMLRequest:
            """The request of the web framework, which only a service has."""

        def rawhttp(func: _F) -> _F:
            """Marks the `run` of a scoring script that takes the whole request."""
            func._raw_http = True
            return func
