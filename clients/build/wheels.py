"""Builds the wheels of the Python clients with their own build backends, the same bytes for the same sources.

usage: wheels.py SOURCES TARGET

All are put into TARGET/wheels; what goes into environments (terroir, terroir-azureml) below
TARGET/classes/dev/terroir/clients too, with a list, `wheels.json`. The backends come once from the user's own Python
index by the installed pip, at the versions and hashes of requirements.txt beside this file.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ENVIRONMENT = ("terroir", "terroir-azureml")
FIRST_SECOND_OF_ZIP = "315532800"


def pip(*arguments, **variables):
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    done = subprocess.run(command, env={**os.environ, **variables}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.stderr.write(done.stdout)
        sys.exit("error: the Python clients cannot be built: pip failed; is `python3 -m pip` installed, and does its "
                 "index answer?")


def state_of(*places):
    digest = hashlib.sha256(FIRST_SECOND_OF_ZIP.encode())
    for place in places:
        for file in sorted(place.rglob("*") if place.is_dir() else [place]):
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"{file.relative_to(place.parent)}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def backends(target):
    requirements = Path(__file__).with_name("requirements.txt")
    folder = target / ("backends-" + state_of(requirements)[:16])
    if not folder.is_dir():
        temporary = folder.with_name(folder.name + f".{os.getpid()}")
        pip("install", "--require-hashes", "--no-deps", "--only-binary", ":all:", "--target", str(temporary),
            "--requirement", str(requirements))
        try:
            temporary.rename(folder)
        except OSError:  # Another build was first.
            shutil.rmtree(temporary)
    return folder


def build(source, target):
    """The wheel of a project; its sources are copied, since backends write into them."""
    work = target / "work"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(source, work / source.name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build"))
    pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(work / "out"),
        str(work / source.name),
        PYTHONPATH=str(backends(target)), SOURCE_DATE_EPOCH=FIRST_SECOND_OF_ZIP, PYTHONHASHSEED="0")
    (wheel,) = (work / "out").glob("*.whl")
    return wheel


def main(sources, target):
    projects = sorted(path.parent for path in sources.glob("*/pyproject.toml"))
    state = state_of(*projects, Path(__file__), Path(__file__).with_name("requirements.txt"))
    mark = target / "wheels.state"
    if mark.is_file() and mark.read_text() == state:
        return
    wheels, resources = target / "wheels", target / "classes/dev/terroir/clients"
    for place in (wheels, resources):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
    listed = []
    for project in projects:
        wheel = build(project, target)
        data = wheel.read_bytes()
        (wheels / wheel.name).write_bytes(data)
        if project.name in ENVIRONMENT:
            (resources / wheel.name).write_bytes(data)
            name, version = wheel.name.split("-")[:2]
            with zipfile.ZipFile(wheel) as archive:
                metadata = archive.read(f"{name}-{version}.dist-info/METADATA").decode()
            listed.append({
                "name": re.sub("[-_.]+", "-", name).lower(),
                "version": version,
                "file": wheel.name,
                "sha256": hashlib.sha256(data).hexdigest(),
                "sizeBytes": len(data),
                "requiresPython": re.search("^Requires-Python: (.*)$", metadata, re.M).group(1),
            })
    shutil.rmtree(target / "work", ignore_errors=True)
    text = json.dumps({"wheels": listed}, indent=2, sort_keys=True) + "\n"
    (resources / "wheels.json").write_text(text)
    mark.write_text(state)


main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
