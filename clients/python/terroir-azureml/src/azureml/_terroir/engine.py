"""The container engine of this machine."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
from typing import Any, List, Optional
from urllib.parse import urlsplit

from azureml._terroir.errors import UserErrorException

_ENGINES = ("podman", "docker")


def found() -> Optional[str]:
    """The first engine that answers."""
    for name in _ENGINES:
        program = shutil.which(name)
        # A docker without its daemon has a version and can do nothing.
        if program and subprocess.run([program, "info"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
            return name
    return None


def build(service: Any, base: str, name: str, folder: str) -> None:
    """Pulls a base image, from the workspace's own registry with its token, and builds the Dockerfile of a folder on it."""
    engine = found()
    if engine is None:
        raise UserErrorException("This needs podman or docker on this machine, and neither answers: install one, or save the package with its Dockerfile.")
    url = urlsplit(service.url())
    with tempfile.TemporaryDirectory() as private:
        pull = _pull(engine, private, base, url.scheme == "https")
        if base.partition("/")[0] == url.netloc:
            with open(os.open(os.path.join(private, "config.json"), os.O_WRONLY | os.O_CREAT, 0o600), "w") as stream:
                token = base64.b64encode("terroir:{}".format(service.token()).encode("utf-8")).decode("ascii")
                json.dump({"auths": {url.netloc: {"auth": token}}}, stream)
        _run([*pull, base])
    never = ["--pull=never"] if engine == "podman" else []
    _run([engine, "build", *never, "--tag", name, folder])


def _pull(engine: str, private: str, base: str, is_encrypted: bool) -> List[str]:
    if engine == "docker":
        return [engine, "--config", private, "pull"]
    file = os.path.join(private, "config.json")
    return [engine, "pull", "--authfile", file, *([] if is_encrypted else ["--tls-verify=false"])]


def _run(command: List[str]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace")
    if done.returncode != 0:
        raise UserErrorException("`{}` failed with code {}:\n{}".format(" ".join(command[:2]), done.returncode, done.stdout.strip()))
