"""A server that misbehaves on demand, for what the real one does only when something breaks."""

import json
import socket
import ssl
import threading
import time
import weakref
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Dict, List, Optional, Tuple

from terroir.client import Client
from terroir.discovery import Target

ABOUT = {"program": "terroir", "version": "0.1.0", "api": ["v1"], "workspace": "fake", "role": "owner"}

Handler = Callable[["Exchange"], None]


class Exchange(BaseHTTPRequestHandler):
    """One request; `answer` and `cut` end it."""

    protocol_version = "HTTP/1.1"
    server: Any
    body = b""

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""

    def do(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        place = self.path.split("?")[0]
        with self.server.lock:
            self.server.seen.append((self.command, self.path, dict(self.headers), self.body))
        handler = self.server.handlers.get((self.command, place))
        if handler is None:
            self.answer(404, {"code": "not-found", "title": "no such thing", "status": 404,
                              "detail": "error: no such thing [not-found]"})
        else:
            handler(self)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do

    def answer(self, status: int, document: Any, headers: Optional[Dict[str, str]] = None) -> None:
        self.raw(status, json.dumps(document).encode("utf-8"), headers)

    def raw(self, status: int, data: bytes, headers: Optional[Dict[str, str]] = None, length: int = -1) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) if length < 0 else length))
        self.end_headers()
        self.wfile.write(data)

    def cut(self) -> None:
        """Ends the connection without another byte."""
        self.wfile.flush()
        self.close_connection = True

    def json(self) -> Any:
        return json.loads(self.body)


class Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def get_request(self) -> Any:
        request: Any = super().get_request()
        self.connections.add(request[0])
        return request

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers who go away are the subject here."""


class FakeServer:
    """Serves `on` handlers on loopback until it is closed."""

    def __init__(self, port: int = 0, tls: Optional[ssl.SSLContext] = None) -> None:
        self.http: Any = Listener(("127.0.0.1", port), Exchange)
        if tls is not None:
            self.http.socket = tls.wrap_socket(self.http.socket, server_side=True)
        self.http.lock = threading.Lock()
        self.http.seen = []
        self.http.handlers = {}
        self.http.connections = weakref.WeakSet()
        self.port: int = self.http.server_address[1]
        self.url = "http://127.0.0.1:%d" % self.port
        self.on("GET", "", lambda exchange: exchange.answer(200, ABOUT))
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    def on(self, method: str, path: str, handler: Handler) -> None:
        self.http.handlers[(method, "/api/v1" + path)] = handler

    def answers(self, method: str, path: str, *handlers: Handler) -> None:
        """One handler after the other, the last one for ever."""
        left = list(handlers)
        self.on(method, path, lambda exchange: (left.pop(0) if len(left) > 1 else left[0])(exchange))

    def seen(self, path: str) -> List[Tuple[str, str, Dict[str, str], bytes]]:
        return [one for one in self.http.seen if one[1].split("?")[0] == "/api/v1" + path]

    def client(self, timeout: float = 5.0) -> Client:
        return Client(Target(endpoint=self.url, token="secret"), timeout)

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        for connection in list(self.http.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # It is closed already.


class MetricStore:
    """Takes metrics as the contract says: each sender's items once, in order."""

    def __init__(self) -> None:
        self.items: List[Dict[str, Any]] = []
        self.last: Dict[str, int] = {}
        self.times: List[float] = []
        self.lock = threading.Lock()

    def add(self, request: Dict[str, Any]) -> int:
        with self.lock:
            sender, first, items = request["sender"], request["first"], request["items"]
            last = self.last.get(sender, 0)
            end = first + len(items) - 1
            if first <= last + 1 and end > last:
                fresh = items[last + 1 - first:]
                self.items += fresh
                self.times += [time.time()] * len(fresh)
                self.last[sender] = last = end
            return last

    def take(self, exchange: Exchange) -> None:
        exchange.answer(200, {"last": self.add(exchange.json())})

    def values(self, name: str = "loss") -> List[Any]:
        with self.lock:
            return [item["value"] for item in self.items if item["name"] == name]
