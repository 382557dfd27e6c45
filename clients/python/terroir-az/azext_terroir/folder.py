"""What ``az ml folder attach`` writes: which workspace a project folder uses, and two examples."""

import json
import os
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
        "terroir_workspace": workspace["directory"],
    }
    _write(os.path.join(place, "config.json"), json.dumps(config, indent=4) + "\n", True)
    conda = ".azureml/conda_dependencies.yml"
    examples = {
        "conda_dependencies.yml": _CONDA,
        "local.runconfig": _RUN_CONFIGURATION.format(name="local", own="true", conda="null"),
        "conda.runconfig": _RUN_CONFIGURATION.format(name="conda", own="false", conda=conda),
    }
    for name, text in examples.items():
        _write(os.path.join(place, name), text, False)


def _write(file: str, text: str, replaces: bool) -> None:
    if replaces or not os.path.exists(file):
        with open(file, "w", encoding="utf-8") as out:
            out.write(text)
