"""What files and tables have in common as datasets."""

from __future__ import annotations

import copy
import hashlib
import json
import random
import re
import tempfile
import uuid
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from azureml._terroir import display
from azureml._terroir.errors import UserErrorException
from azureml.data.data_reference import DataReference, _clean

_SAVED = "_saved_"


class AbstractDataset:
    """Places of datastores, under a name when it is registered."""

    _kind = "file"

    def __init__(self, workspace: Any = None, definition: Optional[Dict[str, Any]] = None, known: Optional[Mapping[str, Any]] = None):
        self._workspace = workspace
        self._definition = definition or {"paths": []}
        self._known: Dict[str, Any] = dict(known or {})
        self._pending_tags: Dict[str, str] = {}

    @staticmethod
    def _of_resource(workspace: Any, known: Mapping[str, Any]) -> Any:
        from azureml.data.file_dataset import FileDataset
        from azureml.data.tabular_dataset import TabularDataset

        definition = dict(known["definition"])
        kind = TabularDataset if definition.get("kind") == "tabular" else FileDataset
        return kind(workspace, definition, known)

    @property
    def name(self) -> Optional[str]:
        name = self._known.get("name")
        return None if name is None or name.startswith(_SAVED) else str(name)

    @property
    def version(self) -> Optional[int]:
        return int(self._known["version"]) if self.name is not None else None

    @property
    def id(self) -> Optional[str]:
        if not self._known:
            return None
        return str(self._known.get("id") or "{}:{}".format(self._known["name"], self._known["version"]))

    @property
    def description(self) -> Optional[str]:
        return self._known.get("description")

    @property
    def tags(self) -> Dict[str, str]:
        return {**(self._known.get("tags") or {}), **self._pending_tags}

    @property
    def data_changed_time(self) -> None:
        return None

    def add_tags(self, tags: Optional[Mapping[str, str]] = None) -> "AbstractDataset":
        made = copy.copy(self)
        made._pending_tags = {**self._pending_tags, **(tags or {})}
        return made

    def register(
        self,
        workspace: Any,
        name: str,
        description: Optional[str] = None,
        tags: Optional[Mapping[str, Any]] = None,
        create_new_version: bool = False,
    ) -> Any:
        """Registers it under a name; one that is taken needs `create_new_version=True`."""
        definition = dict(self._definition, paths=self._stored(workspace))
        if not create_new_version:
            there = workspace._service.get_or_none("datasets", name, "versions", "latest")
            if there is not None:
                if there["definition"] == definition:
                    return AbstractDataset._of_resource(workspace, there)
                raise UserErrorException(
                    "There is already a dataset registered under name {!r}. Specify `create_new_version=True` to register the "
                    "dataset as a new version.".format(name)
                )
        body: Dict[str, Any] = {"name": name, "definition": definition, "createNewVersion": bool(create_new_version)}
        if description:
            body["description"] = description
        every = {**self.tags, **(tags or {})}
        if every:
            body["tags"] = {str(key): str(value) for key, value in every.items()}
        return AbstractDataset._of_resource(workspace, workspace._service.post("datasets", body))

    def _saved(self, workspace: Any) -> "AbstractDataset":
        """It under a name, so that a run can find it."""
        if self._known:
            return self
        digest = hashlib.sha256(json.dumps(self._definition, sort_keys=True).encode("utf-8")).hexdigest()[:24]
        made: AbstractDataset = self.register(workspace, _SAVED + digest)
        return made

    def as_named_input(self, name: str) -> Any:
        from azureml.data.dataset_consumption_config import DatasetConsumptionConfig

        return DatasetConsumptionConfig(name, self)

    def _input_name(self) -> str:
        """What an input is called that nobody named."""
        text = self._known.get("name") or json.dumps(self._definition, sort_keys=True)
        return "input_{}".format(hashlib.sha256(str(text).encode("utf-8")).hexdigest()[:8])

    def _take_for_run(self, data: Any) -> str:
        return str(self.as_named_input(self._input_name())._take_for_run(data))

    @staticmethod
    def get_by_name(workspace: Any, name: str, version: Any = "latest") -> Any:
        from azureml.core.dataset import Dataset

        return Dataset.get_by_name(workspace, name, version)

    @staticmethod
    def get_by_id(workspace: Any, id: str) -> Any:
        from azureml.core.dataset import Dataset

        return Dataset.get_by_id(workspace, id)

    @staticmethod
    def get_all(workspace: Any) -> Dict[str, Any]:
        from azureml.core.dataset import Dataset

        return Dataset.get_all(workspace)

    def unregister_all_versions(self) -> None:
        """Takes its name out of the workspace. Files stay, and runs and models that note a version still find it by its id."""
        if self.name is None:
            raise UserErrorException("The dataset is not registered: there is nothing to unregister.")
        self._workspace._service.delete("datasets", self.name)
        self._known = {}

    def _paths(self) -> List[Dict[str, str]]:
        return list(self._definition.get("paths") or [])

    def _step(self, name: str, argument: Any) -> Any:
        """The same with one step more; steps are taken when the data are read."""
        definition = copy.deepcopy(self._definition)
        definition.setdefault("steps", []).append([name, argument])
        return type(self)(self._workspace, definition)

    def take(self, count: int) -> Any:
        """The first files or rows."""
        return self._step("take", _count(count))

    def skip(self, count: int) -> Any:
        """All but the first files or rows."""
        return self._step("skip", _count(count))

    def take_sample(self, probability: float, seed: Optional[int] = None) -> Any:
        """Each file or row with a probability."""
        return self._step("sample", [_share("probability", probability), seed])

    def random_split(self, percentage: float, seed: Optional[int] = None) -> Tuple[Any, Any]:
        """Two datasets, of about that share of files or rows and of the others; the same seed splits the same way."""
        share = _share("percentage", percentage)
        chosen = seed if seed is not None else uuid.uuid4().int % 2**32
        return self._step("split", [share, chosen, True]), self._step("split", [share, chosen, False])

    @property
    def partition_keys(self) -> List[str]:
        """The columns that come from the paths of files."""
        from azureml.data._columns import PartitionFormat

        text = self._partition_format()
        return PartitionFormat(text).keys if text else []

    def _partition_format(self) -> Optional[str]:
        return self._definition.get("partition_format") or (self._definition.get("options") or {}).get("partition_format")

    def get_partition_key_values(self, partition_keys: Optional[Sequence[str]] = None) -> List[Dict[str, Any]]:
        """The values of columns that come from the paths of files, each once."""
        from azureml.data._columns import PartitionFormat
        from azureml.data.file_dataset import FileDataset

        text = self._partition_format()
        if not text:
            raise UserErrorException("The dataset has no partitions: make it with partition_format.")
        format = PartitionFormat(text)
        wanted = list(partition_keys) if partition_keys else format.keys
        unknown = [key for key in wanted if key not in format.keys]
        if unknown:
            raise UserErrorException("{} is no partition key; there are {}.".format(", ".join(unknown), ", ".join(format.keys)))
        found: Dict[str, Dict[str, Any]] = {}
        for _, _, name in FileDataset(self._workspace, {"paths": self._paths()})._listed():
            row = {key: value for key, value in format.values(name).items() if key in wanted}
            found.setdefault(json.dumps(row, default=str, sort_keys=True), row)
        return list(found.values())

    def _stored(self, workspace: Any) -> List[Dict[str, str]]:
        """Its places in datastores; what an address gives is copied to one."""
        paths = self._paths()
        if not any("url" in path for path in paths):
            return paths
        from azureml.data.file_dataset import FileDataset

        with tempfile.TemporaryDirectory() as folder:
            FileDataset(workspace, {"paths": paths}).download(folder)
            store, path = workspace._service.keep_folder(folder, "dataset-copies", ignore_rules=False)
        return [{"datastore": store, "path": path}]

    def __repr__(self) -> str:
        row: Dict[str, Any] = {"source": [describe(path) for path in self._paths()]}
        if self.name is not None:
            row["registration"] = {"id": self.id, "name": self.name, "version": self.version, "workspace": repr(self._workspace)}
        return "{}\n{}".format(type(self).__name__, json.dumps(row, indent=2))

    def _repr_html_(self) -> str:
        return display.table({"Name": self.name or "", "Version": self.version or "", "Source": ", ".join(describe(path) for path in self._paths())})


def describe(path: Mapping[str, str]) -> str:
    return path.get("url") or "('{}', '{}')".format(path.get("datastore"), path.get("path") or "")


def _count(count: int) -> int:
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise UserErrorException("count expected a whole number that is not negative, {!r} found.".format(count))
    return count


def _share(name: str, value: float) -> float:
    if not 0 <= value <= 1:
        raise UserErrorException("{} expected a number from 0 to 1, {!r} found.".format(name, value))
    return float(value)


def picks(count: int, share: float, seed: Optional[int]) -> List[bool]:
    """Which of so many a share is."""
    chance = random.Random(seed)
    return [chance.random() < share for _ in range(count)]


_URL = re.compile(r"[a-z]+://", re.I)


def places(path: Any) -> List[Dict[str, str]]:
    """The places that a path names: `(datastore, path)`, a DataPath or DataReference, an address, or a list of them."""
    if isinstance(path, (tuple, list)) and len(path) == 2 and hasattr(path[0], "as_mount") and (path[1] is None or isinstance(path[1], (str, list))):
        store, below = path
        return [
            {"datastore": store.name, "path": _clean(one) or ""} for one in (below if isinstance(below, list) else [below])
        ]
    if isinstance(path, (list, tuple)):
        return [place for one in path for place in places(one)]
    if isinstance(path, DataReference) or hasattr(path, "path_on_datastore"):
        if path.datastore is None:
            return places(path.path_on_datastore)
        return [{"datastore": path.datastore.name, "path": _clean(path.path_on_datastore) or ""}]
    if isinstance(path, str) and _URL.match(path):
        return [{"url": path}]
    if hasattr(path, "as_mount") and hasattr(path, "name"):
        return [{"datastore": path.name, "path": ""}]
    raise UserErrorException(
        "A dataset is made of (datastore, 'path'), of a list of them, or of an address, not of {!r}; upload what lies on this "
        "machine with Datastore.upload first.".format(path)
    )
