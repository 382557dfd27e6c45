"""What ``az ml folder attach`` writes: which workspace a project folder uses, and two examples."""

import json
import os
import shlex
from typing import Any, Dict

_CONDA = """\
name: project_environment
dependencies:
  - python=3.8
  - pip:
      - azureml-defaults
"""

_RUN_CONFIGURATION = """\
script:
arguments: []
target: local
framework: Python
environment:
  name: {name}
  python:
    userManagedDependencies: {own}
    condaDependenciesFile: {conda}
history:
  outputCollection: true
  snapshotProject: true
"""


def attach(project: str, workspace: Dict[str, Any]) -> None:
    """Writes `.azureml` below a folder; its examples are left alone where they are there."""
    place = os.path.join(project, ".azureml")
    os.makedirs(place, exist_ok=True)
    config = {
        "subscription_id": "local",
        "resource_group": "local",
        "workspace_name": workspace["name"],
    }
    for name, key in (("directory", "terroir_workspace"), ("endpoint", "endpoint")):
        if workspace.get(name):
            config[key] = workspace[name]
    _write(os.path.join(place, "config.json"), json.dumps(config, indent=4) + "\n", True)
    conda = ".azureml/conda_dependencies.yml"
    examples = {
        "conda_dependencies.yml": _CONDA,
        "local.runconfig": _RUN_CONFIGURATION.format(name="local", own="true", conda="null"),
        "conda.runconfig": _RUN_CONFIGURATION.format(name="conda", own="false", conda=conda),
    }
    for name, text in examples.items():
        _write(os.path.join(place, name), text, False)


def deletion(workspace: Dict[str, Any]) -> str:
    """What to do to delete a workspace, which nothing but its owner should."""
    directory = workspace.get("directory")
    if not directory:
        return "it is on a server: its folder is deleted there, by whoever runs the server"
    name = shlex.quote(directory)
    text = (
        "see with `terroir service list -w {0}` that it has no service left, then delete its"
        " folder, with all that it remembers: `rm -r {0}`".format(name)
    )
    database = workspace.get("database")
    return text + ("; its records are in {}".format(database) if database else "")


def _write(file: str, text: str, replaces: bool) -> None:
    if replaces or not os.path.exists(file):
        with open(file, "w", encoding="utf-8") as out:
            out.write(text)
