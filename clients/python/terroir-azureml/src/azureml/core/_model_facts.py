"""What a model's registration says beside its files: datasets and resources, kept among its properties."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, Optional

from azureml._terroir.errors import UserErrorException
from azureml.core.resource_configuration import ResourceConfiguration

FACTS = "azureml.model."
SAMPLE_INPUT = FACTS + "sampleInputDataset"
SAMPLE_OUTPUT = FACTS + "sampleOutputDataset"
_DATASETS = FACTS + "datasets"
_RESOURCES = FACTS + "resources"


def facts_of(workspace: Any, datasets: Any, sample_input: Any, sample_output: Any, resources: Any) -> Dict[str, str]:
    """Properties for what is given."""
    facts: Dict[str, str] = {}
    if datasets:
        facts.update(added(workspace, {}, datasets))
    for key, dataset in ((SAMPLE_INPUT, sample_input), (SAMPLE_OUTPUT, sample_output)):
        if dataset is not None:
            facts[key] = _reference(workspace, dataset)
    if resources is not None:
        if not isinstance(resources, ResourceConfiguration):
            raise UserErrorException("resource_configuration expected a ResourceConfiguration, {!r} found.".format(resources))
        facts[_RESOURCES] = json.dumps(resources.serialize())
    return facts


def added(workspace: Any, facts: Mapping[str, str], datasets: Any) -> Dict[str, str]:
    """The property of datasets, with more of them."""
    rows: List[List[str]] = json.loads(facts.get(_DATASETS, "[]"))
    for pair in datasets:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise UserErrorException("datasets expected a list of (purpose, dataset), {!r} found.".format(pair))
        purpose, several = pair
        for dataset in several if isinstance(several, (list, tuple)) else [several]:
            row = [str(purpose), _reference(workspace, dataset), str(dataset.id or "")]
            if row not in rows:
                rows.append(row)
    return {_DATASETS: json.dumps(rows)}


def datasets_of(workspace: Any, facts: Mapping[str, str]) -> Dict[str, List[Any]]:
    found: Dict[str, List[Any]] = {}
    for purpose, reference, *_ in json.loads(facts.get(_DATASETS, "[]")):
        found.setdefault(purpose, []).append(_dataset(workspace, reference))
    return found


def dataset_ids(facts: Mapping[str, str]) -> List[str]:
    """All names of the datasets: `name:version` and ids."""
    return [part for _, *parts in json.loads(facts.get(_DATASETS, "[]")) for part in parts]


def dataset_of(workspace: Any, facts: Mapping[str, str], key: str) -> Any:
    return _dataset(workspace, facts[key]) if key in facts else None


def resources_of(facts: Mapping[str, str]) -> Optional[ResourceConfiguration]:
    if _RESOURCES not in facts:
        return None
    has = json.loads(facts[_RESOURCES])
    return ResourceConfiguration(cpu=has.get("cpu"), memory_in_gb=has.get("memoryInGB"), gpu=has.get("gpu"))


def _reference(workspace: Any, dataset: Any) -> str:
    if not hasattr(dataset, "_saved"):
        raise UserErrorException("A dataset expected, {!r} found.".format(dataset))
    saved = dataset._saved(workspace)
    return "{}:{}".format(saved._known["name"], saved._known["version"])


def _dataset(workspace: Any, reference: str) -> Any:
    from azureml.core.dataset import Dataset

    name, _, version = reference.rpartition(":")
    return Dataset.get_by_name(workspace, name, version)
