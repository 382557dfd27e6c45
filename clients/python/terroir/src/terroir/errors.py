"""What can go wrong, with the sentences of the command line."""

from typing import Any, Dict, List, Optional


class TerroirError(Exception):
    """Something that the server, or the way to it, refused.

    ``code`` is the one of the command line, such as ``environment-not-found``; ``status`` the HTTP status, 0 when
    there was no answer; ``hints`` say what to do next. ``str()`` is the whole message.
    """

    def __init__(
        self,
        code: str,
        title: str,
        detail: Optional[str] = None,
        hints: Optional[List[str]] = None,
        status: int = 0,
        problem: Optional[Dict[str, Any]] = None,
    ) -> None:
        self.code = code
        self.title = title
        self.hints = list(hints or [])
        self.status = status
        self.problem = dict(problem or {})
        if detail is None:
            detail = "\n".join(["error: %s [%s]" % (title, code)] + ["hint: " + hint for hint in self.hints])
        self.detail = detail
        super().__init__(detail)

    def __reduce__(self) -> Any:
        return (type(self), (self.code, self.title, self.detail, self.hints, self.status, self.problem))


class InvalidRequest(TerroirError):
    """The server understood the request and found a mistake in it (400, 405, 413, 415, 422)."""


class Unauthorized(TerroirError):
    """No token, or one that is unknown, expired or revoked (401)."""


class Forbidden(TerroirError):
    """The token's role does not allow it (403)."""


class NotFound(TerroirError):
    """There is no such thing (404, 410)."""


class Conflict(TerroirError):
    """It is there already, or in use, or has changed meanwhile (409, 412)."""


class Unavailable(TerroirError):
    """There was no answer, or the server cannot work now (no status, 429, 502, 503, 504)."""


class ServerFailed(TerroirError):
    """The server met something that it does not expect (500)."""


class Incompatible(TerroirError):
    """Client and server speak different versions of the protocol."""


_BY_STATUS = {
    400: InvalidRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: InvalidRequest,
    408: Unavailable,
    409: Conflict,
    410: NotFound,
    412: Conflict,
    413: InvalidRequest,
    415: InvalidRequest,
    422: InvalidRequest,
    429: Unavailable,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def of_problem(status: int, problem: Dict[str, Any]) -> TerroirError:
    """The error that a problem detail (RFC 9457) tells."""
    kind = _BY_STATUS.get(status, ServerFailed if status >= 500 else InvalidRequest)
    return kind(
        code=str(problem.get("code", "http-%d" % status)),
        title=str(problem.get("title", "the server answered %d" % status)),
        detail=problem.get("detail"),
        hints=problem.get("hints"),
        status=status,
        problem=problem,
    )
