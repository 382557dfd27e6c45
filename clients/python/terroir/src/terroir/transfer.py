"""Files: downloads that go on where they broke off and appear whole, uploads of files, bytes and streams."""

import contextlib
import http.client
import os
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Callable, Iterator, Mapping, Optional, Union

from .transport import LOST, Gone

if TYPE_CHECKING:
    from .client import Client

CHUNK = 1 << 18

#: How long a transfer may stand still.
PATIENCE_SECONDS = 30.0

#: A big file may have to be sent whole again.
_UPLOAD_SECONDS = 600.0


def download(client: "Client", target: str, file: Path, on_bytes: Optional[Callable[[int], None]]) -> Path:
    """See Client.download."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.parent / (".%s.%s" % (file.name[:40], uuid.uuid4().hex))
    try:
        with open(str(beside), "xb") as out:
            _fetch(client, target, out, on_bytes)
        os.replace(str(beside), str(file))
    except BaseException:
        if beside.exists():
            beside.unlink()
        raise
    return file


def _fetch(client: "Client", target: str, out: BinaryIO, on_bytes: Optional[Callable[[int], None]]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    etag: Optional[str] = None
    while True:
        address = client._where()
        at = out.tell()
        headers = {"Accept": "*/*"}
        if at:
            headers["Range"] = "bytes=%d-" % at
            if etag:
                headers["If-Range"] = etag
        try:
            connection, response = client._stream(address, target, headers)
            with contextlib.closing(connection):
                etag = response.headers.get("ETag")
                if at and response.status != 206:
                    out.seek(0)
                    out.truncate()
                for chunk in chunks_of(response):
                    out.write(chunk)
                    deadline = time.monotonic() + PATIENCE_SECONDS
                    if on_bytes:
                        on_bytes(len(chunk))
            return
        except Gone as gone:
            client._find_after(address, gone, deadline)
            time.sleep(0.2)


def chunks_of(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """The body, piece by piece. Raises Gone when it ends before its length."""
    while True:
        try:
            chunk = response.read(CHUNK)
        except LOST as error:
            raise Gone(error) from None
        if not chunk:
            if response.length:
                raise Gone(ConnectionError("the transfer broke off"))
            return
        yield chunk


def upload(
    client: "Client", path: str, source: Union[str, "os.PathLike[str]", BinaryIO, bytes], query: Mapping[str, Any]
) -> Any:
    """See Client.upload."""
    headers = {"Content-Type": "application/octet-stream"}
    if isinstance(source, (bytes, bytearray)):
        return client.request("PUT", path, query, bytes(source), headers).json()
    if isinstance(source, (str, os.PathLike)):
        name = os.fspath(source)
        return client.request("PUT", path, query, lambda: open(name, "rb"), headers, patience=_UPLOAD_SECONDS).json()
    with tempfile.NamedTemporaryFile() as kept:
        while True:
            chunk = source.read(CHUNK)
            if not chunk:
                break
            kept.write(chunk.encode("utf-8") if isinstance(chunk, str) else chunk)
        kept.flush()
        return client.request("PUT", path, query, lambda: open(kept.name, "rb"), headers, patience=_UPLOAD_SECONDS).json()
