"""Requirements files as lines; what pip makes of them is the server's matter."""

from __future__ import annotations

import os
import re
from typing import List

_COMMENT = re.compile(r"(^|\s+)#.*$")
_NAMES_FILE = re.compile(
    r"\s*(?:(?:-r|--requirement|-c|--constraint|-e|--editable)(?:\s|=|$)|-[rce][^\s-]|\.{1,2}(?:/|\\|$)|/|file:|[^\s:;@]*\.(?:whl|tar\.gz|zip)\s*$|[^\s:;@]*/[^\s:;@]*$)"
)


def read(path: str) -> List[str]:
    """The logical lines of a file: continuations joined, comments and empty lines gone."""
    with open(path, encoding="utf-8-sig") as stream:
        text = stream.read()
    lines: List[str] = []
    begun = ""
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            line = ""
        if line.endswith("\\"):
            begun += line[:-1]
            continue
        lines.append(begun + line)
        begun = ""
    if begun:
        lines.append(begun)
    found = []
    for line in lines:
        line = _COMMENT.sub("", line).strip()
        if line:
            found.append(re.sub(r"\$\{([A-Z0-9_]+)\}", lambda m: os.environ.get(m.group(1), m.group(0)), line))
    return found


def names_file(line: str) -> bool:
    """Whether a line depends on a file or folder beside it."""
    return _NAMES_FILE.match(line) is not None
