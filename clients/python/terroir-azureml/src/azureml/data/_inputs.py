"""The data of a run, seen from inside."""

from __future__ import annotations

import os
from typing import Any, Dict

_PREFIX = "AZUREML_DATAREFERENCE_"
_DATASET = "azureml.dataset."


def inputs_of(run: Any) -> Dict[str, Any]:
    """Paths by the names of inputs, and datasets where a run was given the dataset itself."""
    found: Dict[str, Any] = {}
    if run._is_context:
        for variable, path in os.environ.items():
            if variable.startswith(_PREFIX):
                found[variable[len(_PREFIX) :]] = path
    for name, value in run.properties.items():
        if name.startswith(_DATASET):
            from azureml.core.dataset import Dataset

            found.setdefault(name[len(_DATASET) :], Dataset.get_by_id(run.experiment.workspace, value))
    return found


def property_of(name: str) -> str:
    return _DATASET + name
