"""A failure of ``terroir`` as an error of ``az``: the same sentences, the same exit code."""

import sys
from typing import Any

from azure.cli.core.azclierror import AzCLIError


class TerroirError(AzCLIError):
    """What ``terroir`` said on standard error, and how it ended."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code

    def print_error(self) -> None:
        sys.stderr.write(str(self.error_msg) + "\n")

    def send_telemetry(self) -> None:
        """Sends nothing."""

    def set_exception_trace(self, *_: Any) -> None:
        """Keeps nothing."""
