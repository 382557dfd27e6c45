"""The Python index that this machine's pip takes packages from."""

import os
import subprocess
import sys
from urllib.parse import urlsplit, urlunsplit

from .errors import UserErrorException

# What `pip install` would take: its variables, its configuration files, else what is built in.
_ASK = (
    "from pip._internal.commands import create_command\n"
    "print(create_command('install').parser.get_default_values().index_url)\n"
)


def default_index() -> str:
    """Its URL, without credentials: what uv is told by a variable, else what `pip install` takes.

    Raises UserErrorException when there is no pip.
    """
    for variable in ("UV_DEFAULT_INDEX", "UV_INDEX_URL"):
        if os.environ.get(variable):
            return _without_credentials(os.environ[variable])
    done = subprocess.run([sys.executable, "-c", _ASK], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, universal_newlines=True)
    url = done.stdout.strip()
    if done.returncode != 0 or not url:
        raise UserErrorException("this Python has no pip, so that its index is not known; set PIP_INDEX_URL")
    return _without_credentials(url)


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
