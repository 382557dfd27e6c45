"""Metrics between Python's values and those of the server."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping

from terroir.metrics import restored

from azureml._terroir.errors import UserErrorException


def plain(value: Any) -> Any:
    """A value as JSON has it: those of numpy, pandas and torch become Python's."""
    if value is None or isinstance(value, (bool, str, int, float)):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    for method in ("item", "tolist"):
        convert = getattr(value, method, None)
        if convert is not None:
            try:
                return plain(convert())
            except (TypeError, ValueError, RuntimeError):
                continue
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    return str(value)


def scalar(name: str, value: Any) -> Any:
    made = plain(value)
    if isinstance(made, (list, dict)) or made is None:
        if isinstance(made, list) and len(made) == 1 and not isinstance(made[0], (list, dict)):
            return made[0]
        raise UserErrorException(
            "The value of the metric {} must be one number or text, not {!r}; use log_list, log_row or log_table.".format(name, value)
        )
    return made


def collected(run_id: str, items: Iterable[Mapping[str, Any]]) -> Dict[str, Any]:
    """Metrics by name: one value, or a list where a name was logged more than once."""
    made: Dict[str, Any] = {}
    kinds: Dict[str, List[Any]] = {}
    for item in items:
        kinds.setdefault(item["name"], []).append((item["kind"], restored(item["value"])))
    for name, logged in kinds.items():
        made[name] = _joined(run_id, logged)
    return made


def _joined(run_id: str, logged: List[Any]) -> Any:
    kind = logged[-1][0]
    values = [value for this, value in logged if this == kind]
    if kind == "list":
        joined: List[Any] = []
        for value in values:
            joined.extend(value if isinstance(value, list) else [value])
        return joined
    if kind in ("row", "table"):
        columns: Dict[str, Any] = {}
        for value in values:
            for column, cell in value.items():
                if column not in columns:
                    columns[column] = cell
                else:
                    there = columns[column] if isinstance(columns[column], list) else [columns[column]]
                    columns[column] = there + (cell if isinstance(cell, list) else [cell])
        return columns
    if kind == "image":
        named = [
            "aml://artifactId/ExperimentRun/dcid.{}/{}".format(run_id, value["path"]) if isinstance(value, dict) and "path" in value else value
            for value in values
        ]
        return named[0] if len(named) == 1 else named
    return values[0] if len(values) == 1 else values
