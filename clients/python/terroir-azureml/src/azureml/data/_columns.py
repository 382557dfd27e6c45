"""Types of columns, and columns that come from the paths of files."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, Optional, Tuple, Union

from azureml._terroir.errors import UserErrorException


class DataType:
    """What a column is to be."""

    def __init__(self, name: str, arguments: Optional[List[Any]] = None):
        self.name = name
        self.arguments = arguments or []

    def _to_json(self) -> List[Any]:
        return [self.name, *self.arguments]

    @staticmethod
    def to_string() -> "DataType":
        return DataType("string")

    @staticmethod
    def to_long() -> "DataType":
        return DataType("long")

    @staticmethod
    def to_float(decimal_mark: str = ".") -> "DataType":
        return DataType("float", [decimal_mark])

    @staticmethod
    def to_bool() -> "DataType":
        return DataType("bool")

    @staticmethod
    def to_stream(workspace: Any = None, escaped: bool = False) -> "DataType":
        return DataType("string")

    @staticmethod
    def to_datetime(formats: Union[None, str, List[str]] = None) -> "DataType":
        return DataType("datetime", [formats] if isinstance(formats, str) else list(formats or []))


def types_to_json(types: Optional[Mapping[str, Any]]) -> Optional[Dict[str, List[Any]]]:
    if not types:
        return None
    for name, kind in types.items():
        if not isinstance(kind, DataType):
            raise UserErrorException("set_column_types expected a DataType for the column {!r}, {!r} found.".format(name, kind))
    return {name: kind._to_json() for name, kind in types.items()}


def converted(frame: Any, types: Mapping[str, List[Any]]) -> Any:
    """A data frame whose columns have the types; what cannot be read is null."""
    import pandas  # type: ignore[import-untyped,import-not-found,unused-ignore]

    for name, kind in types.items():
        if name not in frame.columns:
            raise UserErrorException("The dataset has no column {!r}; it has {}.".format(name, ", ".join(map(str, frame.columns))))
        column = frame[name]
        if kind[0] == "string":
            frame[name] = column.where(column.isnull(), column.astype(str))
        elif kind[0] == "long":
            numbers = pandas.to_numeric(column, errors="coerce")
            frame[name] = numbers.astype("int64") if not numbers.isnull().any() else numbers
        elif kind[0] == "float":
            mark = kind[1] if len(kind) > 1 else "."
            text = column.where(column.isnull(), column.astype(str).str.replace(mark, ".", regex=False)) if mark != "." else column
            frame[name] = pandas.to_numeric(text, errors="coerce").astype("float64")
        elif kind[0] == "bool":
            known = column.map(lambda value: {"true": True, "1": True, "false": False, "0": False}.get(str(value).strip().lower()))
            frame[name] = known.astype(bool) if not known.isnull().any() else known
        elif len(kind) > 1:
            found = None
            for pattern in kind[1:]:
                read = pandas.to_datetime(column, format=pattern, errors="coerce")
                found = read if found is None else found.fillna(read)
            frame[name] = found
        else:
            frame[name] = pandas.to_datetime(column, errors="coerce")
    return frame


_MOMENT = r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?)?"


def inferred(frame: Any) -> Any:
    """Columns of text that are moments throughout become moments, as they did."""
    import pandas  # type: ignore[import-untyped,import-not-found,unused-ignore]

    for name in frame.columns:
        if frame[name].dtype.kind in "OUT" or str(frame[name].dtype) in ("str", "string"):
            values = frame[name].dropna()
            if len(values) and values.map(lambda value: isinstance(value, str)).all() and values.str.fullmatch(_MOMENT).all():
                read = pandas.to_datetime(frame[name].str.rstrip("Z").str.replace("T", " ", regex=False), errors="coerce")
                if read.notnull().sum() == len(values):
                    frame[name] = read
    return frame


_MOMENTS = {
    "yyyy": ("Y", r"\d{4}"),
    "MM": ("m", r"\d\d"),
    "dd": ("d", r"\d\d"),
    "HH": ("H", r"\d\d"),
    "mm": ("M", r"\d\d"),
    "ss": ("S", r"\d\d"),
}


class PartitionFormat:
    """Columns in the paths of files, such as `/{state}/{date:yyyy/MM/dd}/data.csv`."""

    def __init__(self, text: str):
        self.columns: List[Tuple[str, Optional[str]]] = []
        pattern, at = "", 0
        for found in re.finditer(r"\{([^{}:]+)(?::([^{}]+))?\}", text):
            pattern += _literal(text[at : found.start()])
            name, moment = found.group(1), found.group(2)
            if moment is None:
                pattern += "([^/]*?)" if text[found.end() :] else "([^/]*)"
                self.columns.append((name, None))
            else:
                inside, how = "", ""
                for part in re.split("(yyyy|MM|dd|HH|mm|ss)", moment):
                    letter, digits = _MOMENTS.get(part, ("", ""))
                    inside += digits or re.escape(part)
                    how += "%" + letter if letter else part.replace("%", "%%")
                pattern += "({})".format(inside)
                self.columns.append((name, how))
            at = found.end()
        pattern += _literal(text[at:])
        if not self.columns:
            raise UserErrorException("partition_format {!r} names no column: write one as `{{name}}` or `{{name:yyyy/MM/dd}}`.".format(text))
        self._pattern = re.compile(pattern + r"\Z")
        self._text = text

    @property
    def keys(self) -> List[str]:
        return [name for name, _ in self.columns]

    def values(self, path: str) -> Dict[str, Any]:
        """What the path of a file says; the format describes its end."""
        import datetime

        found = self._pattern.search("/" + path.lstrip("/"))
        if found is None:
            raise UserErrorException("The path {} does not fit partition_format {!r}.".format(path, self._text))
        made: Dict[str, Any] = {}
        for (name, how), text in zip(self.columns, found.groups()):
            made[name] = text if how is None else datetime.datetime.strptime(text, how)
        return made


def _literal(text: str) -> str:
    return "[^/]*".join(re.escape(part) for part in text.split("*"))
