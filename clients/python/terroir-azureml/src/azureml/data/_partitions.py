"""Tables laid out in folders that are named by values of their columns."""

from __future__ import annotations

import os
import tempfile
from typing import Any, Dict, List

from azureml._terroir.errors import OptionalDependencyMissingException, UserErrorException
from azureml.data.abstract_dataset import AbstractDataset, places

_FILE = "part-00000.parquet"


def partitioned(table: Any, keys: List[str], target: Any, show_progress: bool, as_files: bool) -> AbstractDataset:
    """Writes a table to a place of a datastore, a folder below another for each key."""
    from azureml.data.file_dataset import FileDataset
    from azureml.data.tabular_dataset import TabularDataset

    frame = table.to_pandas_dataframe()
    absent = [key for key in keys if key not in frame.columns]
    if not keys or absent:
        raise UserErrorException(
            "partition_keys expected columns of the dataset, {!r} found; it has {}.".format(absent or keys, ", ".join(map(str, frame.columns)))
        )
    if len(keys) == len(frame.columns):
        raise UserErrorException("partition_keys leaves no column for the files: name fewer than {}.".format(len(keys)))
    workspace = table._workspace or getattr(target[0] if isinstance(target, (tuple, list)) else target, "workspace", None)
    if workspace is None:
        raise UserErrorException("A dataset of addresses belongs to no workspace yet: register it first.")
    (place,) = places(target)
    store, path = place["datastore"], place["path"].rstrip("/")
    if workspace._service.get("datastores", store, "files", prefix=path + "/" if path else None)["items"]:
        raise UserErrorException("The target {!r} of the datastore {} holds files already: name an empty one.".format(path, store))
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, _FILE)
        # One group for each value, also for those that are null.
        for values, group in frame.groupby(keys if len(keys) > 1 else keys[0], dropna=False, sort=True):
            parts = [_part(key, value) for key, value in zip(keys, values if len(keys) > 1 else [values])]
            try:
                group.drop(columns=keys).to_parquet(file, index=False)
            except ImportError as e:
                raise OptionalDependencyMissingException("partition_by needs pyarrow: add it to the environment.", e) from None
            whole = "/".join([*([path] if path else []), *parts, _FILE])
            workspace._service.put_file(file, "datastores", store, "files", *whole.split("/"))
            if show_progress:
                print("Uploaded {}, {} rows".format(whole, len(group)))
    pattern = "/{}/{}".format("/".join("{" + key + "}" for key in keys), _FILE)
    where = [{"datastore": store, "path": "{}/**/{}".format(path, _FILE) if path else "**/" + _FILE}]
    if as_files:
        return FileDataset(workspace, {"paths": where, "partition_format": pattern})
    definition: Dict[str, Any] = {"paths": where, "kind": "tabular", "format": "parquet", "options": {"partition_format": pattern}}
    return TabularDataset(workspace, definition)


def _part(key: str, value: Any) -> str:
    """A value as a folder's name."""
    text = str(value)
    if text in ("", ".", "..") or "/" in text or "\\" in text:
        raise UserErrorException("The value {!r} of the column {!r} cannot be the name of a folder: change it, or leave the column out.".format(text, key))
    return text
