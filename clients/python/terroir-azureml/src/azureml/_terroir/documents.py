"""Documents with members in an order: JSON objects, merged over what they were read from; YAML text."""

from __future__ import annotations

import copy
import json
import re
from typing import Any, Dict, List, Mapping

_SAFE_PLAIN = re.compile(r"[A-Za-z0-9_./<=~+$(][^\x00-\x1f\x7f]*\Z")
_NUMBER_LIKE = re.compile(r"[-+.0-9][0-9_.eExXoabcdefABCDEF:+-]*\Z")
_WORDS = {"null", "true", "false", "yes", "no", "on", "off", "y", "n", "~", ""}


def merge(source: Mapping[str, Any], values: Mapping[str, Any], absent: Mapping[str, Any]) -> Dict[str, Any]:
    """The values in the order of the document they were read from, whose unknown members are kept.

    A value that was not there is added unless it is what its absence means.
    """
    if not source:
        return dict(values)
    merged = {key: values.get(key, copy.deepcopy(value)) for key, value in source.items()}
    for key, value in values.items():
        if key not in source and not (key in absent and absent[key] == value):
            merged[key] = value
    return merged


def indented(document: Any) -> str:
    """JSON as saved environments hold it: four spaces, no line break at the end."""
    return json.dumps(document, indent=4, ensure_ascii=False)


def scalar(text: str) -> str:
    """A string that every reader of YAML takes for that string."""
    plain = (
        _SAFE_PLAIN.match(text) is not None
        and ": " not in text
        and not text.endswith(":")
        and " #" not in text
        and not text.startswith(("<<", "---", "..."))
        and text != "="
        and text == text.strip()
        and not _NUMBER_LIKE.match(text)
        and text.lower() not in _WORDS
    )
    return text if plain else json.dumps(text, ensure_ascii=False)


def yaml_text(document: Mapping[str, Any]) -> str:
    """A document as block YAML."""
    out: List[str] = []
    _mapping(out, document, 0, False)
    return "".join(out)


def _mapping(out: List[str], document: Mapping[str, Any], indent: int, in_item: bool) -> None:
    for number, (key, value) in enumerate(document.items()):
        if number or not in_item:
            out.append(" " * indent)
        out.append(scalar(str(key)) + ":")
        _value(out, value, indent)


def _value(out: List[str], value: Any, indent: int) -> None:
    if isinstance(value, Mapping):
        if not value:
            out.append(" {}\n")
        else:
            out.append("\n")
            _mapping(out, value, indent + 2, False)
    elif isinstance(value, (list, tuple)):
        if not value:
            out.append(" []\n")
        else:
            out.append("\n")
            for element in value:
                out.append(" " * indent + "-")
                if isinstance(element, Mapping) and element:
                    out.append(" ")
                    _mapping(out, element, indent + 2, True)
                else:
                    _value(out, element, indent + 2)
    elif isinstance(value, str):
        out.append(" " + scalar(value) + "\n")
    else:
        out.append(" " + json.dumps(value) + "\n")
