"""The text of a conda environment file: taken apart with marks, edited line by line.

What is not edited stays as it is written, comments and order included. Versions stay text: `3.10` is no number.
"""

from __future__ import annotations

import codecs
import re
from typing import Any, Callable, Dict, List, NamedTuple, Optional

from azureml._terroir.documents import scalar, yaml_text
from azureml._terroir.errors import UserErrorException

_CONDA = re.compile(r"\s*([A-Za-z0-9_][A-Za-z0-9_.*-]*)")
_PIP = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:$|[\[=<>!~;@(#]|--)")


def conda_name(spec: str) -> Optional[str]:
    """The package of a match spec, lower case and without channel; none for a URL."""
    head = spec.split("[", 1)[0]
    channel = head.rfind("::")
    if (channel < 0 and "://" in head) or spec.startswith(("/", ".")):
        return None
    found = _CONDA.match(head if channel < 0 else head[channel + 2 :])
    return found.group(1).lower() if found else None


def pip_name(line: str) -> Optional[str]:
    """The project of a requirement, folded; none for options, URLs and paths."""
    found = _PIP.match(line)
    return re.sub(r"[-_.]+", "-", found.group(1)).lower() if found else None


def is_option(line: str) -> bool:
    return line.startswith("-") and not line.startswith(("-e", "--editable"))


def option_name(line: str) -> str:
    return re.split(r"[\s=]", line, maxsplit=1)[0]


_LINE = re.compile("[^\r\n\x85\u2028\u2029]*(?:\r\n|[\r\n\x85\u2028\u2029]|$)")


def read_text(path: str) -> str:
    """A file as text, its line ends as they are."""
    with open(path, "rb") as stream:
        data = stream.read()
    for mark, encoding in ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as e:
        raise UserErrorException("{} is no text in UTF-8: {}".format(path, e)) from None


class Item(NamedTuple):
    """A scalar of a list."""

    text: str
    line: int
    column: int
    end_line: int
    end_column: int


class Block:
    """A list of the document and those of its items that are scalars."""

    def __init__(self, node: Any):
        self.node = node
        self.items: List[Item] = []


def _position(mark: Any) -> str:
    return "line {}, column {}".format(mark.line + 1, mark.column + 1)


class CondaText:
    """One text, taken apart."""

    def __init__(self, text: str, source: str):
        import yaml  # only who edits packages needs it

        self.text = text
        self.source = source
        self.json: Dict[str, Any] = {}
        self.dependencies: Optional[Block] = None
        self.channels: Optional[Block] = None
        self.pip: List[Block] = []
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as e:
            raise UserErrorException("{} is no YAML: {}".format(source, e), inner_exception=e) from None
        if root is None or self._is_null(root):
            return
        if not isinstance(root, yaml.MappingNode):
            raise self._problem("a conda environment file must be a mapping with `dependencies`", root)
        self._mapping = yaml.MappingNode
        self._sequence = yaml.SequenceNode
        self._scalar = yaml.ScalarNode
        for key, value in root.value:
            name = str(key.value)
            if name == "channels":
                self.json[name] = self._channels(value)
            elif name == "dependencies":
                self.json[name] = self._dependencies(value)
            else:
                self.json[name] = self._plain(value)

    def _problem(self, what: str, node: Any) -> UserErrorException:
        return UserErrorException("{}: {} ({})".format(self.source, what, _position(node.start_mark)))

    @staticmethod
    def _is_null(node: Any) -> bool:
        return bool(node.tag == "tag:yaml.org,2002:null")

    def _plain(self, node: Any) -> Any:
        if isinstance(node, self._mapping):
            return {str(key.value): self._plain(value) for key, value in node.value}
        if isinstance(node, self._sequence):
            return [self._plain(item) for item in node.value]
        return None if self._is_null(node) else str(node.value)

    def _channels(self, node: Any) -> List[str]:
        if isinstance(node, self._sequence):
            self.channels = self._block(node, "a channel")
            return [item.text for item in self.channels.items]
        if isinstance(node, self._mapping):
            raise self._problem("`channels` must be a list of channel names", node)
        return [] if self._is_null(node) else [str(node.value)]

    def _dependencies(self, node: Any) -> List[Any]:
        if self._is_null(node):
            return []
        if not isinstance(node, self._sequence):
            raise self._problem("`dependencies` must be a list of packages", node)
        self.dependencies = Block(node)
        self.pip = []
        found: List[Any] = []
        for item in node.value:
            if isinstance(item, self._mapping):
                for key, value in item.value:
                    found.append(self._section(key, value))
            elif isinstance(item, self._sequence):
                raise self._problem("a package must be written as text, not as a list", item)
            elif not self._is_null(item):
                self.dependencies.items.append(self._item(item))
                found.append(str(item.value).strip())
        return found

    def _section(self, key: Any, value: Any) -> Dict[str, Any]:
        name = str(key.value)
        if name != "pip":
            if name.startswith("sel(") or isinstance(value, self._sequence):
                return {name: self._plain(value)}
            raise self._problem("`{}` is no section of `dependencies`; write the package as one word: `{}={}`".format(name, name, value.value), key)
        if isinstance(value, self._sequence):
            block = self._block(value, "a line for pip")
            self.pip.append(block)
            return {"pip": [item.text.strip() for item in block.items]}
        if self._is_null(value):
            return {"pip": []}
        raise self._problem("`pip` must hold a list, each line of it a requirement", value)

    def _block(self, node: Any, what: str) -> Block:
        block = Block(node)
        for item in node.value:
            if not isinstance(item, self._scalar):
                raise self._problem(what + " must be written as text, not as a list or mapping", item)
            if not self._is_null(item):
                block.items.append(self._item(item))
        return block

    @staticmethod
    def _item(node: Any) -> Item:
        start, end = node.start_mark, node.end_mark
        return Item(str(node.value), start.line, start.column, end.line, end.column)

    # Edits: each answers the new text, or nothing where the text has a shape that has no lines to edit.

    def _lines(self) -> List[str]:
        """The lines with their ends, counted as YAML counts them."""
        return [line for line in _LINE.findall(self.text) if line]

    @property
    def _end(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    def _last_line(self, node: Any) -> int:
        """The index of the line behind the last one of a node."""
        if isinstance(node, self._scalar) or node.flow_style or not node.value:
            return int(node.end_mark.line) + 1
        last = node.value[-1]
        return self._last_line(last[1] if isinstance(node, self._mapping) else last)

    def append(self, block: Optional[Block], value: str) -> Optional[str]:
        if block is None or block.node.flow_style or not block.node.value:
            return None
        lines = self._lines()
        first = block.node.value[0].start_mark
        line = lines[first.line]
        dash = line.rfind("-", 0, first.column)
        if dash < 0:
            return None
        prefix = line[: first.column]
        if prefix[:dash].strip():
            prefix = " " * dash + "- "
        at = self._last_line(block.node)
        if at <= len(lines) and at > 0 and not lines[at - 1].endswith(("\n", "\r")):
            lines[at - 1] += self._end
        lines.insert(at, prefix + scalar(value) + self._end)
        return "".join(lines)

    def replace(self, item: Item, value: str) -> Optional[str]:
        if item.line != item.end_line or item.end_column <= item.column:
            return None
        lines = self._lines()
        line = lines[item.line]
        lines[item.line] = line[: item.column] + scalar(value) + line[item.end_column :]
        return "".join(lines)

    def remove(self, block: Block, which: Callable[[str], bool]) -> Optional[str]:
        items = [item for item in block.items if which(item.text)]
        if len(items) != 1 or block.node.flow_style or len(block.node.value) < 2:
            return None
        item = items[0]
        lines = self._lines()
        if item.line != item.end_line or lines[item.line][: item.column].strip() != "-":
            return None
        del lines[item.line]
        return "".join(lines)

    def header(self) -> str:
        """The comment lines it begins with."""
        header = []
        for line in self._lines():
            if line.strip() and not line.startswith("#"):
                break
            header.append(line.rstrip("\r\n") + "\n")
        return "".join(header)

    def edited(self, wanted: Dict[str, Any], candidate: Optional[str]) -> "CondaText":
        """An edit in place when it says exactly what is wanted, else the document written anew."""
        if candidate is not None:
            try:
                text = CondaText(candidate, self.source)
                if text.json == wanted:
                    return text
            except UserErrorException:
                pass  # the text's shape was too unusual for an edit in place
        return CondaText(self.header() + yaml_text(wanted), self.source)
