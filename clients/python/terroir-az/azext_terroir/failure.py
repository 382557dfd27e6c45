"""A failure of ``terroir`` as an error of ``az``: the same sentences, the same exit code."""

import sys

from azure.cli.core.azclierror import AzCLIError


class TerroirError(AzCLIError):
    """What ``terroir`` said on standard error, and how it ended."""

    def __init__(self, message: str, exit_code: int, is_shown: bool = False) -> None:
        """
        :param is_shown: whether `terroir` has said it to the user already
        """
        super().__init__(message)
        self.exit_code = exit_code
        self.is_shown = is_shown

    def print_error(self) -> None:
        """Says it and ends: by itself ``az`` knows no exit code but 1 and 3."""
        if not self.is_shown:
            sys.stderr.write(self.error_msg + "\n")
        sys.exit(self.exit_code)
