"""Paths and queries of the API."""

import urllib.parse
from typing import Any, List, Mapping, Optional, Tuple


def path(*parts: Any) -> str:
    """A path of the API; each part is quoted, so that a name with a slash or a space stays one part."""
    return "/" + "/".join(urllib.parse.quote(str(part), safe="") for part in parts)


def file_path(name: str) -> str:
    """The end of a path that names a file: its own slashes stay."""
    return urllib.parse.quote(name, safe="/")


def full_path(path: str) -> str:
    """A path with the API's beginning, unless it begins at the server's root already."""
    return path if path.startswith(("/api/", "/health/", "/metrics")) else "/api/v1" + path


def query_text(query: Optional[Mapping[str, Any]]) -> str:
    """A query with its `?`: a list repeats its name, None is left out."""
    pairs: List[Tuple[str, str]] = []
    for name, value in (query or {}).items():
        for one in value if isinstance(value, (list, tuple)) else [value]:
            if one is not None:
                pairs.append((name, str(one).lower() if isinstance(one, bool) else str(one)))
    return "?" + urllib.parse.urlencode(pairs) if pairs else ""
