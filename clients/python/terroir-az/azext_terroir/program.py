"""Calling the ``terroir`` command."""

import json
import os
import shutil
import subprocess
import sys
from typing import Any, List, Tuple

from azext_terroir.failure import TerroirError

#: How a problem of Terroir begins on standard error.
_PROBLEM = "error: "


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
    output, talk = _run(words + ["--output", "json"] + rest, streams)
    if talk and not streams:
        sys.stderr.write(talk)
        sys.stderr.flush()
    try:
        return json.loads(output)
    except ValueError:
        # What a scoring script answers need not be JSON.
        return output.rstrip("\n")


def text(words: List[str]) -> None:
    """Runs a command whose output is shown as it is."""
    output, _ = _run(words, False)
    sys.stdout.write(output)
    sys.stdout.flush()


def _run(words: List[str], streams: bool) -> Tuple[str, str]:
    process = subprocess.Popen(
        [find()] + words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )
    talk = ""
    try:
        if streams:
            # A run's log comes on standard error and its result, one document, after it.
            assert process.stderr is not None and process.stdout is not None
            for line in process.stderr:
                if talk or line.startswith(_PROBLEM):
                    talk += line
                else:
                    sys.stderr.write(line)
                    sys.stderr.flush()
            output = process.stdout.read()
            process.wait()
        else:
            output, talk = process.communicate()
    except KeyboardInterrupt:
        process.wait()
        raise
    if process.returncode != 0:
        if output.strip() and streams:
            sys.stdout.write(output)
        message = talk.strip() or "terroir ended with exit code {}".format(process.returncode)
        raise TerroirError(message, process.returncode)
    return output, talk
