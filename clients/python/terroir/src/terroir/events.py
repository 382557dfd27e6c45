"""Logs as server-sent events (WHATWG HTML, section 9.2), followed across lost connections."""

import contextlib
import http.client
import time
from typing import TYPE_CHECKING, Callable, Iterator, List, NamedTuple, Optional

from .paths import full_path
from .transport import LOST, Gone

if TYPE_CHECKING:
    from .client import Client

#: The server says something every ten seconds; much longer silence means that it has gone.
_SILENCE_SECONDS = 45.0


class Event(NamedTuple):
    """One event; ``offset`` is where to go on after it, None when it does not say."""

    name: str
    data: str
    offset: Optional[int]


def read_events(response: http.client.HTTPResponse) -> Iterator[Optional[Event]]:
    """The events of a stream; None is a sign of life. Ends with the stream; one cut off halfway is left out.

    Raises Gone.
    """
    name, number = "", ""
    data: List[str] = []
    while True:
        try:
            raw = response.readline()
        except LOST as error:
            raise Gone(error) from None
        if not raw.endswith(b"\n"):
            return
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        field, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if not line:
            yield Event(name, "\n".join(data), int(number) if number.isdigit() else None) if name or data else None
            name, number, data = "", "", []
        elif field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif field == "id":
            number = value


def follow(
    client: "Client",
    path: str,
    on_line: Callable[[str], None],
    on_status: Optional[Callable[[str], None]],
    patience: float,
) -> str:
    """See Client.stream_log. What ``on_line`` and ``on_status`` raise ends it and is the caller's."""
    offset = 0
    status = ""
    deadline = time.monotonic() + patience
    while True:
        address = client._where()
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(offset)}
        try:
            connection, response = client._stream(address, full_path(path), headers, _SILENCE_SECONDS)
            with contextlib.closing(connection):
                for event in read_events(response):
                    deadline = time.monotonic() + patience
                    if event is None:
                        continue
                    if event.name == "line":
                        on_line(event.data)
                    elif event.name in ("status", "end") and event.data and event.data != status:
                        status = event.data
                        if on_status:
                            on_status(status)
                    if event.offset is not None:
                        offset = event.offset
                    if event.name == "end":
                        return status
            gone = Gone(ConnectionError("its log breaks off"))
        except Gone as error:
            gone = error
        client._find_after(address, gone, deadline)
        time.sleep(0.1)
