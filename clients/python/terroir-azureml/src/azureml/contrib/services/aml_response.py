"""Answers of scoring scripts with a status and headers of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Optional

__all__ = ["AMLResponse"]

if not TYPE_CHECKING:
    try:
        from azureml_inference_server_http.api.aml_response import AMLResponse
    except ImportError:
        AMLResponse = None
else:
    AMLResponse: Any = None

if AMLResponse is None:

    class _Response:
        """What a scoring script answers; only a service sends it."""

        def __init__(
            self,
            message: Any,
            status_code: int,
            response_headers: Optional[Dict[str, str]] = None,
            json_str: bool = False,
            run_function_failed: bool = False,
        ):
            self.message = message
            self.status_code = status_code
            self.response_headers = dict(response_headers or {})
            self.json_str = json_str

    AMLResponse = _Response
