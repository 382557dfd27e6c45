"""Tables that notebooks show."""

from __future__ import annotations

import html
from typing import Any, Dict, Mapping, Optional


def table(row: Mapping[str, Any], links: Optional[Mapping[str, str]] = None) -> str:
    """One row with its heads."""
    links = links or {}
    heads = "".join("<th>{}</th>".format(html.escape(str(head))) for head in row)
    cells = "".join(
        '<td><a href="{}" target="_blank" rel="noopener">{}</a></td>'.format(html.escape(links[head], quote=True), html.escape(str(cell)))
        if links.get(head)
        else "<td>{}</td>".format(html.escape(str(cell)))
        for head, cell in row.items()
    )
    return '<table style="width:100%"><tr>{}</tr><tr>{}</tr></table>'.format(heads, cells)


def documentation(kind: Any) -> Dict[str, str]:
    """The column with the documentation, which is in the package itself: what to type for it."""
    return {"Docs Page": "help({}.{})".format(kind.__module__, kind.__qualname__)}


def described(kind: str, row: Mapping[str, Any]) -> str:
    """`Kind(Name: x, Y: z)`, as the SDK prints its objects."""
    return "{}({})".format(kind, ",\n".join("{}: {}".format(head, cell) for head, cell in row.items()))
