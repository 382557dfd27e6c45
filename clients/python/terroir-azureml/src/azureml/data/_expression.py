"""Conditions on the rows of a table, as `dataset['column'] > 3` writes them."""

from __future__ import annotations

import datetime
from typing import Any, List

from azureml._terroir.errors import UserErrorException

_OPERATORS = ("==", "!=", "<", "<=", ">", ">=")


class RowExpression:
    """A condition on rows, kept as nested lists that a definition can hold."""

    def __init__(self, tree: List[Any]):
        self.tree = tree

    def _with(self, operator: str, other: Any) -> "RowExpression":
        return RowExpression([operator, self.tree, _tree(other)])

    def __eq__(self, other: object) -> "RowExpression":  # type: ignore[override]
        return self._with("==", other)

    def __ne__(self, other: object) -> "RowExpression":  # type: ignore[override]
        return self._with("!=", other)

    def __lt__(self, other: Any) -> "RowExpression":
        return self._with("<", other)

    def __le__(self, other: Any) -> "RowExpression":
        return self._with("<=", other)

    def __gt__(self, other: Any) -> "RowExpression":
        return self._with(">", other)

    def __ge__(self, other: Any) -> "RowExpression":
        return self._with(">=", other)

    def __and__(self, other: Any) -> "RowExpression":
        return self._with("and", other)

    def __or__(self, other: Any) -> "RowExpression":
        return self._with("or", other)

    def __invert__(self) -> "RowExpression":
        return RowExpression(["not", self.tree])

    def contains(self, text: str) -> "RowExpression":
        return self._with("contains", text)

    def starts_with(self, text: str) -> "RowExpression":
        return self._with("starts_with", text)

    def ends_with(self, text: str) -> "RowExpression":
        return self._with("ends_with", text)

    def is_null(self) -> "RowExpression":
        return RowExpression(["is_null", self.tree])

    def is_not_null(self) -> "RowExpression":
        return ~self.is_null()

    def __bool__(self) -> bool:
        raise UserErrorException("A condition on rows has no value of its own: combine conditions with `&`, `|` and `~`.")

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "RowExpression({!r})".format(self.tree)


def _tree(value: Any) -> List[Any]:
    if isinstance(value, RowExpression):
        return value.tree
    if isinstance(value, (datetime.datetime, datetime.date)):
        return ["moment", value.isoformat()]
    if value is None or isinstance(value, (str, bool, int, float)):
        return ["value", value]
    if hasattr(value, "item"):
        return ["value", value.item()]
    raise UserErrorException("A column is compared with text, a number, a moment or a column, not with {!r}.".format(value))


def column(name: str) -> RowExpression:
    return RowExpression(["column", name])


def evaluated(tree: List[Any], frame: Any) -> Any:
    """The value of a condition for each row of a pandas data frame."""
    kind = tree[0]
    if kind == "column":
        if tree[1] not in frame.columns:
            raise UserErrorException("The dataset has no column {!r}; it has {}.".format(tree[1], ", ".join(map(str, frame.columns))))
        return frame[tree[1]]
    if kind == "value":
        return tree[1]
    if kind == "moment":
        import pandas  # type: ignore[import-untyped,import-not-found,unused-ignore]

        return pandas.Timestamp(tree[1])
    left = evaluated(tree[1], frame)
    if kind == "not":
        return ~left
    if kind == "is_null":
        return left.isnull()
    right = evaluated(tree[2], frame)
    if kind in ("contains", "starts_with", "ends_with"):
        text = left.astype("string").str
        found = text.contains(right, regex=False) if kind == "contains" else text.startswith(right) if kind == "starts_with" else text.endswith(right)
        return found.fillna(False).astype(bool)
    if kind == "and":
        return left & right
    if kind == "or":
        return left | right
    if kind not in _OPERATORS:
        raise UserErrorException("The definition of the dataset holds a condition {!r}, which this release does not know.".format(kind))
    return {
        "==": lambda: left == right,
        "!=": lambda: left != right,
        "<": lambda: left < right,
        "<=": lambda: left <= right,
        ">": lambda: left > right,
        ">=": lambda: left >= right,
    }[kind]()
