"""A dataset of tables: delimited text, JSON lines or Parquet, read into pandas."""

from __future__ import annotations

import copy
import datetime
import json
import os
import tempfile
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from azureml._terroir.errors import OptionalDependencyMissingException, UnsupportedHere, UserErrorException
from azureml.data._columns import PartitionFormat, converted, inferred
from azureml.data._expression import RowExpression, column, evaluated
from azureml.data.abstract_dataset import AbstractDataset, picks
from azureml.data.file_dataset import FileDataset


class TabularDataset(AbstractDataset):
    """Tables of datastores and addresses."""

    _kind = "tabular"

    # Reading

    def to_pandas_dataframe(self, on_error: str = "null", out_of_range_datetime: str = "null") -> Any:
        """All rows."""
        pandas = _pandas()
        options: Dict[str, Any] = dict(self._definition.get("options") or {})
        kind = self._definition.get("format", "delimited")
        format = PartitionFormat(options["partition_format"]) if options.get("partition_format") else None
        files = FileDataset(self._workspace, {"paths": self._paths()})
        frames: List[Any] = []
        with tempfile.TemporaryDirectory() as folder:
            for number, (below, store, name) in enumerate(sorted(files._listed())):
                one = FileDataset(self._workspace, {"paths": [{"url": name} if store is None else {"datastore": store, "path": name}]})
                (file,) = one.download(os.path.join(folder, str(number)))
                frame = _read(pandas, file, kind, options, frames)
                if format is not None:
                    for key, value in format.values(name).items():
                        frame[key] = value
                if options.get("include_path"):
                    frame.insert(0, "Path", "/" + below)
                frames.append(frame)
        if not frames:
            raise UserErrorException("The dataset has no files: {}".format(self))
        frame = frames[0] if len(frames) == 1 else pandas.concat(frames, ignore_index=True)
        if kind == "delimited" and options.get("infer", True):
            frame = inferred(frame)
        if options.get("types"):
            frame = converted(frame, options["types"])
        stamps = [name for name in self.timestamp_columns if name is not None and name in frame.columns]
        for name in stamps:
            frame[name] = pandas.to_datetime(frame[name])
        for step, argument in self._definition.get("steps") or []:
            frame = _taken(frame, step, argument)
        return frame.reset_index(drop=True)

    def to_csv_files(self, separator: str = ",") -> FileDataset:
        """What it holds as one file of delimited text."""
        return self._kept("data.csv", self.to_pandas_dataframe().to_csv(index=False, sep=separator).encode("utf-8"))

    def to_parquet_files(self) -> FileDataset:
        """What it holds as one Parquet file."""
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "data.parquet")
            self.to_pandas_dataframe().to_parquet(file, index=False)
            with open(file, "rb") as stream:
                return self._kept("data.parquet", stream.read())

    def partition_by(
        self,
        partition_keys: Sequence[str],
        target: Any,
        name: Optional[str] = None,
        show_progress: bool = True,
        partition_as_file_dataset: bool = False,
    ) -> AbstractDataset:
        """What it holds as one Parquet file for each value of some columns, in folders of these values at a target.

        Columns that come from folders are read as text. With a `name` the result is registered.
        """
        from azureml.data._partitions import partitioned

        made = partitioned(self, list(partition_keys), target, show_progress, partition_as_file_dataset)
        if name is None:
            return made
        registered: AbstractDataset = made.register(made._workspace, name, create_new_version=True)
        return registered

    def _kept(self, name: str, content: bytes) -> FileDataset:
        if self._workspace is None:
            raise UserErrorException("A dataset of addresses belongs to no workspace yet: register it first.")
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, name), "wb") as stream:
                stream.write(content)
            store, below = self._workspace._service.keep_folder(folder, "dataset-copies", ignore_rules=False)
        return FileDataset(self._workspace, {"paths": [{"datastore": store, "path": "{}/{}".format(below, name)}]})

    def to_spark_dataframe(self) -> Any:
        raise UnsupportedHere("There is no Spark here: use to_pandas_dataframe, or spark.createDataFrame of it.")

    # Columns and rows

    def __getitem__(self, keys: Union[str, Sequence[str]]) -> Any:
        """A column to compare with, or the dataset with some columns alone."""
        return column(keys) if isinstance(keys, str) else self.keep_columns(keys)

    def filter(self, expression: Any) -> "TabularDataset":
        """The rows for which a condition holds, such as `dataset['age'] > 30`."""
        if not isinstance(expression, RowExpression):
            raise UserErrorException("filter expected a condition such as dataset['column'] > 3, {!r} found.".format(expression))
        made: TabularDataset = self._step("filter", expression.tree)
        return made

    def keep_columns(self, columns: Any, validate: bool = False) -> "TabularDataset":
        return self._columns("keep", columns, validate)

    def drop_columns(self, columns: Any) -> "TabularDataset":
        return self._columns("drop", columns, False)

    def _columns(self, step: str, columns: Any, validate: bool) -> "TabularDataset":
        names = [columns] if isinstance(columns, str) else list(columns)
        made: TabularDataset = self._step(step, names)
        if step == "drop":
            made._forget([name for name in self.timestamp_columns if name in names])
        elif any(name is not None and name not in names for name in self.timestamp_columns):
            made._forget([name for name in self.timestamp_columns if name not in names])
        if validate:
            made.to_pandas_dataframe()
        return made

    # Time series

    @property
    def timestamp_columns(self) -> Tuple[Optional[str], Optional[str]]:
        """The column with the time of a row, and the one with the time of its file."""
        stamps = self._definition.get("timestamps") or {}
        return stamps.get("timestamp"), stamps.get("partition_timestamp")

    def _forget(self, names: Sequence[Optional[str]]) -> None:
        stamps = {key: value for key, value in (self._definition.get("timestamps") or {}).items() if value not in names}
        self._definition["timestamps"] = stamps

    def with_timestamp_columns(
        self, timestamp: Optional[str] = None, partition_timestamp: Optional[str] = None, validate: bool = False, **kwargs: Any
    ) -> "TabularDataset":
        """The same with the columns that say when a row was."""
        fine = timestamp or kwargs.pop("fine_grain_timestamp", None)
        coarse = partition_timestamp or kwargs.pop("coarse_grain_timestamp", None)
        if coarse and not fine:
            raise UserErrorException("partition_timestamp needs a timestamp beside it.")
        if coarse and coarse == fine:
            raise UserErrorException("timestamp and partition_timestamp are two columns, not both {!r}.".format(fine))
        definition = copy.deepcopy(self._definition)
        definition["timestamps"] = {key: value for key, value in (("timestamp", fine), ("partition_timestamp", coarse)) if value}
        made = TabularDataset(self._workspace, definition)
        if validate and fine:
            frame = made.to_pandas_dataframe()
            for name in (fine, coarse):
                if name is not None and name not in frame.columns:
                    raise UserErrorException("The dataset has no column {!r}; it has {}.".format(name, ", ".join(map(str, frame.columns))))
        return made

    def time_before(self, end_time: datetime.datetime, include_boundary: bool = True, validate: bool = True) -> "TabularDataset":
        return self._time(None, end_time, include_boundary)

    def time_after(self, start_time: datetime.datetime, include_boundary: bool = True, validate: bool = True) -> "TabularDataset":
        return self._time(start_time, None, include_boundary)

    def time_between(
        self, start_time: datetime.datetime, end_time: datetime.datetime, include_boundary: bool = True, validate: bool = True
    ) -> "TabularDataset":
        return self._time(start_time, end_time, include_boundary)

    def time_recent(self, time_delta: datetime.timedelta, include_boundary: bool = True, validate: bool = True) -> "TabularDataset":
        """What is not older than so long, counted from now."""
        return self._time(datetime.datetime.utcnow() - time_delta, None, include_boundary)

    def _time(self, start: Optional[datetime.datetime], end: Optional[datetime.datetime], include: bool) -> "TabularDataset":
        fine, coarse = self.timestamp_columns
        name = fine or coarse
        if name is None:
            raise UserErrorException("Rows are chosen by their time after with_timestamp_columns(timestamp='column') has said which column it is.")
        condition = None
        for moment, is_start in ((start, True), (end, False)):
            if moment is None:
                continue
            has = column(name)
            one = (has >= moment if include else has > moment) if is_start else (has <= moment if include else has < moment)
            condition = one if condition is None else condition & one
        assert condition is not None
        stamped: TabularDataset = self._step("filter", condition.tree)
        return stamped


def _pandas() -> Any:
    try:
        import pandas  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError as e:
        raise OptionalDependencyMissingException("to_pandas_dataframe needs pandas: add it to the environment.", e) from None
    return pandas


def _read(pandas: Any, file: str, kind: str, options: Mapping[str, Any], before: Sequence[Any]) -> Any:
    if kind == "parquet":
        return pandas.read_parquet(file)
    encoding = options.get("encoding", "utf-8")
    if kind == "json":
        if options.get("invalid_lines") != "drop":
            return pandas.read_json(file, lines=True, encoding=encoding)
        rows = []
        with open(file, encoding=encoding) as stream:
            for line in stream:
                try:
                    row = json.loads(line)
                except ValueError:
                    continue
                if isinstance(row, dict):
                    rows.append(row)
        return pandas.DataFrame(rows)
    separator = options.get("separator", ",")
    has_header = options.get("header", True) and not (options.get("headers") == "first" and before)
    if separator in ("\n", "\r\n"):
        with open(file, encoding=encoding) as stream:
            lines = [line.rstrip("\r\n") for line in stream if line.strip()]
        return pandas.DataFrame({lines.pop(0) if has_header and lines else "Column1": lines})
    arguments: Dict[str, Any] = {"sep": separator, "header": 0 if has_header else None, "encoding": encoding}
    if len(separator) > 1:
        arguments["engine"] = "python"
    texts = {name: str for name, kind in (options.get("types") or {}).items() if kind[0] in ("string", "float")}
    if not options.get("infer", True):
        arguments["dtype"] = str
    elif texts and has_header:
        # As they are written: what looks like a number loses its zeros.
        arguments["dtype"] = texts
    if options.get("empty_as_string"):
        arguments["keep_default_na"] = False
    frame = pandas.read_csv(file, **arguments)
    if not has_header:
        frame.columns = list(before[0].columns) if options.get("headers") == "first" else ["Column{}".format(n + 1) for n in range(len(frame.columns))]
    return frame


def _taken(frame: Any, step: str, argument: Any) -> Any:
    if step == "drop":
        # What is not there needs no dropping.
        return frame.drop(columns=[name for name in argument if name in frame.columns])
    if step == "keep":
        absent = [name for name in argument if name not in frame.columns]
        if absent:
            raise UserErrorException("The dataset has no column {}; it has {}.".format(", ".join(map(repr, absent)), ", ".join(map(str, frame.columns))))
        return frame[argument]
    if step == "take":
        return frame.head(argument)
    if step == "skip":
        return frame.iloc[argument:]
    if step == "sample":
        return frame[picks(len(frame), argument[0], argument[1])]
    if step == "split":
        return frame[[chosen == argument[2] for chosen in picks(len(frame), argument[0], argument[1])]]
    if step == "filter":
        return frame[evaluated(argument, frame)]
    raise UserErrorException("The definition of the dataset holds a step {!r}, which this release does not know.".format(step))
