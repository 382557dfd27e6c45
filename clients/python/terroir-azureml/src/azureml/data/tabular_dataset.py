"""A dataset of tables: delimited text, JSON lines or Parquet, read into pandas."""

from __future__ import annotations

import copy
import os
import tempfile
from typing import Any, Dict, List, Optional

from azureml._terroir.errors import OptionalDependencyMissingException
from azureml.data.abstract_dataset import AbstractDataset
from azureml.data.file_dataset import FileDataset


class TabularDataset(AbstractDataset):
    """Tables of datastores and addresses."""

    _kind = "tabular"

    def to_pandas_dataframe(self, on_error: str = "null", out_of_range_datetime: str = "null") -> Any:
        """All rows."""
        try:
            import pandas  # type: ignore[import-untyped,import-not-found,unused-ignore]
        except ImportError as e:
            raise OptionalDependencyMissingException("to_pandas_dataframe needs pandas: add it to the environment.", e) from None
        options: Dict[str, Any] = dict(self._definition.get("options") or {})
        kind = self._definition.get("format", "delimited")
        files = FileDataset(self._workspace, {"paths": self._paths()})
        frames: List[Any] = []
        with tempfile.TemporaryDirectory() as folder:
            for file in sorted(files.download(folder)):
                if kind == "parquet":
                    frames.append(pandas.read_parquet(file))
                elif kind == "json":
                    frames.append(pandas.read_json(file, lines=True, encoding=options.get("encoding", "utf-8")))
                else:
                    frames.append(
                        pandas.read_csv(
                            file,
                            sep=options.get("separator", ","),
                            header=0 if options.get("header", True) else None,
                            encoding=options.get("encoding", "utf-8"),
                        )
                    )
                if options.get("include_path"):
                    frames[-1].insert(0, "Path", "/" + os.path.relpath(file, folder).replace(os.sep, "/"))
        frame = frames[0] if len(frames) == 1 else pandas.concat(frames, ignore_index=True)
        if kind == "delimited" and not options.get("header", True):
            frame.columns = ["Column{}".format(number + 1) for number in range(len(frame.columns))]
        for step, argument in self._definition.get("steps") or []:
            if step == "keep":
                frame = frame[argument]
            elif step == "drop":
                frame = frame.drop(columns=argument)
            elif step == "take":
                frame = frame.head(argument)
            elif step == "skip":
                frame = frame.iloc[argument:]
            elif step == "sample":
                frame = frame.sample(frac=argument[0], random_state=argument[1])
        return frame.reset_index(drop=True)

    def _step(self, name: str, argument: Any) -> "TabularDataset":
        definition = copy.deepcopy(self._definition)
        definition.setdefault("steps", []).append([name, argument])
        return TabularDataset(self._workspace, definition)

    def keep_columns(self, columns: Any, validate: bool = False) -> "TabularDataset":
        return self._step("keep", [columns] if isinstance(columns, str) else list(columns))

    def drop_columns(self, columns: Any) -> "TabularDataset":
        return self._step("drop", [columns] if isinstance(columns, str) else list(columns))

    def take(self, count: int) -> "TabularDataset":
        return self._step("take", count)

    def skip(self, count: int) -> "TabularDataset":
        return self._step("skip", count)

    def take_sample(self, probability: float, seed: Optional[int] = None) -> "TabularDataset":
        return self._step("sample", [probability, seed])

    def random_split(self, percentage: float, seed: Optional[int] = None) -> Any:
        """Two datasets of the rows, as pandas splits them."""
        raise OptionalDependencyMissingException(
            "random_split is not supported: split to_pandas_dataframe(), for instance with sklearn.model_selection.train_test_split."
        )

    def to_csv_files(self, separator: str = ",") -> FileDataset:
        return FileDataset(self._workspace, {"paths": self._paths()})
