"""The native client of a Terroir workspace: environments, runs, models and services over its server.

`connect()` gives the client of the workspace that a project's config.json names; the server of a workspace on the same
machine starts by itself. Nothing but the standard library is needed.
"""

from .client import VERSION as __version__
from .client import Client, connect
from .errors import (
    Conflict,
    Forbidden,
    Incompatible,
    InvalidRequest,
    NotFound,
    ServerFailed,
    TerroirError,
    Unauthorized,
    Unavailable,
)
from .paths import file_path, path
from .runs import OfflineRun, Run, current_run
from .workspace import Workspace

__all__ = [
    "Client",
    "Conflict",
    "Forbidden",
    "Incompatible",
    "InvalidRequest",
    "NotFound",
    "OfflineRun",
    "Run",
    "ServerFailed",
    "TerroirError",
    "Unauthorized",
    "Unavailable",
    "Workspace",
    "__version__",
    "connect",
    "current_run",
    "file_path",
    "path",
]
