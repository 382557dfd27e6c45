"""Folders sent by content: the server is told the digests and asks for the files that it lacks.

What `.amlignore`, else `.gitignore`, names is left out (gitignore(5)); `.git` always is.
"""

import hashlib
import os
import re
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple, Union

from .paths import path as api_path
from .errors import Conflict, TerroirError

if TYPE_CHECKING:
    from .client import Client

#: Bytes and files that a source directory may hold, as in the retired service.
LIMIT_BYTES = 300 * 1024 * 1024
LIMIT_FILES = 2000

#: How many files are sent at once.
_AT_ONCE = 4

_POSIX = {"alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z", "space": r"\s",
          "punct": r"!-/:-@\[-`{-~", "xdigit": "0-9a-fA-F"}
_NEVER = "(?!)"


class _Rule(NamedTuple):
    pattern: "re.Pattern[str]"
    is_negated: bool
    directories_only: bool


class IgnoreRules:
    """The patterns of an ignore file."""

    def __init__(self, text: str = "") -> None:
        self._rules = [rule for rule in map(_rule, re.split("\r?\n", text[1:] if text.startswith("\ufeff") else text)) if rule]

    @classmethod
    def of(cls, directory: Union[str, "os.PathLike[str]"]) -> "IgnoreRules":
        """The rules of a directory; if both files are there, `.amlignore` wins."""
        for name in (".amlignore", ".gitignore"):
            file = Path(directory) / name
            if file.is_file():
                return cls(file.read_text(encoding="utf-8", errors="replace"))
        return cls()

    def is_ignored(self, path: str, is_directory: bool) -> bool:
        """Whether a path, relative with `/`, is left out; the caller does not go into a directory that is."""
        if path == ".git" or path.startswith(".git/"):
            return True
        for rule in reversed(self._rules):
            if (is_directory or not rule.directories_only) and rule.pattern.fullmatch(path):
                return not rule.is_negated
        return False


def _rule(line: str) -> Optional[_Rule]:
    while line.endswith(" ") and not line.endswith("\\ "):
        line = line[:-1]
    if not line or line.startswith("#"):
        return None
    negated = line.startswith("!")
    pattern = line[1:] if negated else line
    directories_only = pattern.endswith("/")
    pattern = pattern[:-1] if directories_only else pattern
    if not pattern:
        return None
    anchored = "/" in pattern
    pattern = pattern[1:] if pattern.startswith("/") else pattern
    return _Rule(re.compile(("" if anchored else "(?:.*/)?") + _translate(pattern), re.S), negated, directories_only)


def _translate(glob: str) -> str:
    if glob == "**":
        return ".*"
    out, at = [], 0
    while at < len(glob):
        char = glob[at]
        if glob.startswith("**/", at) and (at == 0 or glob[at - 1] == "/"):
            out.append("(?:.*/)?")
            at += 3
        elif glob.startswith("/**", at) and at + 3 == len(glob):
            out.append("/.+")
            at += 3
        elif char == "*":
            while at < len(glob) and glob[at] == "*":
                at += 1
            out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
            at += 1
        elif char == "[":
            end = _closing(glob, at)
            if end < 0:
                return _NEVER
            out.append(_character_class(glob[at + 1:end]))
            at = end + 1
        elif char == "\\" and at + 1 < len(glob):
            out.append(re.escape(glob[at + 1]))
            at += 2
        else:
            out.append(re.escape(char))
            at += 1
    return "".join(out)


def _closing(glob: str, start: int) -> int:
    at = start + 1
    if at < len(glob) and glob[at] in "!^":
        at += 1
    if at < len(glob) and glob[at] == "]":
        at += 1
    while at < len(glob) and glob[at] != "]":
        if glob.startswith("[:", at):
            end = glob.find(":]", at + 2)
            at = at + 1 if end < 0 else end + 2
        else:
            at += 2 if glob[at] == "\\" else 1
    return at if at < len(glob) else -1


def _character_class(body: str) -> str:
    negated = body[:1] in ("!", "^")
    rest, out, at = body[1:] if negated else body, [], 0
    while at < len(rest):
        end = rest.find(":]", at)
        if rest.startswith("[:", at) and end > 0:
            out.append(_POSIX.get(rest[at + 2:end], ""))
            at = end + 2
        elif rest[at] == "\\" and at + 1 < len(rest):
            out.append(re.escape(rest[at + 1]))
            at += 2
        else:
            out.append("\\" + rest[at] if rest[at] in "[]&^~|\\" else rest[at])
            at += 1
    text = "(?!/)[" + ("^" if negated else "") + "".join(out) + "]"
    try:
        re.compile(text)
        return text
    except re.error:
        return _NEVER


def files_of(
    directory: Union[str, "os.PathLike[str]"], ignore: bool, keeps_within: bool = False
) -> Iterator[Tuple[str, Path]]:
    """The files of a folder, each with its relative name with `/`; links to files are files, circles are not walked.

    With ``keeps_within``, as in a source directory, a link to a folder or to a file elsewhere is refused.
    """
    root = Path(directory)
    within = os.path.join(os.path.realpath(str(root)), "")
    rules = IgnoreRules.of(root) if ignore else IgnoreRules()

    def walk(folder: Path, prefix: str, above: Tuple[str, ...]) -> Iterator[Tuple[str, Path]]:
        for entry in sorted(os.scandir(str(folder)), key=lambda item: item.name):
            name = prefix + entry.name
            is_directory = entry.is_dir(follow_symlinks=not keeps_within)
            if rules.is_ignored(name, is_directory):
                continue
            if keeps_within and entry.is_symlink() and os.path.exists(entry.path):
                _check_link(entry.path, within)
            if is_directory:
                real = os.path.realpath(entry.path)
                if real not in above:
                    yield from walk(Path(entry.path), name + "/", above + (real,))
            elif entry.is_file():
                yield name, Path(entry.path)

    return walk(root, "", (os.path.realpath(str(root)),))


def _check_link(link: str, within: str) -> None:
    is_directory = os.path.isdir(link)
    if is_directory or not os.path.realpath(link).startswith(within):
        raise TerroirError(
            "snapshot-refused",
            "%s: %s, it points to %s" % (
                "a link to a directory cannot be part of a snapshot" if is_directory
                else "a link leads out of the source directory", link, os.readlink(link)),
            hints=["replace it by a copy, or name it in .amlignore"])


def upload(
    client: "Client",
    directory: Union[str, "os.PathLike[str]"],
    ignore: bool,
    on_bytes: Optional[Callable[[int, int], None]] = None,
) -> str:
    """See Client.upload_snapshot. The limits hold for source directories of runs only."""
    if not os.path.isdir(os.fspath(directory)):
        raise TerroirError("directory-not-found", "there is no directory %s" % os.fspath(directory))
    files: List[Dict[str, Any]] = []
    by_digest: Dict[str, Path] = {}
    total = 0
    for name, file in files_of(directory, ignore, keeps_within=True):
        total += file.stat().st_size
        if ignore and (total > LIMIT_BYTES or len(files) >= LIMIT_FILES):
            raise TerroirError(
                "snapshot-too-large",
                "While attempting to take snapshot of %s Your total snapshot size exceeds the limit of %.1f MB"
                % (os.path.abspath(os.fspath(directory)), LIMIT_BYTES / 1024 / 1024)
                if total > LIMIT_BYTES else
                "While attempting to take snapshot of %s Your total number of files exceeds the limit of %d"
                % (os.path.abspath(os.fspath(directory)), LIMIT_FILES),
                hints=["name what the script does not need in a file `.amlignore`",
                       "or point source_directory at a smaller folder"])
        digest, size = digest_of(file)
        by_digest.setdefault(digest, file)
        files.append({"path": name, "digest": digest, "size": size, "isExecutable": os.access(str(file), os.X_OK)})
    send_missing(client, by_digest, on_bytes)
    try:
        answer = client.post("/snapshots", {"files": files})
    except Conflict as error:
        if error.code != "contents-missing":
            raise
        send_missing(client, by_digest, on_bytes)  # Some were cleared away between the two requests.
        answer = client.post("/snapshots", {"files": files})
    return str(answer["id"])


def digest_of(file: Path) -> Tuple[str, int]:
    """The SHA-256 of a file, as ``sha256:`` and 64 digits, and its size in bytes."""
    engine, size = hashlib.sha256(), 0
    with open(str(file), "rb") as stream:
        for chunk in iter(lambda: stream.read(1 << 20), b""):
            engine.update(chunk)
            size += len(chunk)
    return "sha256:" + engine.hexdigest(), size


def send_missing(
    client: "Client", by_digest: Dict[str, Path], on_bytes: Optional[Callable[[int, int], None]] = None
) -> None:
    """Sends the files that the server lacks. ``on_bytes`` is told bytes sent and bytes in all."""
    digests = sorted(by_digest)
    missing: List[str] = []
    for at in range(0, len(digests), 1000):
        # It changes nothing, so that it needs no key to be asked again.
        missing += client._json("POST", "/contents/missing", json={"digests": digests[at:at + 1000]},
                                may_repeat=True)["missing"]
    total = sum(by_digest[digest].stat().st_size for digest in missing)
    sent = 0
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        pending = {pool.submit(client.upload, api_path("contents", digest), by_digest[digest]): digest
                   for digest in missing}
        try:
            for done in as_completed(pending):
                done.result()
                sent += by_digest[pending[done]].stat().st_size
                if on_bytes:
                    on_bytes(sent, total)
        finally:
            for rest in pending:
                rest.cancel()
