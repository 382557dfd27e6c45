"""The HTTP client: one kept-alive connection a thread, retries where they are safe, errors as exceptions."""

import contextlib
import http.client
import json as jsonlib
import os
import ssl
import threading
import time
import uuid
import weakref
from pathlib import Path
from typing import Any, BinaryIO, Callable, Dict, Iterator, Mapping, Optional, Tuple, Union

from . import discovery
from .discovery import Address, Target
from .errors import Incompatible, NotFound, ServerFailed, TerroirError, Unavailable, of_problem
from .paths import full_path, path, query_text
from .transport import LOST, Gone, is_stale, open_connection, send, tls_context

VERSION = "0.1.0"

#: The version of the REST API that this client speaks.
API = "v1"

_TIMEOUT_SECONDS = 60.0
_PATIENCE_SECONDS = 30.0

FileName = Union[str, "os.PathLike[str]"]


class Answer:
    """What the server answered: ``status``, ``headers`` and ``body``."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def json(self) -> Any:
        """The document of the body; None when there is none.

        Raises ServerFailed with code ``invalid-answer`` when it is no JSON.
        """
        try:
            return jsonlib.loads(self.body) if self.body else None
        except ValueError:
            raise ServerFailed(
                "invalid-answer",
                "the answer is no JSON: `%s`" % self.body[:80].decode("utf-8", "replace"),
                hints=["is the address that of a Terroir server?"], status=self.status) from None


class _Kept:
    """A thread's connection, which closes when the thread or the client has gone."""

    def __init__(self, url: str, connection: http.client.HTTPConnection) -> None:
        self.url = url
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()


class Client:
    """A workspace's server. Safe for threads, and for processes that fork.

    Paths begin at the API, such as ``/environments``; their parts are quoted by :func:`path`.
    """

    def __init__(self, target: Target, timeout: float = _TIMEOUT_SECONDS) -> None:
        self.target = target
        self.timeout = timeout
        self._address: Optional[Address] = None
        self._about: Optional[Dict[str, Any]] = None
        self._tls: Optional[ssl.SSLContext] = None
        self._begin()
        _all.add(self)

    def _begin(self) -> None:
        """What a process that was forked must not share with its parent: locks that may be held, connections."""
        self._local = threading.local()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return "<terroir.Client of %s>" % self.target

    # -- where the server is ----------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The server's address, such as ``https://host:8443``."""
        return self._where().url

    def _where(self) -> Address:
        with self._lock:
            if self._address is None:
                if self.target.is_local:
                    self._address = discovery.running(self.target) or discovery.start(self.target)
                else:
                    self._address = discovery.remote(self.target)
            return self._address

    def _find_again(self, gone: Address, may_start: bool) -> None:
        """Looks for the server of a local workspace anew when it does not answer where it was."""
        with self._lock:
            if self._address is not None and self._address != gone:
                return
            found = discovery.running(self.target)
            if found is not None and found != gone:
                self._address = found
            elif may_start:
                self._address = discovery.start(self.target)

    def about(self) -> Dict[str, Any]:
        """Program, workspace and the caller's role; raises Incompatible when it speaks no version known here."""
        if self._about is None:
            try:
                about: Any = self._json("GET", "/api/v1")
            except (NotFound, ServerFailed) as error:
                if error.status == 404 or error.code == "invalid-answer":
                    raise self._stranger() from None
                raise
            if not isinstance(about, dict) or about.get("program") != "terroir":
                raise self._stranger()
            spoken = [str(one) for one in about.get("api", [])]
            if API not in spoken:
                raise Incompatible(
                    "api-version",
                    "the server at %s, Terroir %s, speaks %s of its API; this client, %s, speaks %s"
                    % (self.url, about.get("version"), ", ".join(spoken) or "no version", VERSION, API),
                    hints=["install the client that comes with that server: `terroir==%s`" % about.get("version")])
            self._about = about
        return self._about

    def _stranger(self) -> Incompatible:
        return Incompatible(
            "not-a-terroir-server", "what answers at %s does not speak %s of Terroir's API" % (self.url, API),
            hints=["is the address right, and the server of this Terroir or a later one?"])

    # -- one exchange -----------------------------------------------------------------------------------------------

    def _connection(self, address: Address) -> http.client.HTTPConnection:
        kept: Optional[_Kept] = getattr(self._local, "connection", None)
        if kept is not None:
            if kept.url == address.url and not is_stale(kept.connection):
                return kept.connection
            self._drop()
        kept = _Kept(address.url, self._open(address))
        self._local.connection = kept
        return kept.connection

    def _open(self, address: Address, timeout: Optional[float] = None) -> http.client.HTTPConnection:
        if self._tls is None and address.url.startswith("https:"):
            self._tls = tls_context()
        return open_connection(address, self.timeout if timeout is None else timeout, self._tls)

    def _drop(self) -> None:
        kept: Optional[_Kept] = getattr(self._local, "connection", None)
        self._local.connection = None
        if kept is not None:
            kept.connection.close()

    def _headers(self, address: Address, more: Optional[Mapping[str, str]]) -> Dict[str, str]:
        headers = {
            "Authorization": "Bearer " + address.token,
            "User-Agent": "terroir-python/" + VERSION,
            "Accept": "application/json",
        }
        headers.update(more or {})
        return headers

    def request(
        self,
        method: str,
        path: str,
        query: Optional[Mapping[str, Any]] = None,
        body: Union[None, bytes, Callable[[], BinaryIO]] = None,
        headers: Optional[Mapping[str, str]] = None,
        may_repeat: Optional[bool] = None,
        patience: float = _PATIENCE_SECONDS,
        may_start: bool = True,
    ) -> Answer:
        """One request, repeated while that is safe and the server does not answer.

        ``body`` is bytes, or a function that opens a file anew for each try. ``may_repeat`` says whether the request
        may reach the server twice; when left out it is what HTTP says of the method. ``patience`` is in seconds.

        Raises TerroirError and its kinds.
        """
        repeatable = method in ("GET", "HEAD", "PUT", "DELETE") if may_repeat is None else may_repeat
        target = full_path(path) + query_text(query)
        deadline = time.monotonic() + patience
        pause = 0.05
        arrived = False
        renewed = False
        while True:
            address = self._where()
            try:
                answer = self._exchange(address, method, target, body, headers)
            except Gone as gone:
                self._drop()
                arrived = arrived or gone.may_have_arrived
                if gone.may_have_arrived and not repeatable:
                    raise self._unreachable(address, gone) from None
                self._find_after(address, gone, deadline, may_start)
                time.sleep(pause)
                pause = min(2.0, pause * 2)
                continue
            if answer.status == 401 and self.target.is_local and not renewed:
                renewed = True  # Another server took its place, with another token.
                self._find_again(address, may_start)
                if self._where() != address:
                    continue
            if answer.status in (429, 503) and repeatable and time.monotonic() < deadline:
                time.sleep(_retry_after(answer, pause))
                pause = min(2.0, pause * 2)
                continue
            if answer.status == 404 and method == "DELETE" and arrived:
                return Answer(204, answer.headers, b"")  # The one whose answer was lost did it.
            if answer.status >= 400:
                raise of_problem(answer.status, _problem(answer))
            return answer

    def _exchange(
        self,
        address: Address,
        method: str,
        target: str,
        body: Union[None, bytes, Callable[[], BinaryIO]],
        headers: Optional[Mapping[str, str]],
    ) -> Answer:
        sent = self._headers(address, headers)
        with contextlib.ExitStack() as opened:
            content: Union[None, bytes, BinaryIO]
            if callable(body):
                content = opened.enter_context(body())
                size = getattr(content, "size", None)  # That of a part of a file.
                sent["Content-Length"] = str(os.fstat(content.fileno()).st_size if size is None else size)
            else:
                content = body
            response = send(self._connection(address), method, target, content, sent)
            try:
                data = response.read()
            except LOST as error:
                raise Gone(error) from None
        if response.will_close:
            self._drop()
        return Answer(response.status, _lower(response), data)

    def _stream(
        self, address: Address, target: str, headers: Mapping[str, str], timeout: Optional[float] = None
    ) -> Tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """The head of an answer whose body the caller reads, on a connection of its own.

        Raises Gone, also when the server is busy or another one took its place; else the error that it answers.
        """
        connection = self._open(address, timeout)
        try:
            response = send(connection, "GET", target, None, self._headers(address, headers))
            if response.status < 400:
                return connection, response
            try:
                answer = Answer(response.status, _lower(response), response.read())
            except LOST as error:
                raise Gone(error) from None
            problem = of_problem(answer.status, _problem(answer))
            if answer.status in (429, 503):
                raise Gone(problem)
            if answer.status == 401 and self.target.is_local:
                found = discovery.running(self.target)
                if found is not None and found != address:
                    raise Gone(problem)
            raise problem
        except BaseException:
            connection.close()
            raise

    def _find_after(self, address: Address, gone: Gone, deadline: float, may_start: bool = True) -> None:
        """Prepares for another try. Raises Unavailable when there shall be none."""
        if gone.is_final or time.monotonic() >= deadline:
            raise self._unreachable(address, gone) from None
        if self.target.is_local:
            try:
                self._find_again(address, may_start)
            except Unavailable as error:
                # The one before may still be ending.
                if error.code == "program-not-found" or time.monotonic() >= deadline:
                    raise

    def _unreachable(self, address: Address, error: BaseException) -> Unavailable:
        return Unavailable(
            "server-unreachable",
            "the server at %s %s: %s" % (
                address.url,
                "cannot be trusted" if isinstance(error, Gone) and error.distrust else "does not answer",
                error or type(error).__name__),
            hints=[error.distrust] if isinstance(error, Gone) and error.distrust else
            ["is it running, and is the address right?"] if not self.target.is_local else
            ["`terroir serve --workspace %s` shows why it does not start" % discovery.directory_of(self.target)])

    # -- documents --------------------------------------------------------------------------------------------------

    def _json(
        self,
        method: str,
        path: str,
        query: Optional[Mapping[str, Any]] = None,
        json: Any = None,
        headers: Optional[Mapping[str, str]] = None,
        may_repeat: Optional[bool] = None,
        patience: float = _PATIENCE_SECONDS,
    ) -> Any:
        sent = dict(headers or {})
        body = None
        if json is not None:
            sent.setdefault("Content-Type", "application/json")
            body = jsonlib.dumps(json, allow_nan=False, separators=(",", ":")).encode("utf-8")
        return self.request(method, path, query, body, sent, may_repeat, patience).json()

    def get(self, path: str, **query: Any) -> Any:
        """A document. Parameters of the query that are None are left out."""
        return self._json("GET", path, query)

    def post(self, path: str, json: Any = None, idempotent: bool = True, **query: Any) -> Any:
        """Creates something. With ``idempotent`` the request bears a key and may safely be sent again."""
        headers = {"Idempotency-Key": uuid.uuid4().hex} if idempotent else {}
        return self._json("POST", path, query, {} if json is None else json, headers, may_repeat=idempotent)

    def put(self, path: str, json: Any = None, **query: Any) -> Any:
        """Makes or replaces something."""
        return self._json("PUT", path, query, {} if json is None else json)

    def patch(self, path: str, json: Any = None, **query: Any) -> Any:
        """Changes something; what is given wins over what is there, so that it may be sent again."""
        return self._json("PATCH", path, query, {} if json is None else json, may_repeat=True)

    def delete(self, path: str, **query: Any) -> Any:
        """Takes something away."""
        return self._json("DELETE", path, query)

    def pages(self, path: str, **query: Any) -> Iterator[Dict[str, Any]]:
        """All items of a list, page after page."""
        while True:
            page = self.get(path, **query)
            yield from page["items"]
            if not page.get("next"):
                return
            query["after"] = page["next"]

    # -- files ------------------------------------------------------------------------------------------------------

    def get_bytes(self, path: str, **query: Any) -> bytes:
        """A file as bytes."""
        return self.request("GET", path, query, headers={"Accept": "*/*"}).body

    def download(
        self,
        path: str,
        target: FileName,
        on_bytes: Optional[Callable[[int], None]] = None,
        **query: Any,
    ) -> Path:
        """Writes a file, which appears whole or not at all; a transfer that breaks off goes on where it was."""
        from .transfer import download

        return download(self, full_path(path) + query_text(query), Path(target), on_bytes)

    def upload(self, path: str, source: Union[FileName, BinaryIO, bytes], **query: Any) -> Any:
        """Sends a file by PUT: its name, bytes, or an open stream, which is read to its end first.

        A big one is sent in pieces, which go on where they were when the connection breaks off.
        """
        from .transfer import upload

        return upload(self, path, source, query)

    # -- logs and jobs ----------------------------------------------------------------------------------------------

    def stream_log(
        self,
        path: str,
        on_line: Callable[[str], None],
        on_status: Optional[Callable[[str], None]] = None,
        patience: float = 120.0,
    ) -> str:
        """Hands on a log line by line until it ends; goes on after a lost connection and after a restart of the server.

        Returns the last status. ``patience`` is how many seconds the server may be away.
        """
        from .events import follow

        return follow(self, path, on_line, on_status, patience)

    def wait_job(
        self,
        job: Mapping[str, Any],
        on_line: Optional[Callable[[str], None]] = None,
        on_status: Optional[Callable[[str], None]] = None,
    ) -> Dict[str, Any]:
        """Waits for a job's end and returns it.

        Raises the job's own error when it failed, TerroirError with code ``job-canceled`` when it was canceled.
        """
        place = path("jobs", job["id"])
        self.stream_log(place + "/log", on_line or (lambda line: None), on_status)
        pause = 0.02
        while True:
            done: Dict[str, Any] = self.get(place)
            if done["status"] in ("Succeeded", "Failed", "Canceled"):
                break
            time.sleep(pause)
            pause = min(1.0, pause * 2)
        if done["status"] == "Failed":
            problem = done.get("error") or {"code": "job-failed", "title": "the job failed"}
            raise of_problem(int(problem.get("status", 422)), problem)
        if done["status"] == "Canceled":
            raise TerroirError("job-canceled", "the job %s was canceled" % done["id"])
        return done

    def upload_snapshot(
        self,
        directory: FileName,
        ignore: bool = True,
        on_bytes: Optional[Callable[[int, int], None]] = None,
    ) -> str:
        """Sends what the server lacks of a folder and returns the snapshot's id; see :mod:`terroir.snapshot`."""
        from .snapshot import upload

        return upload(self, directory, ignore, on_bytes)


def connect(
    path: Optional[FileName] = None,
    endpoint: Optional[str] = None,
    token: Optional[str] = None,
    workspace_directory: Optional[FileName] = None,
    workspace_name: Optional[str] = None,
    timeout: float = _TIMEOUT_SECONDS,
) -> Client:
    """The server of a workspace: the one that is named, else that of the run that this process belongs to, else the
    one that config.json names in ``path`` (the current directory when left out) or a directory above, else the user's
    default one. That of a workspace on this machine is started when it does not run.

    Raises TerroirError when there is no such workspace or server.
    """
    if endpoint or workspace_directory or workspace_name:
        target = Target(
            endpoint=endpoint, token=token, name=workspace_name,
            directory=Path(os.path.abspath(os.fspath(workspace_directory))) if workspace_directory else None)
    else:
        within = discovery.in_run() if path is None else None
        config = None if within else discovery.find_config(path or ".")
        if within:
            target = within
        elif config:
            target = discovery.read_config(config)
        elif path is not None:
            raise TerroirError(
                "config-not-found",
                "config.json could not be found in %s or its parent directories" % os.fspath(path),
                hints=["make one with `terroir workspace create -n NAME`"])
        else:
            target = _of_environment()
    client = Client(target, timeout)
    client.about()
    return client


def _of_environment() -> Target:
    named = os.environ.get("TERROIR_WORKSPACE")
    if not named:
        return Target(name="default")
    if named.startswith(("http://", "https://")):
        return Target(endpoint=named)
    below_home = discovery.home() / "workspaces" / named
    if not os.path.exists(named) and below_home.exists():
        return Target(name=named)
    return Target(directory=Path(os.path.abspath(named)))


def _problem(answer: Answer) -> Dict[str, Any]:
    try:
        problem = answer.json()
        if isinstance(problem, dict):
            return problem
    except ServerFailed:
        pass
    return {"code": "http-%d" % answer.status, "title": "the server answered %d: %s" % (
        answer.status, answer.body[:200].decode("utf-8", "replace"))}


def _retry_after(answer: Answer, pause: float) -> float:
    wish = answer.headers.get("retry-after", "")
    return min(10.0, float(wish)) if wish.isdigit() else pause


def _lower(response: http.client.HTTPResponse) -> Dict[str, str]:
    return dict((name.lower(), value) for name, value in response.getheaders())


_all: "weakref.WeakSet[Client]" = weakref.WeakSet()


def _after_fork() -> None:
    for client in list(_all):
        client._begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
