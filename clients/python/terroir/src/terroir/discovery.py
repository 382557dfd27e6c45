"""Finding the workspace that a project works in, and the server that stands for it.

docs/server.md of Terroir says where clients look; the search for config.json is that of the retired SDK.
"""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Union

from .errors import TerroirError, Unauthorized, Unavailable

_START_SECONDS = 120


@dataclass(frozen=True)
class Address:
    """Where a server is and what it wants to see."""

    url: str
    token: str


@dataclass(frozen=True)
class Target:
    """A workspace as somebody named it: a server's ``endpoint``, or a ``directory`` or ``name`` on this machine."""

    endpoint: Optional[str] = None
    token: Optional[str] = None
    directory: Optional[Path] = None
    name: Optional[str] = None

    @property
    def is_local(self) -> bool:
        """Whether its server is found, or started, on this machine."""
        return self.endpoint is None

    def __str__(self) -> str:
        return self.endpoint or str(self.directory or self.name or "the default workspace")


def home() -> Path:
    """Terroir's data folder on this machine, as the program itself finds it."""
    own = os.environ.get("TERROIR_HOME")
    if own:
        return Path(own) / "data"
    data = os.environ.get("XDG_DATA_HOME", "")
    return (Path(data) if os.path.isabs(data) else Path.home() / ".local" / "share") / "terroir"


def _configuration() -> Path:
    own = os.environ.get("TERROIR_HOME")
    if own:
        return Path(own) / "config"
    config = os.environ.get("XDG_CONFIG_HOME", "")
    return (Path(config) if os.path.isabs(config) else Path.home() / ".config") / "terroir"


def config_places(start: Union[str, "os.PathLike[str]"]) -> List[Path]:
    """Where a project's config.json is looked for: the file itself, else each directory from ``start`` to the root."""
    path = Path(os.path.abspath(os.fspath(start)))
    if path.is_file():
        return [path]
    places = []
    for directory in [path, *path.parents]:
        places += [directory / "config.json", directory / ".azureml" / "config.json",
                   directory / "aml_config" / "config.json"]
    return places


def find_config(start: Union[str, "os.PathLike[str]"] = ".") -> Optional[Path]:
    """The config.json of a project, or None."""
    for place in config_places(start):
        if place.is_file():
            return place
    return None


def read_config(file: Path) -> Target:
    """What a config.json names."""
    try:
        document: Dict[str, Any] = json.loads(file.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise TerroirError("invalid-json", "%s cannot be read: %s" % (file, error)) from None
    endpoint = document.get("endpoint")
    directory = document.get("terroir_workspace")
    name = document.get("workspace_name")
    if not endpoint and not directory and not name:
        raise TerroirError("invalid-json", "%s names no workspace" % file,
                           hints=["it holds `workspace_name`, and `endpoint` for a server"])
    return Target(
        endpoint=str(endpoint) if endpoint else None,
        directory=file.parent.joinpath(str(directory)) if directory else None,
        name=str(name) if name else None,
    )


def in_run() -> Optional[Target]:
    """The workspace of the run that this process belongs to, or None."""
    if not os.environ.get("AZUREML_RUN_ID"):
        return None
    endpoint = os.environ.get("AZUREML_SERVICE_ENDPOINT")
    token = os.environ.get("AZUREML_RUN_TOKEN")
    if endpoint and token:
        return Target(endpoint=endpoint, token=token)
    directory = os.environ.get("TERROIR_WORKSPACE_DIRECTORY")
    return Target(directory=Path(directory), token=token or None) if directory else None


def directory_of(target: Target) -> Path:
    """The directory of a workspace on this machine."""
    if target.directory is not None:
        return target.directory
    return home() / "workspaces" / (target.name or "default")


def stored_token(endpoint: str) -> Optional[str]:
    """The token for a server: ``TERROIR_TOKEN``, the file of ``TERROIR_TOKEN_FILE``, or what `terroir login` kept."""
    own = os.environ.get("TERROIR_TOKEN")
    if own:
        return own
    file = os.environ.get("TERROIR_TOKEN_FILE")
    if file:
        return Path(file).read_text(encoding="utf-8").strip()
    kept = _configuration() / "tokens.json"
    if kept.is_file():
        tokens: Dict[str, str] = json.loads(kept.read_text(encoding="utf-8"))
        for known, token in tokens.items():
            if known.rstrip("/") == endpoint.rstrip("/"):
                return token
    return None


def remote(target: Target) -> Address:
    """The address of a team's server.

    Raises Unauthorized when there is no token for it.
    """
    endpoint = str(target.endpoint).rstrip("/")
    token = target.token or stored_token(endpoint)
    if not token:
        raise Unauthorized(
            "token-missing", "there is no token for %s" % endpoint,
            hints=["`terroir login --endpoint %s` keeps one" % endpoint,
                   "or set TERROIR_TOKEN, or TERROIR_TOKEN_FILE to a file that holds it"])
    return Address(endpoint, token)


def running(target: Target) -> Optional[Address]:
    """The server of a local workspace as its files say; it may have gone meanwhile."""
    folder = directory_of(target) / "server"
    try:
        url = json.loads((folder / "server.json").read_text(encoding="utf-8"))["url"]
        token = target.token or (folder / "token").read_text(encoding="utf-8").strip()
        return Address(str(url).rstrip("/"), token)
    except (OSError, ValueError, KeyError):
        return None


def program() -> List[str]:
    """The `terroir` command.

    Raises Unavailable when there is none.
    """
    named = os.environ.get("TERROIR_COMMAND")
    found = named or shutil.which("terroir")
    if not found:
        raise Unavailable(
            "program-not-found", "the program `terroir` is not on PATH",
            hints=["add the `bin` folder of its distribution to PATH, or name the program by TERROIR_COMMAND"])
    return [found]


def start(target: Target) -> Address:
    """Makes sure that a server of a local workspace runs; it is started when none does.

    Raises Unavailable with what the program said.
    """
    directory = directory_of(target)
    if target.directory is None and not (directory / "workspace.json").is_file():
        # As the program does: a workspace that a config.json of the retired service names is made on first use.
        run_program(["workspace", "create", "--name", target.name or "default", "--exist-ok", "--no-config"])
    text = run_program(["serve", "--detach", "--workspace", str(directory), "--output", "json"])
    answer = json.loads(text)
    token = target.token or Path(answer["tokenFile"]).read_text(encoding="utf-8").strip()
    return Address(str(answer["url"]).rstrip("/"), token)


def run_program(arguments: List[str], cwd: Optional[str] = None) -> str:
    """What a command of `terroir` prints.

    Raises TerroirError with its message when it fails.
    """
    command = program() + arguments
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              universal_newlines=True, timeout=_START_SECONDS, cwd=cwd)
    except OSError as error:
        raise Unavailable("program-not-found", "%s cannot be started: %s" % (command[0], error.strerror)) from None
    except subprocess.TimeoutExpired:
        raise Unavailable("server-not-started", "`%s` took longer than %d s" % (" ".join(command), _START_SECONDS)
                          ) from None
    if done.returncode != 0:
        raise Unavailable("server-not-started", "`terroir %s` failed" % " ".join(arguments),
                          detail=done.stderr.strip() or None)
    return done.stdout
