"""Files: downloads that go on where they broke off and appear whole, uploads of files, bytes and streams."""

import contextlib
import hashlib
import http.client
import io
import os
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Callable, Iterator, Mapping, Optional, Union, cast

from .errors import Conflict, NotFound
from .transport import LOST, Gone

if TYPE_CHECKING:
    from .client import Client

CHUNK = 1 << 18

#: How long a transfer may stand still.
PATIENCE_SECONDS = 30.0

#: A larger file is sent in pieces, so that a cut connection costs no more than one.
PIECE = 8 << 20

#: To an older server, a big file may have to be sent whole again.
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
        return _upload_file(client, path, os.fspath(source), query, headers)
    with tempfile.NamedTemporaryFile() as kept:
        while True:
            chunk = source.read(CHUNK)
            if not chunk:
                break
            kept.write(chunk.encode("utf-8") if isinstance(chunk, str) else chunk)
        kept.flush()
        return _upload_file(client, path, kept.name, query, headers)


def _upload_file(
    client: "Client", path: str, name: str, query: Mapping[str, Any], headers: Mapping[str, str]
) -> Any:
    if os.path.getsize(name) > PIECE:
        digest = _digest(name)
        try:
            _send_pieces(client, name, digest, headers)
            return client.request("PUT", path, dict(query, uploaded=digest), b"", headers).json()
        except NotFound as error:
            if error.code != "path-not-found":
                raise
            # An older server takes files whole.
    return client.request("PUT", path, query, lambda: open(name, "rb"), headers, patience=_UPLOAD_SECONDS).json()


def _digest(name: str) -> str:
    engine = hashlib.sha256()
    with open(name, "rb") as file:
        for chunk in iter(lambda: file.read(CHUNK), b""):
            engine.update(chunk)
    return "sha256:" + engine.hexdigest()


def _send_pieces(client: "Client", name: str, digest: str, headers: Mapping[str, str]) -> None:
    """Sends what the server has not got yet, piece by piece; goes on after a cut where the server says."""
    place = "/uploads/" + digest
    size = os.path.getsize(name)
    at: int = client.get(place)["received"]
    if at > size:  # Of another file, of which only the name is the same.
        client.delete(place)
        at = 0
    while at < size:
        begin, count = at, min(PIECE, size - at)
        try:
            client.request("PUT", place, {"offset": begin}, lambda: cast(BinaryIO, Part(name, begin, count)), headers)
            at = begin + count
        except Conflict as error:
            if error.code != "upload-offset":
                raise
            # A cut piece came in part, before it was sent again.
            at = client.get(place)["received"]


class Part(io.RawIOBase):
    """So many bytes of a file, as a file."""

    def __init__(self, name: str, begin: int, count: int) -> None:
        super().__init__()
        self._file = open(name, "rb", buffering=0)
        self._file.seek(begin)
        self._left = count
        #: How many bytes there are in all.
        self.size = count

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)[: self._left]
        count = self._file.readinto(view) or 0
        self._left -= count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()
