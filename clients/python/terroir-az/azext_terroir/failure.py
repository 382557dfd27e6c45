"""A failure of ``terroir`` as an error of ``az``: the same sentences, the same exit code."""

import sys

from azure.cli.core.azclierror import AzCLIError


class TerroirError(AzCLIError):
    """What ``terroir`` said on standard error, and how it ended."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code

    def print_error(self) -> None:
        """Says it and ends: by itself ``az`` knows no exit code but 1 and 3."""
        sys.stderr.write(self.error_msg + "\n")
        sys.exit(self.exit_code)
