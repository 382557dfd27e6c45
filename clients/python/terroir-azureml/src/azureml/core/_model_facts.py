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


def facts_of(
    workspace: Any, datasets: Any, sample_input: Any, sample_output: Any, resources: Any, former: Optional[Mapping[str, str]] = None
) -> Dict[str, str]:
    """Properties for what is given; a property never changes, so what is said anew gets the next number."""
    facts: Dict[str, str] = {}
    if datasets:
        facts[_DATASETS] = _more(workspace, [], datasets)
    for key, dataset in ((SAMPLE_INPUT, sample_input), (SAMPLE_OUTPUT, sample_output)):
        if dataset is not None:
            facts[key] = _reference(workspace, dataset)
    if resources is not None:
        if not isinstance(resources, ResourceConfiguration):
            raise UserErrorException("resource_configuration expected a ResourceConfiguration, {!r} found.".format(resources))
        facts[_RESOURCES] = json.dumps(resources.serialize())
    return {"{}.{}".format(key, _last(former or {}, key) + 1): value for key, value in facts.items()}


def _last(facts: Mapping[str, str], key: str) -> int:
    return max([int(name[len(key) + 1 :]) for name in facts if name.startswith(key + ".")], default=0)


def _fact(facts: Mapping[str, str], key: str) -> Optional[str]:
    return facts.get("{}.{}".format(key, _last(facts, key)))


def added(workspace: Any, facts: Mapping[str, str], datasets: Any) -> Dict[str, str]:
    """The property of datasets, with more of them."""
    text = _more(workspace, json.loads(_fact(facts, _DATASETS) or "[]"), datasets)
    return {"{}.{}".format(_DATASETS, _last(facts, _DATASETS) + 1): text}


def _more(workspace: Any, rows: List[List[str]], datasets: Any) -> str:
    for pair in datasets:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise UserErrorException("datasets expected a list of (purpose, dataset), {!r} found.".format(pair))
        purpose, several = pair
        for dataset in several if isinstance(several, (list, tuple)) else [several]:
            row = [str(purpose), _reference(workspace, dataset), str(dataset.id or "")]
            if row not in rows:
                rows.append(row)
    return json.dumps(rows)


def datasets_of(workspace: Any, facts: Mapping[str, str]) -> Dict[str, List[Any]]:
    found: Dict[str, List[Any]] = {}
    for purpose, reference, *_ in json.loads(_fact(facts, _DATASETS) or "[]"):
        found.setdefault(purpose, []).append(_dataset(workspace, reference))
    return found


def dataset_ids(facts: Mapping[str, str]) -> List[str]:
    """All names of the datasets: `name:version` and ids."""
    return [part for _, *parts in json.loads(_fact(facts, _DATASETS) or "[]") for part in parts]


def dataset_of(workspace: Any, facts: Mapping[str, str], key: str) -> Any:
    reference = _fact(facts, key)
    return None if reference is None else _dataset(workspace, reference)


def resources_of(facts: Mapping[str, str]) -> Optional[ResourceConfiguration]:
    text = _fact(facts, _RESOURCES)
    if text is None:
        return None
    has = json.loads(text)
    return ResourceConfiguration(cpu=has.get("cpu"), memory_in_gb=has.get("memoryInGB"), gpu=has.get("gpu"))


def _reference(workspace: Any, dataset: Any) -> str:
    if not hasattr(dataset, "_saved"):
        raise UserErrorException("A dataset expected, {!r} found.".format(dataset))
    saved = dataset._saved(workspace)
    return "{}:{}".format(saved._known["name"], saved._known["version"])


def _dataset(workspace: Any, reference: str) -> Any:
    from azureml.core.dataset import Dataset

    return Dataset.get_by_id(workspace, reference)
