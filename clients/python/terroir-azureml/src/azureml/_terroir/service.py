"""The door to the server: the native client, whose errors become those of the SDK."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

import terroir
from terroir import discovery
from terroir import snapshot as snapshots
from terroir.metrics import Sender

from azureml._terroir.errors import (
    AuthenticationException,
    AzureMLException,
    ComputeTargetException,
    RunEnvironmentException,
    ServiceException,
    SnapshotException,
    UserErrorException,
    WebserviceException,
)

_BY_RESOURCE = {
    "services": WebserviceException,
    "models": WebserviceException,
    "computetargets": ComputeTargetException,
    "snapshots": SnapshotException,
}


def workspaces_directory() -> str:
    """Where the workspaces of this machine lie."""
    return str(discovery.home() / "workspaces")


def _message(error: terroir.TerroirError) -> str:
    text = str(error)
    return text[len("error: ") :] if text.startswith("error: ") else text


def translated(error: terroir.TerroirError, resource: str = "") -> AzureMLException:
    """The SDK's exception for an error of the native client."""
    kind: Any = UserErrorException
    if isinstance(error, (terroir.Unauthorized, terroir.Forbidden)):
        kind = AuthenticationException
    elif isinstance(error, (terroir.Unavailable, terroir.ServerFailed)):
        kind = ServiceException
    elif error.code == "snapshot-too-large":
        kind = SnapshotException
    elif error.status:
        kind = _BY_RESOURCE.get(resource, UserErrorException)
    made: AzureMLException = kind(_message(error), inner_exception=error)
    made.status_code = error.status  # type: ignore[attr-defined]
    made.code = error.code  # type: ignore[attr-defined]
    return made


@contextlib.contextmanager
def _translating(resource: str = "") -> Iterator[None]:
    try:
        yield
    except terroir.TerroirError as error:
        raise translated(error, resource) from None


class Service:
    """The server of one workspace."""

    def __init__(self, client: terroir.Client):
        self.client = client
        self._senders: Dict[str, Sender] = {}

    @staticmethod
    def of_config(config: Mapping[str, Any], name: str) -> "Service":
        """The server that a config.json names, else that of a workspace of this machine, which is made when need be."""
        with _translating():
            if config.get("endpoint"):
                return Service(terroir.connect(endpoint=str(config["endpoint"]), workspace_name=name))
            if config.get("terroir_workspace"):
                return Service(terroir.connect(workspace_directory=str(config["terroir_workspace"]), workspace_name=name))
            return Service(terroir.connect(workspace_name=name))

    @staticmethod
    def of_context() -> "Service":
        """The server of the run that this process belongs to."""
        target = discovery.in_run()
        if target is None:
            raise RunEnvironmentException(
                "The run {} says nothing of its server: neither AZUREML_SERVICE_ENDPOINT with AZUREML_RUN_TOKEN nor "
                "TERROIR_WORKSPACE_DIRECTORY is set.".format(os.environ.get("AZUREML_RUN_ID"))
            )
        return Service(terroir.Client(target))

    @staticmethod
    def token_around() -> Optional[str]:
        """The token of the workspace that this process works in, if there is one."""
        try:
            return str(terroir.connect()._where().token)
        except terroir.TerroirError:
            return None

    def __deepcopy__(self, memo: Any) -> "Service":
        return self

    # Where it is

    @property
    def directory(self) -> Optional[str]:
        """The folder of a workspace of this machine."""
        target = self.client.target
        return str(discovery.directory_of(target)) if target.is_local else None

    def config(self) -> Dict[str, str]:
        """What a config.json holds of it beside the workspace's name."""
        target = self.client.target
        if target.endpoint:
            return {"endpoint": str(target.endpoint)}
        return {"terroir_workspace": str(discovery.directory_of(target))}

    def workspace_name(self) -> str:
        with _translating():
            return str(self.client.about()["workspace"])

    def url(self, *parts: str) -> str:
        with _translating():
            return self.client.url + ("/api/v1" + terroir.path(*parts) if parts else "")

    def token(self) -> str:
        """What the server knows this caller by."""
        with _translating():
            return str(self.client._where().token)

    @staticmethod
    def part(name: str) -> str:
        return terroir.path(name)[1:]

    # Documents

    def get(self, *parts: str, **query: Any) -> Any:
        with _translating(parts[0]):
            return self.client.get(terroir.path(*parts), **query)

    def get_or_none(self, *parts: str, **query: Any) -> Optional[Dict[str, Any]]:
        """The same; nothing when there is no such thing."""
        with _translating(parts[0]):
            try:
                found: Dict[str, Any] = self.client.get(terroir.path(*parts), **query)
                return found
            except terroir.NotFound:
                return None

    def post(self, path: str, body: Any) -> Any:
        with _translating(path.split("/")[0]):
            return self.client.post("/" + path, body)

    def put(self, body: Any, *parts: str) -> Any:
        with _translating(parts[0]):
            return self.client.put(terroir.path(*parts), body)

    def patch(self, body: Any, *parts: str) -> Any:
        with _translating(parts[0]):
            return self.client.patch(terroir.path(*parts), body)

    def delete(self, *parts: str) -> None:
        with _translating(parts[0]):
            self.client.delete(terroir.path(*parts))

    def pages(self, path: str, **query: Any) -> Iterator[Dict[str, Any]]:
        with _translating(path.split("/")[0]):
            yield from self.client.pages("/" + path, **query)

    # Files

    def put_file(self, source: Any, *parts: str, **query: Any) -> Any:
        """Sends a file: its path, bytes, or a stream."""
        if isinstance(source, (str, os.PathLike)) and not os.path.isfile(source):
            raise UserErrorException("The file {} is not there.".format(os.path.abspath(os.fspath(source))))
        with _translating(parts[0]):
            return self.client.upload(terroir.path(*parts), source, **query)

    def get_file(self, target: str, *parts: str, or_none: bool = False) -> Optional[str]:
        """Downloads a file to a path."""
        with _translating(parts[0]):
            try:
                self.client.download(terroir.path(*parts), target)
            except terroir.NotFound:
                if or_none:
                    return None
                raise
        return target

    def has(self, *parts: str) -> bool:
        """Whether there is such a file."""
        with _translating(parts[0]):
            try:
                self.client.request("HEAD", terroir.path(*parts))
                return True
            except terroir.NotFound:
                return False

    def bytes(self, *parts: str) -> bytes:
        with _translating(parts[0]):
            return self.client.get_bytes(terroir.path(*parts))

    def text(self, *parts: str) -> str:
        with _translating(parts[0]):
            answer = self.client.request("GET", terroir.path(*parts), headers={"Accept": "text/plain, */*;q=0.1"})
            return answer.body.decode("utf-8", "replace")

    def follow(
        self, resource: str, name: str, on_line: Callable[[str], None], on_status: Optional[Callable[[str], None]] = None
    ) -> str:
        """Hands on a log line by line until it ends."""
        with _translating(resource):
            return self.client.stream_log(terroir.path(resource, name) + "/log", on_line, on_status)

    def snapshot(self, folder: str, ignore_rules: bool = True) -> str:
        """Keeps a folder; what `.amlignore` names is left out."""
        with _translating("snapshots"):
            return self.client.upload_snapshot(folder, ignore=ignore_rules)

    def snapshot_of_files(self, files: Sequence[Tuple[str, str]]) -> str:
        """Keeps files under names of their own."""
        with _translating("snapshots"):
            entries = self._kept([(name, Path(file)) for name, file in files])
            listed = [dict(entry, isExecutable=os.access(file, os.X_OK)) for entry, (_, file) in zip(entries, files)]
            return str(self.client.post("/snapshots", {"files": listed})["id"])

    def _kept(self, files: Sequence[Any]) -> List[Dict[str, Any]]:
        entries = []
        by_digest: Dict[str, Path] = {}
        for name, file in files:
            digest, size = snapshots.digest_of(file)
            by_digest.setdefault(digest, file)
            entries.append({"path": name, "digest": digest, "size": size})
        snapshots.send_missing(self.client, by_digest)
        return entries

    def keep_files(self, path: str, only: Optional[Sequence[str]] = None) -> Dict[str, Any]:
        """Keeps a file or folder and says what of it there is, as a model's registration has it."""
        place = Path(os.path.abspath(path))
        with _translating("models"):
            if place.is_file():
                return {"files": self._kept([(place.name, place)]), "isFolder": False}
            files = [(name, file) for name, file in snapshots.files_of(place, ignore=False)]
            if only is not None:
                wanted = [child.strip("/") for child in only]
                files = [(name, file) for name, file in files if any(name == child or name.startswith(child + "/") for child in wanted)]
            if not files:
                raise UserErrorException("The folder {} holds no files.".format(path))
            return {"files": self._kept(files), "isFolder": True, "path": place.name or "model"}

    def keep_folder(self, folder: str, kind: str, ignore_rules: bool = True) -> Tuple[str, str]:
        """Puts a folder into the default datastore under its digest; answers the datastore and the path there."""
        files = list(snapshots.files_of(folder, ignore=ignore_rules))
        engine = hashlib.sha256()
        for name, file in files:
            engine.update("{}\0{}\n".format(name, snapshots.digest_of(file)[0]).encode("utf-8"))
        below = "{}/{}".format(kind, engine.hexdigest()[:32])
        store = next(str(item["name"]) for item in self.get("datastores")["items"] if item.get("isDefault"))
        there = {item["name"] for item in self.get("datastores", store, "files", prefix=below)["items"]}
        for name, file in files:
            target = "{}/{}".format(below, name)
            if target not in there:
                self.put_file(str(file), "datastores", store, "files", *target.split("/"))
        return store, below

    # Metrics

    def log(self, run_id: str, name: str, kind: str, value: Any, step: Optional[int], description: Optional[str]) -> None:
        """Takes on what a run logs; it is sent in the background."""
        sender = self._senders.get(run_id)
        if sender is None:
            sender = self._senders[run_id] = Sender(self.client, run_id)
        sender.put(name, kind, value, step, description)

    def flush(self, run_id: str, timeout_seconds: float) -> None:
        """Waits until what was logged has arrived."""
        sender = self._senders.get(run_id)
        if sender is not None:
            with _translating("runs"):
                if not sender.flush(timeout_seconds):
                    raise ServiceException("What was logged has not arrived within {} s; it is sent on.".format(timeout_seconds))
