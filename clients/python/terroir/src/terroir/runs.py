"""Runs: what they logged, their files, tags and children; the run that this process belongs to."""

import os
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Callable, Dict, Iterator, List, Mapping, Optional, Union

from .client import FileName
from .errors import TerroirError
from .metrics import Sender, plain, restored
from .paths import file_path, path

if TYPE_CHECKING:
    from .client import Client

#: Statuses after which nothing changes any more.
FINAL = ("Completed", "Failed", "Canceled")


class Run:
    """One run of the workspace. What is logged is sent in the background; see :mod:`terroir.metrics`."""

    def __init__(self, client: "Client", run_id: str, document: Optional[Dict[str, Any]] = None) -> None:
        self.client = client
        self.id = run_id
        self._document = document
        self._sender: Optional[Sender] = None

    def __repr__(self) -> str:
        return "<terroir.Run %s>" % self.id

    @property
    def document(self) -> Dict[str, Any]:
        """What the server last said of it; :meth:`refresh` asks again."""
        return self._document if self._document is not None else self.refresh()

    def refresh(self) -> Dict[str, Any]:
        """Everything about it as it is now."""
        document: Dict[str, Any] = self.client.get(path("runs", self.id))
        self._document = document
        return document

    @property
    def status(self) -> str:
        """Its status now, such as ``Running``."""
        return str(self.refresh()["status"])

    # -- what it logs -----------------------------------------------------------------------------------------------

    @property
    def sender(self) -> Sender:
        """What sends its metrics from this process."""
        if self._sender is None:
            self._sender = Sender(self.client, self.id)
        return self._sender

    def log(self, name: str, value: Any, step: Optional[int] = None, description: Optional[str] = None) -> None:
        """Logs a number, text or boolean; repeated names form a list."""
        self.sender.put(name, "scalar", value, step, description)

    def log_list(self, name: str, values: Any, description: Optional[str] = None) -> None:
        """Logs a list."""
        self.sender.put(name, "list", list(values), None, description)

    def log_row(self, name: str, description: Optional[str] = None, **columns: Any) -> None:
        """Logs a row of a table."""
        self.sender.put(name, "row", columns, None, description)

    def log_table(self, name: str, table: Mapping[str, Any], description: Optional[str] = None) -> None:
        """Logs a table: column to its values."""
        self.sender.put(name, "table", dict(table), None, description)

    def flush(self, timeout: float = 300.0) -> bool:
        """Waits until what was logged has arrived; whether it has, within ``timeout`` seconds."""
        return self._sender is None or self._sender.flush(timeout)

    def metrics(self, name: Optional[str] = None) -> List[Dict[str, Any]]:
        """The items logged, in the order they arrived: ``name``, ``kind``, ``value``, ``step``, ``at``."""
        self.flush()
        items = []
        for item in self.client.pages(path("runs", self.id, "metrics"), limit=1000, name=name):
            item["value"] = restored(item["value"])
            items.append(item)
        return items

    # -- what describes it ------------------------------------------------------------------------------------------

    def change(self, **members: Any) -> Dict[str, Any]:
        """Changes ``tags`` (None removes one), ``properties``, ``displayName``, ``description``, ``status``."""
        document: Dict[str, Any] = self.client.patch(path("runs", self.id), members)
        self._document = document
        return document

    def complete(self) -> None:
        """Ends an interactive run, when all that it logged has arrived."""
        self.flush()
        self.change(status="Completed")

    def fail(self, error: Optional[str] = None, code: Optional[str] = None) -> None:
        """Ends an interactive run as failed."""
        self.flush()
        self.change(status="Failed", error=error, errorCode=code)

    def cancel(self) -> None:
        """Ends it with its whole process tree."""
        self._document = self.client.post(path("runs", self.id, "cancel"))

    def children(self, **query: Any) -> Iterator["Run"]:
        """Its child runs, newest first."""
        for document in self.client.pages("/runs", parent=self.id, children=True, **query):
            yield Run(self.client, document["runId"], document)

    def environment(self) -> Dict[str, Any]:
        """The exact environment that it used."""
        environment: Dict[str, Any] = self.client.get(path("runs", self.id, "environment"))
        return environment

    # -- files ------------------------------------------------------------------------------------------------------

    def files(self, prefix: Optional[str] = None) -> List[str]:
        """The names of its files, sorted."""
        return [item["name"] for item in self.client.get(path("runs", self.id, "files"), prefix=prefix)["items"]]

    def upload(self, name: str, source: Union[FileName, BinaryIO, bytes]) -> None:
        """Adds a file. Raises Conflict when the name is taken."""
        self.client.upload(path("runs", self.id, "files") + "/" + file_path(name), source)

    def download(self, name: str, target: FileName) -> Path:
        """Writes one of its files."""
        return self.client.download(path("runs", self.id, "files") + "/" + file_path(name), target)

    # -- its end ----------------------------------------------------------------------------------------------------

    def stream(self, on_line: Callable[[str], None], on_status: Optional[Callable[[str], None]] = None) -> str:
        """Hands on its script's output until it ends; returns the last status."""
        return self.client.stream_log(path("runs", self.id, "log"), on_line, on_status)

    def wait(self, timeout: Optional[float] = None) -> str:
        """Waits for its end and returns its status.

        Raises TerroirError with code ``timeout`` after ``timeout`` seconds.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        pause = 0.05
        while True:
            status = self.status
            if status in FINAL:
                return status
            if deadline is not None and time.monotonic() >= deadline:
                raise TerroirError("timeout", "run `%s` is still %s after %s s" % (self.id, status, timeout))
            time.sleep(pause)
            pause = min(1.0, pause * 1.5)


class OfflineRun(Run):
    """What stands for the run in a process that belongs to none: what is logged is printed, nothing is kept."""

    def __init__(self) -> None:
        self.id = "OfflineRun_%s" % uuid.uuid4()
        self._document = {"runId": self.id, "status": "Running", "experiment": None, "tags": {}, "properties": {}}
        self._printer = _Printer()

    def __repr__(self) -> str:
        return "<terroir.OfflineRun %s>" % self.id

    @property
    def client(self) -> "Client":  # type: ignore[override]
        """Raises TerroirError with code ``not-in-a-run``: there is no server."""
        raise _not_in_a_run()

    @property
    def sender(self) -> Sender:
        """What prints."""
        return self._printer

    def flush(self, timeout: float = 300.0) -> bool:
        """Has nothing to wait for."""
        return True

    def refresh(self) -> Dict[str, Any]:
        """What was set so far."""
        assert self._document is not None
        return self._document

    def change(self, **members: Any) -> Dict[str, Any]:
        """Changes what this object says; `document` has it."""
        document = self.refresh()
        for name, value in members.items():
            if isinstance(value, dict):
                kept = {**document.get(name, {}), **value}
                document[name] = {key: one for key, one in kept.items() if one is not None}
            else:
                document[name] = value
        return document

    def metrics(self, name: Optional[str] = None) -> List[Dict[str, Any]]:
        """Nothing: what was logged was only printed."""
        return []

    def upload(self, name: str, source: Union[FileName, BinaryIO, bytes]) -> None:
        """Says that it would be uploaded."""
        print("Attempted to upload file %s" % name, flush=True)


class _Printer(Sender):
    def __init__(self) -> None:
        """Needs no client, and no thread."""

    def put(self, name: str, kind: str, value: Any, step: Optional[int] = None,
            description: Optional[str] = None) -> None:
        """Prints it."""
        plain(value)  # What cannot be logged in a run is refused here, too.
        print("Attempted to log %s metric %s:\n%s" % (kind, name, value), flush=True)


def _not_in_a_run() -> TerroirError:
    return TerroirError("not-in-a-run", "this process belongs to no run",
                        hints=["submit the script, or start an interactive run"])


def current_run(allow_offline: bool = True) -> Run:
    """The run that this process belongs to; elsewhere an OfflineRun, so that a script works outside of a run as well.

    Raises TerroirError with code ``not-in-a-run`` when it is outside and not ``allow_offline``.
    """
    run_id = os.environ.get("AZUREML_RUN_ID")
    if run_id:
        from .client import connect

        return Run(connect(), run_id)
    if not allow_offline:
        raise _not_in_a_run()
    return OfflineRun()
