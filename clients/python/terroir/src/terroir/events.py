"""Logs as server-sent events (WHATWG HTML, section 9.2), followed across lost connections."""

import http.client
import time
from typing import TYPE_CHECKING, Callable, List, Optional

from .errors import of_problem

if TYPE_CHECKING:
    from .client import Client


def follow(
    client: "Client",
    path: str,
    on_line: Callable[[str], None],
    on_status: Optional[Callable[[str], None]],
    patience: float,
) -> str:
    """See Client.stream_log."""
    from .client import _LOST, Answer, _path, _problem

    offset = 0
    status = ""
    deadline = time.monotonic() + patience
    while True:
        address = client._where()
        # The server says something every ten seconds; much longer silence means that it has gone.
        connection = client._open(address, timeout=45)
        try:
            headers = client._headers(address, {"Accept": "text/event-stream", "Last-Event-ID": str(offset)})
            connection.request("GET", _path(path), headers=headers)
            response = connection.getresponse()
            if response.status >= 400 and response.status not in (429, 503):
                raise of_problem(response.status, _problem(Answer(
                    response.status, dict(response.getheaders()), response.read())))
            if response.status < 400:
                name, data = "", []  # type: str, List[str]
                number = ""
                while True:
                    raw = response.readline()
                    if not raw:
                        break
                    deadline = time.monotonic() + patience
                    line = raw.decode("utf-8", "replace").rstrip("\r\n")
                    if not line:
                        text = "\n".join(data)
                        if name == "line":
                            on_line(text)
                        elif name == "status" and text != status:
                            status = text
                            if on_status:
                                on_status(text)
                        elif name == "end":
                            if text and text != status:
                                status = text
                                if on_status:
                                    on_status(text)
                            return status
                        if number.isdigit():
                            offset = int(number)
                        name, data, number = "", [], ""
                    elif line.startswith("event:"):
                        name = line[6:].lstrip(" ")
                    elif line.startswith("data:"):
                        data.append(line[6:] if line.startswith("data: ") else line[5:])
                    elif line.startswith("id:"):
                        number = line[3:].strip()
        except _LOST as error:
            if time.monotonic() >= deadline:
                raise client._unreachable(address, error) from None
            if client.target.is_local and isinstance(error, (ConnectionRefusedError, http.client.RemoteDisconnected)):
                client._find_again(address, may_start=True)
        finally:
            connection.close()
        if time.monotonic() >= deadline:
            raise client._unreachable(address, TimeoutError("its log stays silent"))
        time.sleep(0.1)
