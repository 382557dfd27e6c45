"""A dataset as the input of a run."""

from __future__ import annotations

import copy
import re
from typing import Any, Optional

from azureml._terroir.errors import UserErrorException
from azureml.data._inputs import property_of

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class DatasetConsumptionConfig:
    """A dataset under the name that a run knows it by."""

    def __init__(self, name: str, dataset: Any, mode: str = "direct", path_on_compute: Optional[str] = None):
        if not _NAME.match(name or ""):
            raise UserErrorException("Invalid name {!r} for an input: use letters, digits and `_`, a letter first.".format(name))
        if mode not in ("direct", "mount", "download", "hdfs"):
            raise UserErrorException("mode expected direct, mount or download, {!r} found.".format(mode))
        self.name = name
        self.dataset = dataset
        self.mode = mode
        self.path_on_compute = path_on_compute

    def _with(self, mode: str, path_on_compute: Optional[str]) -> "DatasetConsumptionConfig":
        made = copy.copy(self)
        made.mode = mode
        made.path_on_compute = path_on_compute
        return made

    def as_mount(self, path_on_compute: Optional[str] = None) -> "DatasetConsumptionConfig":
        return self._with("mount", path_on_compute)

    def as_download(self, path_on_compute: Optional[str] = None) -> "DatasetConsumptionConfig":
        return self._with("download", path_on_compute)

    def as_hdfs(self) -> "DatasetConsumptionConfig":
        return self._with("hdfs", None)

    def as_named_input(self, name: str) -> "DatasetConsumptionConfig":
        made = copy.copy(self)
        made.name = name
        return made

    def _take_for_run(self, data: Any) -> str:
        from azureml.core.dataset import Dataset

        dataset = self.dataset
        if not isinstance(dataset, str) and not hasattr(dataset, "_stored"):
            raise UserErrorException(
                "The input {} is a {}, which only a step of a pipeline can be given.".format(self.name, type(dataset).__name__)
            )
        if isinstance(dataset, str):
            dataset = Dataset.get_by_name(data.workspace, dataset)
        if self.mode not in ("mount", "download"):
            saved = dataset._saved(data.workspace)
            named = "{}:{}".format(saved._known["name"], saved._known["version"])
            data.properties[property_of(self.name)] = named
            return named
        paths = dataset._stored(data.workspace)
        document = {
            "dataLocation": {"dataset": {"definition": {"paths": paths}}},
            "mechanism": self.mode,
            "environmentVariableName": self.name,
            "pathOnCompute": self.path_on_compute,
            "overwrite": False,
        }
        return str(data.dataset(self.name, document))

    def __str__(self) -> str:
        return "DatasetConsumptionConfig:{}".format(self.name)

    __repr__ = __str__
