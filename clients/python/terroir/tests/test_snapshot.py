"""Folders sent by content, and what ignore files leave out (gitignore(5), compared with git itself)."""

import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
import unittest
import warnings
from pathlib import Path
from typing import Any, Dict, List
from unittest import mock

import terroir
from terroir import snapshot
from terroir.snapshot import IgnoreRules, files_of

from .fake import Exchange, FakeServer

# Git counts bytes where these rules count characters, so that all of this is ASCII.
_ATOMS = ["a", "b", "ab", "*", "**", "?", "[ab]", "[!a]", "[^b]", "[a-b]", "[]a]", "[[:alpha:]]", "[\\a]", "\\a", "\\*", ".x",
          "*.x", "a*", "*b", "a b", "[a", "[", "$", "+", "(", "{a}", "|", "^"]
_NAMES = ["a", "b", "ab", "ba", "a.x", ".x", "*", "a b", "c", "$", "+", "(", "{a}", "|", "^", "]", "[a", "[", "1"]


def _pattern(chance: random.Random) -> str:
    text = "/".join("".join(chance.choice(_ATOMS) for _ in range(chance.choice([1, 1, 1, 2])))
                    for _ in range(chance.choice([1, 1, 2, 3])))
    text = chance.choice(["", "", "", "!", "/", "#", "\\#", "\\!"]) + text + chance.choice(["", "", "", "/", "/**", " ", "\\ ", "/*"])
    # `x**/**` matches `x` too in git, which its manual does not say.
    text = re.sub(r"(?<=[^/])\*\*+(?=/\*\*)", "*", text)
    return text


class Ignoring(unittest.TestCase):
    """The rules."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def kept(self, ignore: bool = True) -> List[str]:
        return [name for name, _ in files_of(self.folder, ignore)]

    def write(self, *names: str) -> None:
        for name in names:
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(name)

    def test_amlignore_wins_over_gitignore(self) -> None:
        self.write("a", "b")
        (self.folder / ".gitignore").write_text("a\n")
        self.assertEqual([".gitignore", "b"], self.kept())
        (self.folder / ".amlignore").write_text("b\n")
        self.assertEqual([".amlignore", ".gitignore", "a"], self.kept())
        self.assertEqual([".amlignore", ".gitignore", "a", "b"], self.kept(ignore=False))

    def test_git_itself_is_never_sent(self) -> None:
        self.write(".git/config", "sub/.gitkeep")
        self.assertEqual(["sub/.gitkeep"], self.kept())
        self.assertEqual(["sub/.gitkeep"], self.kept(ignore=False))

    def test_what_lies_below_an_ignored_folder_cannot_be_taken_back(self) -> None:
        self.write("data/keep", "data2/x", "data2/keep")
        (self.folder / ".amlignore").write_text("data/\n!data/keep\ndata2/*\n!data2/keep\n.amlignore")
        self.assertEqual(["data2/keep"], self.kept())

    def test_lines_end_with_lf_or_crlf_and_may_begin_with_a_mark(self) -> None:
        rules = IgnoreRules("\ufeffa\r\nb\u2028c\n")
        self.assertTrue(rules.is_ignored("a", False))
        self.assertTrue(rules.is_ignored("b\u2028c", False))
        self.assertFalse(rules.is_ignored("b", False))

    @unittest.skipUnless(shutil.which("git"), "git is not installed")
    def test_git_decides_the_same(self) -> None:
        chance = random.Random(2020)
        subprocess.run(["git", "init", "-q", str(self.folder)], check=True)
        paths = sorted(set(_NAMES) | {"%s/%s" % (chance.choice(_NAMES), chance.choice(_NAMES)) for _ in range(60)}
                       | {"%s/%s/%s" % tuple(chance.choice(_NAMES) for _ in range(3)) for _ in range(60)})
        differences = []
        for _ in range(250):
            text = "\n".join(_pattern(chance) for _ in range(chance.choice([1, 1, 2, 3]))) + "\n"
            (self.folder / ".gitignore").write_text(text, encoding="utf-8")
            asked = "".join(path + "\0" for path in paths).encode("utf-8")
            told = subprocess.run(["git", "-c", "core.excludesFile=", "-C", str(self.folder), "check-ignore", "-z", "--stdin",
                                   "--no-index"], input=asked, stdout=subprocess.PIPE).stdout
            theirs = set(told.decode("utf-8").split("\0")) - {""}
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                rules = IgnoreRules(text)
            for path in paths:
                parts = path.split("/")
                ours = any(rules.is_ignored("/".join(parts[:end]), end < len(parts)) for end in range(1, len(parts) + 1))
                if ours != (path in theirs):
                    differences.append("%r %s: git says %s" % (text, path, path in theirs))
        self.assertEqual([], differences[:10])


class Sending(unittest.TestCase):
    """The exchange with the server."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.server = FakeServer()
        self.addCleanup(self.server.close)
        self.contents: Dict[str, bytes] = {}
        self.server.on("POST", "/contents/missing", lambda e: e.answer(200, {
            "missing": [one for one in e.json()["digests"] if one not in self.contents]}))
        self.server.on("POST", "/snapshots", self.keep)
        for text in [b"one", b"two"]:
            self.server.on("PUT", "/contents/" + digest(text).replace(":", "%3A"), self.put)

    def put(self, exchange: Exchange) -> None:
        self.contents[digest(exchange.body)] = exchange.body
        exchange.answer(200, None)

    def keep(self, exchange: Exchange) -> None:
        missing = [one["digest"] for one in exchange.json()["files"] if one["digest"] not in self.contents]
        if missing:
            exchange.answer(409, {"code": "contents-missing", "title": "missing", "status": 409, "missing": missing})
        else:
            exchange.answer(201, {"id": "sha256:" + "0" * 64})

    def test_only_what_the_server_lacks_is_sent_and_progress_is_told(self) -> None:
        for name, text in [("a", "one"), ("b", "two"), ("c", "two")]:
            (self.folder / name).write_text(text)
        os.chmod(str(self.folder / "a"), 0o755)
        told: List[Any] = []
        identity = self.server.client().upload_snapshot(self.folder, on_bytes=lambda *sizes: told.append(sizes))
        self.assertEqual("sha256:" + "0" * 64, identity)
        self.assertEqual([(3, 6), (6, 6)], told)
        files = json.loads(self.server.seen("/snapshots")[0][3])["files"]
        self.assertEqual([("a", True), ("b", False), ("c", False)], [(one["path"], one["isExecutable"]) for one in files])
        told.clear()
        self.server.client().upload_snapshot(self.folder, on_bytes=lambda *sizes: told.append(sizes))
        self.assertEqual([], told)

    def test_what_was_cleared_away_meanwhile_is_sent_again(self) -> None:
        (self.folder / "a").write_text("one")
        self.contents[digest(b"one")] = b"one"

        def lose(exchange: Exchange) -> None:
            self.contents.clear()
            self.keep(exchange)

        self.server.answers("POST", "/snapshots", lose, self.keep)
        self.server.client().upload_snapshot(self.folder)
        self.assertEqual(b"one", self.contents[digest(b"one")])

    def test_links_that_lead_out_and_links_to_folders_are_refused(self) -> None:
        source, outside = self.folder / "source", self.folder / "source2"
        (source / "sub").mkdir(parents=True)
        outside.mkdir()
        (source / "sub" / "a").write_text("one")
        (outside / "secret").write_text("two")
        (source / "inside").symlink_to(Path("sub", "a"))
        (source / "dangling").symlink_to("nothing")
        self.server.client().upload_snapshot(source)
        files = json.loads(self.server.seen("/snapshots")[0][3])["files"]
        self.assertEqual(["inside", "sub/a"], [one["path"] for one in files])
        for target, reason in [(outside / "secret", "leads out of"), (outside, "to a directory"), (Path("sub"), "to a directory")]:
            (source / "link").symlink_to(target)
            with self.assertRaises(terroir.TerroirError) as raised:
                self.server.client().upload_snapshot(source)
            self.assertEqual("snapshot-refused", raised.exception.code)
            self.assertIn(reason, str(raised.exception))
            (source / ".amlignore").write_text("/link\n.amlignore\n")
            self.server.client().upload_snapshot(source, ignore=True)
            (source / ".amlignore").unlink()
            (source / "link").unlink()
        self.assertNotIn(digest(b"two"), self.contents)

    def test_limits_are_those_of_the_retired_service(self) -> None:
        for name in "abc":
            (self.folder / name).write_text("12345")
        with mock.patch.object(snapshot, "LIMIT_FILES", 2), self.assertRaises(terroir.TerroirError) as raised:
            self.server.client().upload_snapshot(self.folder)
        self.assertEqual("snapshot-too-large", raised.exception.code)
        with mock.patch.object(snapshot, "LIMIT_BYTES", 14), self.assertRaises(terroir.TerroirError) as raised:
            self.server.client().upload_snapshot(self.folder)
        self.assertIn("While attempting to take snapshot of %s" % self.folder, str(raised.exception))
        self.assertEqual((300 * 1024 * 1024, 2000), (snapshot.LIMIT_BYTES, snapshot.LIMIT_FILES))


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()
