"""The `terroir` program of this machine."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from typing import List

from azureml._terroir.errors import UserErrorException


def command() -> List[str]:
    """How it is started: what TERROIR_COMMAND names, else `terroir` on PATH."""
    named = os.environ.get("TERROIR_COMMAND")
    if named:
        return [named] if os.path.exists(named) else shlex.split(named)
    found = shutil.which("terroir")
    if found is None:
        raise UserErrorException(
            "This needs the `terroir` program, which is not on PATH; install it, or name it in the variable TERROIR_COMMAND."
        )
    return [found]


def run_terroir(*arguments: str) -> str:
    """What it prints; its own sentence when it fails."""
    done = subprocess.run(
        [*command(), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    if done.returncode != 0:
        raise UserErrorException((done.stderr or done.stdout).strip())
    return done.stdout
