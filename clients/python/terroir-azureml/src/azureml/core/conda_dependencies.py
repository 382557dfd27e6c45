"""The packages of an environment as a conda environment file holds them."""

from __future__ import annotations

import copy
import os
import re
from typing import Any, Callable, Dict, Iterable, List, Optional

from azureml._terroir.condatext import CondaText, conda_name, is_option, option_name, pip_name, read_text
from azureml._terroir.documents import yaml_text
from azureml._terroir.errors import UserErrorException
from azureml._terroir.version import VERSION

PYTHON_DEFAULT_VERSION = "3.11"
CONDA_FILE_NAME = "conda_dependencies.yml"
DEFAULTS_PACKAGE = "azureml-defaults"

_TEMPLATE = """\
# The packages of an environment, for conda and pip.
# Used when userManagedDependencies is false.
# Format: https://docs.conda.io/projects/conda/en/latest/user-guide/tasks/manage-environments.html
name: project_environment
dependencies:
  # The version of Python.
- python={}

- pip:
    # What a scoring service needs.
  - azureml-defaults

channels:
- anaconda
- conda-forge
""".format(PYTHON_DEFAULT_VERSION)

_PYTHON = re.compile(r"(?i)(?:.*::)?python\s*(.*)")


class CondaDependencies:
    """A conda environment file that is edited in place: comments and order stay.

    A package of a name that is there already is replaced where it stands.
    """

    DEFAULT_NUMBER_OF_PACKAGES = 2

    def __init__(self, conda_dependencies_file_path: Optional[str] = None, _underlying_structure: Optional[Dict[str, Any]] = None):
        self._parsed: Optional[CondaText] = None
        self._source = "condaDependencies"
        self._text: Optional[str] = None  # of a document that is known without it
        self._document: Dict[str, Any] = {}
        if conda_dependencies_file_path is not None:
            path = os.fspath(conda_dependencies_file_path)
            try:
                text = read_text(path)
            except FileNotFoundError as e:
                raise UserErrorException("The conda environment file {} is not there.".format(path), e) from None
            self._source = path
            self._parsed = CondaText(text, path)
        elif _underlying_structure is not None:
            self._document = _underlying_structure
        else:
            self._source = "the default conda dependencies"
            self._text = _TEMPLATE
            self._document = {
                "name": "project_environment",
                "dependencies": ["python={}".format(PYTHON_DEFAULT_VERSION), {"pip": [DEFAULTS_PACKAGE]}],
                "channels": ["anaconda", "conda-forge"],
            }

    @classmethod
    def _of_text(cls, text: str, source: str) -> "CondaDependencies":
        made = cls(_underlying_structure={})
        made._source = source
        made._parsed = CondaText(text, source)
        return made

    @property
    def _content(self) -> CondaText:
        if self._parsed is None:
            text = self._text if self._text is not None else yaml_text(self._document) if self._document else ""
            self._parsed = CondaText(text, self._source)
        return self._parsed

    @property
    def _conda_dependencies(self) -> Dict[str, Any]:
        """The document as a mapping, as the JSON of a definition holds it."""
        return self._parsed.json if self._parsed is not None else self._document

    @staticmethod
    def create(
        pip_indexurl: Optional[str] = None,
        pip_packages: Optional[Iterable[str]] = None,
        conda_packages: Optional[Iterable[str]] = None,
        python_version: Optional[str] = PYTHON_DEFAULT_VERSION,
        pin_sdk_version: bool = True,
    ) -> "CondaDependencies":
        """A new document; packages of the SDK are pinned to its version unless `pin_sdk_version` is false."""
        made = CondaDependencies()
        if python_version:
            made.set_python_version(python_version)
        if pip_indexurl:
            made.set_pip_index_url(pip_indexurl)
        for package in _words(pip_packages, "pip_packages"):
            made.add_pip_package(_pinned(package) if pin_sdk_version else package)
        for package in _words(conda_packages, "conda_packages"):
            made.add_conda_package(package)
        return made

    @staticmethod
    def merge_requirements(requirements: Iterable[str]) -> List[str]:
        """Requirements with those of one project joined: `a>=1`, `a<2` become `a>=1,<2`."""
        order: List[str] = []
        merged: Dict[str, List[str]] = {}
        names: Dict[str, str] = {}
        for requirement in requirements:
            found = re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*(?:\s*\[[^]]*\])?)\s*([^;@]*)\Z", requirement)
            key = pip_name(requirement) if found else None
            if found is None or key is None:
                if requirement not in order:
                    order.append(requirement)
                    merged[requirement] = []
                    names[requirement] = requirement
                continue
            if key not in merged:
                order.append(key)
                merged[key] = []
                names[key] = found.group(1)
            for specifier in found.group(2).split(","):
                specifier = specifier.strip()
                if specifier and specifier not in merged[key]:
                    merged[key].append(specifier)
        return [names[key] + ",".join(merged[key]) for key in order]

    @staticmethod
    def sdk_origin_url() -> str:
        """The index that the packages of the SDK are taken from: the one that pip is set to, else pip's own.

        Raises UserErrorException when this Python has no pip that says so.
        """
        from azureml._terroir.index import default_index

        return default_index()

    @property
    def conda_channels(self) -> List[str]:
        channels = self._conda_dependencies.get("channels") or []
        return [channels] if isinstance(channels, str) else list(channels)

    @property
    def conda_packages(self) -> List[str]:
        return [entry for entry in self._entries() if isinstance(entry, str)]

    @property
    def pip_packages(self) -> List[str]:
        return [line for line in self._pip_lines() if not is_option(line)]

    @property
    def pip_options(self) -> List[str]:
        return [line for line in self._pip_lines() if is_option(line)]

    def _entries(self) -> List[Any]:
        return list(self._conda_dependencies.get("dependencies") or [])

    def _pip_lines(self) -> List[str]:
        return [
            str(line)
            for entry in self._entries()
            if isinstance(entry, dict) and "pip" in entry
            for line in entry["pip"] or []
        ]

    def add_channel(self, channel: str) -> None:
        if channel in self.conda_channels:
            return
        content = self._content
        self._take(dict(content.json, channels=self.conda_channels + [channel]), content.append(content.channels, channel))

    def remove_channel(self, channel: str) -> None:
        channels = self.conda_channels
        if channel not in channels:
            return
        channels.remove(channel)
        content = self._content
        edit = content.remove(content.channels, lambda text: text == channel) if content.channels else None
        self._take(dict(content.json, channels=channels), edit)

    def add_conda_package(self, conda_package: str) -> None:
        _require_line(conda_package, "conda")
        content = self._content
        name = conda_name(conda_package)
        entries = self._entries()
        for number, entry in enumerate(entries):
            if isinstance(entry, str) and name is not None and conda_name(entry) == name:
                entries[number] = conda_package
                edit = None
                for item in content.dependencies.items if content.dependencies else []:
                    if conda_name(item.text) == name:
                        edit = content.replace(item, conda_package)
                        break
                self._take(dict(content.json, dependencies=entries), edit)
                return
        entries.append(conda_package)
        self._take(dict(content.json, dependencies=entries), content.append(content.dependencies, conda_package))

    def remove_conda_package(self, conda_package: str) -> None:
        content = self._content
        name = conda_name(conda_package)
        entries = [entry for entry in self._entries() if not (isinstance(entry, str) and conda_name(entry) == name)]
        if len(entries) == len(self._entries()):
            return
        edit = content.remove(content.dependencies, lambda text: conda_name(text) == name) if content.dependencies else None
        self._take(dict(content.json, dependencies=entries), edit)

    def add_pip_package(self, pip_package: str) -> None:
        _require_line(pip_package, "pip")
        name = pip_name(pip_package)
        self._add_pip_line(pip_package, lambda line: line == pip_package if name is None else pip_name(line) == name)

    def remove_pip_package(self, pip_package: str) -> None:
        name = pip_name(pip_package)
        self._remove_pip_lines(lambda line: line == pip_package if name is None else pip_name(line) == name)

    def set_pip_requirements(self, pip_requirements: Iterable[str]) -> None:
        """Replaces the whole pip section."""
        lines = [line.strip() for line in _words(pip_requirements, "pip_requirements")]
        entries: List[Any] = []
        done = False
        for entry in self._entries():
            if not (isinstance(entry, dict) and "pip" in entry):
                entries.append(entry)
            elif not done:
                done = True
                entries.append({"pip": lines})
        if not done:
            entries.append({"pip": lines})
        self._take(dict(self._content.json, dependencies=entries), None)

    def set_pip_index_url(self, index_url: str) -> None:
        url = index_url.strip()
        for option in ("--index-url", "-i"):
            if url.startswith(option):
                url = url[len(option) :].lstrip(" =")
        self._add_pip_line("--index-url " + url, lambda line: option_name(line) in ("--index-url", "-i"))

    def set_pip_option(self, pip_option: str) -> None:
        _require_line(pip_option, "pip")
        self._add_pip_line(pip_option, lambda line: line == pip_option)

    def remove_pip_option(self, pip_option: str) -> None:
        self._remove_pip_lines(lambda line: is_option(line) and (line == pip_option or option_name(line) == pip_option))

    def set_python_version(self, version: str) -> None:
        self.add_conda_package("python={}".format(version))

    def get_python_version(self) -> Optional[str]:
        for spec in self.conda_packages:
            if conda_name(spec) == "python":
                found = _PYTHON.match(spec)
                version = re.sub(r"^={1,2}\s*", "", found.group(1).strip()) if found else ""
                if version:
                    return version
        return None

    def get_default_number_of_packages(self) -> int:
        return self.DEFAULT_NUMBER_OF_PACKAGES

    def add_tensorflow_conda_package(self, core_type: str = "cpu", version: Optional[str] = None) -> None:
        self.add_conda_package(_tensorflow(core_type, version))

    def add_tensorflow_pip_package(self, core_type: str = "cpu", version: Optional[str] = None) -> None:
        self.add_pip_package(_tensorflow(core_type, version))

    def remove_tensorflow_conda_package(self, core_type: str = "cpu", version: Optional[str] = None) -> None:
        self.remove_conda_package(_tensorflow(core_type, None))

    def remove_tensorflow_pip_package(self, core_type: str = "cpu", version: Optional[str] = None) -> None:
        self.remove_pip_package(_tensorflow(core_type, None))

    def add_cntk_package(self, core_type: str = "cpu") -> None:
        self.add_pip_package("cntk" if core_type == "cpu" else "cntk-gpu")

    def as_dict(self) -> Dict[str, Any]:
        return copy.deepcopy(self._conda_dependencies)

    def serialize_to_string(self) -> str:
        return self._content.text

    def save(self, path: Optional[str] = None) -> str:
        """Writes the file; `conda_dependencies.yml` of the current directory unless a path is given."""
        target = os.fspath(path) if path is not None else CONDA_FILE_NAME
        if os.path.isdir(target):
            target = os.path.join(target, CONDA_FILE_NAME)
        folder = os.path.dirname(target)
        if folder:
            os.makedirs(folder, exist_ok=True)
        with open(target, "w", encoding="utf-8", newline="") as stream:
            stream.write(self.serialize_to_string())
        return target

    def save_to_file(self, base_directory: str, conda_file_path: Optional[str] = None) -> str:
        path = conda_file_path or CONDA_FILE_NAME
        self.save(os.path.join(base_directory, path))
        return path

    def _add_pip_line(self, line: str, same: Callable[[str], bool]) -> None:
        content = self._content
        entries = copy.deepcopy(self._entries())
        last: Optional[List[str]] = None
        for entry in entries:
            if not (isinstance(entry, dict) and "pip" in entry):
                continue
            lines = entry["pip"] = list(entry["pip"] or [])
            last = lines
            for number, there in enumerate(lines):
                if same(there):
                    lines[number] = line
                    edit = None
                    for block in content.pip:
                        for item in block.items:
                            if edit is None and same(item.text):
                                edit = content.replace(item, line)
                    self._take(dict(content.json, dependencies=entries), edit)
                    return
        edit = None
        if last is None:
            entries.append({"pip": [line]})
        else:
            last.append(line)
            edit = content.append(content.pip[-1] if content.pip else None, line)
        self._take(dict(content.json, dependencies=entries), edit)

    def _remove_pip_lines(self, which: Callable[[str], bool]) -> None:
        content = self._content
        entries: List[Any] = []
        any_found = False
        for entry in self._entries():
            if isinstance(entry, dict) and "pip" in entry and any(which(line) for line in entry["pip"] or []):
                any_found = True
                left = [line for line in entry["pip"] if not which(line)]
                if left:
                    entries.append(dict(entry, pip=left))
            else:
                entries.append(entry)
        if not any_found:
            return
        edit = None
        for block in content.pip:
            if any(which(item.text) for item in block.items):
                edit = content.remove(block, which)
                break
        self._take(dict(content.json, dependencies=entries), edit)

    def _take(self, wanted: Dict[str, Any], edit: Optional[str]) -> None:
        self._parsed = self._content.edited(wanted, edit)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CondaDependencies) and self._conda_dependencies == other._conda_dependencies

    def __hash__(self) -> int:
        return id(self)

    def __deepcopy__(self, memo: Dict[int, Any]) -> "CondaDependencies":
        made = CondaDependencies(_underlying_structure=copy.deepcopy(self._document))
        made._source = self._source
        made._text = self._text
        if self._parsed is not None:
            made._parsed = CondaText(self._parsed.text, self._source)
        return made

    def __repr__(self) -> str:
        return self.serialize_to_string()


def _require_line(spec: Any, kind: str) -> None:
    if not isinstance(spec, str) or not spec.strip() or "\n" in spec:
        raise UserErrorException("A {} package must be one line of text, not {!r}.".format(kind, spec))


def _words(words: Optional[Iterable[str]], what: str) -> List[str]:
    if words is None:
        return []
    if isinstance(words, str):
        raise UserErrorException("{} must be a list of strings, not the string {!r}.".format(what, words))
    return list(words)


def _pinned(package: str) -> str:
    """A package of the SDK with its version; azureml-dataprep counted its versions for itself."""
    name = pip_name(package)
    bare = re.fullmatch(r"\s*[A-Za-z0-9._-]+(?:\[[^]]*\])?\s*", package) is not None
    return "{}~={}".format(package.strip(), VERSION) if bare and name and name.startswith("azureml-") and not name.startswith("azureml-dataprep") else package


def _tensorflow(core_type: str, version: Optional[str]) -> str:
    name = "tensorflow" if core_type == "cpu" else "tensorflow-gpu"
    return "{}=={}".format(name, version) if version else name
