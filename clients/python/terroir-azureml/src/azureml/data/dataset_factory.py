"""Where datasets are made."""

from __future__ import annotations

import glob
import os
from typing import Any, Dict, Optional

from azureml._terroir.errors import UserErrorException
from azureml.data._columns import DataType, PartitionFormat, types_to_json
from azureml.data.abstract_dataset import places
from azureml.data.dataset_type_definitions import PromoteHeadersBehavior
from azureml.data.file_dataset import FileDataset
from azureml.data.tabular_dataset import TabularDataset

__all__ = ["DataType", "FileDatasetFactory", "TabularDatasetFactory"]


def _workspace_of(path: Any) -> Any:
    if hasattr(path, "workspace"):
        return path.workspace
    if isinstance(path, (list, tuple)):
        for one in path:
            found = _workspace_of(one)
            if found is not None:
                return found
    return _workspace_of(path.datastore) if getattr(path, "datastore", None) is not None else None


class FileDatasetFactory:
    @staticmethod
    def from_files(path: Any, validate: bool = True, partition_format: Optional[str] = None, is_file: bool = False) -> FileDataset:
        """A dataset of files."""
        definition: Dict[str, Any] = {"paths": places(path)}
        if partition_format:
            definition["partition_format"] = _format(partition_format)
        return FileDataset(_workspace_of(path), definition)

    @staticmethod
    def upload_directory(
        src_dir: str,
        target: Any,
        pattern: Optional[str] = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> FileDataset:
        """A folder of this machine, sent to a datastore, as a dataset."""
        (place,) = places(target)
        workspace = _workspace_of(target)
        from azureml.core.datastore import Datastore

        store = Datastore.get(workspace, place["datastore"])
        if pattern is None:
            store.upload(src_dir, place["path"], overwrite, show_progress)
        else:
            files = sorted(file for file in glob.glob(os.path.join(glob.escape(src_dir), pattern), recursive=True) if os.path.isfile(file))
            if not files:
                raise UserErrorException("No file of {} fits the pattern {!r}.".format(src_dir, pattern))
            store.upload_files(files, src_dir, place["path"], overwrite, show_progress)
        return FileDataset(workspace, {"paths": [place]})


class TabularDatasetFactory:
    @staticmethod
    def _made(path: Any, kind: str, options: Dict[str, Any]) -> TabularDataset:
        return TabularDataset(_workspace_of(path), {"kind": "tabular", "format": kind, "options": options, "paths": places(path)})

    @staticmethod
    def from_delimited_files(
        path: Any,
        validate: bool = True,
        include_path: bool = False,
        infer_column_types: bool = True,
        set_column_types: Any = None,
        separator: str = ",",
        header: Any = True,
        partition_format: Optional[str] = None,
        support_multi_line: bool = False,
        empty_as_string: bool = False,
        encoding: str = "utf8",
    ) -> TabularDataset:
        headers = header if isinstance(header, PromoteHeadersBehavior) else None
        options = {
            "separator": separator,
            "header": headers != PromoteHeadersBehavior.NO_HEADERS if headers is not None else bool(header),
            "encoding": encoding,
            "include_path": include_path,
        }
        if headers == PromoteHeadersBehavior.ONLY_FIRST_FILE_HAS_HEADERS:
            options["headers"] = "first"
        if not infer_column_types:
            options["infer"] = False
        if empty_as_string:
            options["empty_as_string"] = True
        _more(options, set_column_types, partition_format)
        return TabularDatasetFactory._made(path, "delimited", options)

    @staticmethod
    def from_json_lines_files(
        path: Any,
        validate: bool = True,
        include_path: bool = False,
        set_column_types: Any = None,
        partition_format: Optional[str] = None,
        invalid_lines: str = "error",
        encoding: str = "utf8",
    ) -> TabularDataset:
        if invalid_lines not in ("error", "drop"):
            raise UserErrorException("invalid_lines expected error or drop, {!r} found.".format(invalid_lines))
        options: Dict[str, Any] = {"encoding": encoding, "include_path": include_path}
        if invalid_lines == "drop":
            options["invalid_lines"] = "drop"
        _more(options, set_column_types, partition_format)
        return TabularDatasetFactory._made(path, "json", options)

    @staticmethod
    def from_parquet_files(
        path: Any,
        validate: bool = True,
        include_path: bool = False,
        set_column_types: Any = None,
        partition_format: Optional[str] = None,
    ) -> TabularDataset:
        options: Dict[str, Any] = {"include_path": include_path}
        _more(options, set_column_types, partition_format)
        return TabularDatasetFactory._made(path, "parquet", options)

    @staticmethod
    def register_pandas_dataframe(
        dataframe: Any,
        target: Any,
        name: str,
        description: Optional[str] = None,
        tags: Any = None,
        show_progress: bool = True,
        **kwargs: Any,
    ) -> TabularDataset:
        """A data frame, kept as delimited text of a datastore, under a name."""
        import io
        import uuid

        place = places(target)[0]
        workspace = _workspace_of(target)
        below = "/".join(part for part in (place["path"], uuid.uuid4().hex, "data.csv") if part)
        text = dataframe.to_csv(index=False).encode("utf-8")
        workspace._service.put_file(io.BytesIO(text), "datastores", place["datastore"], "files", *below.split("/"))
        options = {"separator": ",", "header": True, "encoding": "utf8", "include_path": False}
        made = TabularDataset(
            workspace,
            {"kind": "tabular", "format": "delimited", "options": options, "paths": [{"datastore": place["datastore"], "path": below}]},
        )
        registered: TabularDataset = made.register(workspace, name, description, tags, create_new_version=True)
        return registered

    @staticmethod
    def from_sql_query(*args: Any, **kwargs: Any) -> TabularDataset:
        raise UserErrorException("from_sql_query is not supported: query with pandas.read_sql, and keep the result with register_pandas_dataframe.")


def _format(text: str) -> str:
    PartitionFormat(text)
    return text


def _more(options: Dict[str, Any], types: Any, partition_format: Optional[str]) -> None:
    read = types_to_json(types)
    if read:
        options["types"] = read
    if partition_format:
        options["partition_format"] = _format(partition_format)
