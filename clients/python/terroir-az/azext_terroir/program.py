"""Calling the ``terroir`` command."""

import json
import os
import shutil
import subprocess
import sys
from typing import Any, List

from azext_terroir.failure import TerroirError

def find() -> str:
    """The program: what TERROIR_COMMAND names, else ``terroir`` on the PATH."""
    named = os.environ.get("TERROIR_COMMAND")
    found = shutil.which(named or "terroir")
    if found is None:
        raise TerroirError(
            "error: the `terroir` command is not there\n  because "
            + (
                "TERROIR_COMMAND names `{}`, which is no program".format(named)
                if named
                else "no folder of the PATH has it"
            )
            + "\n\nhint: install Terroir, or set TERROIR_COMMAND to its program",
            4,
        )
    return found


def result(words: List[str], rest: List[str], streams: bool) -> Any:
    """Runs a command to its end; gives what it printed as a value.

    :param rest: words that are no options, after everything else
    :param streams: whether standard error is a log that is shown as it comes
    """
    output = _run(words + ["--output", "json"] + rest, streams)
    try:
        return json.loads(output)
    except ValueError:
        # What a scoring script answers need not be JSON.
        return output.rstrip("\n")


def text(words: List[str]) -> None:
    """Runs a command whose output is shown as it is."""
    sys.stdout.write(_run(words, False))
    sys.stdout.flush()


def _run(words: List[str], streams: bool) -> str:
    sys.stderr.flush()
    process = subprocess.Popen(
        [find()] + words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        # A log goes past us: no line of it can be told from what `terroir` says of a failure.
        stderr=None if streams else subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )
    try:
        output, talk = process.communicate()
    except KeyboardInterrupt:
        process.wait()
        raise
    if process.returncode == 0:
        sys.stderr.write(talk or "")
        sys.stderr.flush()
        return output
    if streams:
        sys.stdout.write(output)
        sys.stdout.flush()
    message = (talk or "").strip() or "terroir ended with exit code {}".format(process.returncode)
    raise TerroirError(message, process.returncode, is_shown=streams)
