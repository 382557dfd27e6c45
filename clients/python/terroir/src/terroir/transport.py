"""Connections: HTTP/1.1 kept alive, TLS with the usual variables, proxies but never to this machine."""

import base64
import http.client
import os
import select
import ssl
import urllib.parse
import urllib.request
from typing import BinaryIO, Dict, Mapping, Optional, Tuple, Union

from .discovery import Address

_BLOCK = 1 << 18

#: Where else than among the system's the certificates of authorities are.
_CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class Gone(Exception):
    """No answer came, or not the whole of it.

    ``may_have_arrived`` is whether the server may have seen the request; ``is_final`` whether it is of no use to try
    again, because it is not trusted or the address cannot be right. ``distrust`` is what to do about a certificate that is
    not trusted, else empty.
    """

    def __init__(self, cause: BaseException, may_have_arrived: bool = True) -> None:
        super().__init__(str(cause) or type(cause).__name__)
        self.may_have_arrived = may_have_arrived
        self.distrust = _help(cause) if isinstance(cause, ssl.SSLCertVerificationError) else ""
        self.is_final = isinstance(cause, (ssl.SSLCertVerificationError, UnicodeError, http.client.InvalidURL))


def _help(error: ssl.SSLCertVerificationError) -> str:
    """What helps, by the numbers of OpenSSL's `X509_V_ERR_…`."""
    number = getattr(error, "verify_code", 0)
    if number in (9, 10):
        return "have the certificate renewed at the server, or set this machine's clock right"
    if number in (62, 64):
        return "use a name that the certificate is for, or have one made for this name"
    return "name the authority of its certificate by SSL_CERT_FILE, a file in PEM format"


#: What reading and writing a connection raises when it has gone.
LOST = (http.client.HTTPException, OSError)


def tls_context() -> ssl.SSLContext:
    """The certificates of the system, else those that SSL_CERT_FILE or REQUESTS_CA_BUNDLE names."""
    for variable in _CA_VARIABLES:
        place = os.environ.get(variable)
        if place:
            return ssl.create_default_context(
                cafile=None if os.path.isdir(place) else place, capath=place if os.path.isdir(place) else None)
    return ssl.create_default_context()


def open_connection(
    address: Address, timeout: float, context: Optional[ssl.SSLContext]
) -> http.client.HTTPConnection:
    """A connection that connects with its first request. ``timeout`` is in seconds, for each read and write."""
    parts = urllib.parse.urlsplit(address.url)
    host, port = parts.hostname or "", parts.port
    if parts.scheme != "https":
        return http.client.HTTPConnection(host, port, timeout=timeout, blocksize=_BLOCK)
    proxy = _proxy(host)
    if proxy is None:
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=context, blocksize=_BLOCK)
    through = http.client.HTTPSConnection(proxy[0], proxy[1], timeout=timeout, context=context, blocksize=_BLOCK)
    through.set_tunnel(host, port or 443, proxy[2])
    return through


def _proxy(host: str) -> Optional[Tuple[str, int, Dict[str, str]]]:
    if host in ("localhost", "::1") or host.startswith("127.") or urllib.request.proxy_bypass(host):
        return None
    proxy = urllib.request.getproxies().get("https")
    if not proxy:
        return None
    split = urllib.parse.urlsplit(proxy if "//" in proxy else "//" + proxy)
    headers = {}
    if split.username:
        login = "%s:%s" % (urllib.parse.unquote(split.username), urllib.parse.unquote(split.password or ""))
        headers["Proxy-Authorization"] = "Basic " + base64.b64encode(login.encode("utf-8")).decode("ascii")
    return (split.hostname or "", split.port or 3128, headers)


def is_stale(connection: http.client.HTTPConnection) -> bool:
    """Whether the other side has closed a connection on which nothing is expected."""
    if connection.sock is None:
        return False
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(connection.sock, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([connection.sock], [], [], 0)[0])


def send(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    body: Union[None, bytes, BinaryIO],
    headers: Mapping[str, str],
) -> http.client.HTTPResponse:
    """Sends a request and reads the head of its answer, also of one that comes before the whole body is sent.

    Raises Gone.
    """
    try:
        if connection.sock is None:
            connection.connect()
    except (*LOST, UnicodeError) as error:
        raise Gone(error, may_have_arrived=False) from None
    try:
        try:
            connection.request(method, target, body=body, headers=dict(headers))
        except (BrokenPipeError, ConnectionResetError):
            if body is None:
                raise
        return connection.getresponse()
    except LOST as error:
        raise Gone(error) from None
    except UnicodeError as error:
        raise Gone(error, may_have_arrived=False) from None
