"""The sections of an environment and of a run configuration: attributes in Python, members in JSON.

A section keeps the object that it was read from, so that the order of its members and those that this package does not
know come back as they were.
"""

from __future__ import annotations

import copy
import json
import logging
import warnings
from typing import Any, Callable, ClassVar, Dict, List, Mapping, NamedTuple, Optional, Tuple, Type

from azureml._terroir.documents import indented, merge

_log = logging.getLogger("azureml.core")


class Member(NamedTuple):
    """An attribute and its member in JSON."""

    attribute: str
    key: str
    default: Callable[[], Any]
    kind: Optional[Type["Section"]] = None
    """The class of the value, where it is a section itself."""
    items: bool = False
    """Whether the value is a list of such sections."""


def constant(value: Any) -> Callable[[], Any]:
    return lambda: copy.deepcopy(value)


class Section:
    """What all sections do."""

    _source: Dict[str, Any]

    _MEMBERS: ClassVar[Tuple[Member, ...]] = ()
    _ABSENT: ClassVar[Dict[str, Any]] = {}
    """What it means when a member is absent, where that is not the default of a new section."""
    _DEPRECATED: ClassVar[Dict[str, str]] = {}
    _HARMLESS: ClassVar[Tuple[str, ...]] = ()
    """Attributes of older releases that are accepted and do nothing."""

    def __init__(self, **kwargs: Any):
        self.__dict__["_source"] = {}
        for member in self._MEMBERS:
            self.__dict__[member.attribute] = member.default()
        for key, value in kwargs.items():
            setattr(self, key, value)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._DEPRECATED:
            _log.warning(self._DEPRECATED[name])
        if not name.startswith("_") and name not in self._known():
            near = _nearest(name, self._known())
            warnings.warn(
                "{} has no attribute `{}`; nothing is done with it{}".format(
                    type(self).__name__, name, "; did you mean `{}`?".format(near) if near else ""
                ),
                stacklevel=2,
            )
        object.__setattr__(self, name, value)

    @classmethod
    def _known(cls) -> List[str]:
        properties = [name for name in dir(cls) if isinstance(getattr(cls, name, None), property)]
        return [member.attribute for member in cls._MEMBERS] + properties + list(cls._HARMLESS)

    @classmethod
    def _read(cls, document: Mapping[str, Any]) -> Any:
        made = cls.__new__(cls)
        made.__dict__["_source"] = dict(document)
        for member in cls._MEMBERS:
            if member.key in document:
                made.__dict__[member.attribute] = cls._value_of(member, document[member.key])
            else:
                made.__dict__[member.attribute] = cls._absent_value(member)
        return made

    @classmethod
    def _absent_value(cls, member: Member) -> Any:
        return copy.deepcopy(cls._ABSENT[member.key]) if member.key in cls._ABSENT else member.default()

    @classmethod
    def _value_of(cls, member: Member, value: Any) -> Any:
        if member.kind is None:
            if value is None:
                fresh = member.default()
                return fresh if isinstance(fresh, (list, dict)) else None
            return copy.deepcopy(value) if isinstance(value, (list, dict)) else value
        if member.items:
            return [member.kind._read(item) for item in value or []]
        if value is None:
            return member.default()
        return member.kind._read(value) if isinstance(value, Mapping) else value

    def _write(self, member: Member, value: Any) -> Any:
        if isinstance(value, Section):
            return value._to_json()
        if hasattr(value, "_conda_dependencies"):
            return copy.deepcopy(value._conda_dependencies)
        if isinstance(value, (list, tuple)):
            return [self._write(member, item) for item in value]
        if isinstance(value, dict):
            return {key: self._write(member, item) for key, item in value.items()}
        return value

    def _values(self) -> Dict[str, Any]:
        return {member.key: self._write(member, getattr(self, member.attribute)) for member in self._MEMBERS}

    def _to_json(self) -> Dict[str, Any]:
        values = self._values()
        absent = {member.key: self._write(member, self._absent_value(member)) for member in self._MEMBERS}
        for member in self._MEMBERS:
            key = member.key
            if key in self._source and self._source[key] is None and values.get(key) == self._write(member, member.default()):
                values[key] = None
        return merge(self._source, values, absent)

    def __deepcopy__(self, memo: Dict[int, Any]) -> Any:
        made = type(self).__new__(type(self))
        for key, value in self.__dict__.items():
            made.__dict__[key] = copy.deepcopy(value, memo)
        return made

    def __repr__(self) -> str:
        return indented(_plain(self._to_json()))

    def __str__(self) -> str:
        return self.__repr__()

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._values() == other._values()

    def __hash__(self) -> int:
        return id(self)


def _plain(document: Any) -> Any:
    return json.loads(json.dumps(document, default=str))


def _nearest(name: str, known: List[str]) -> Optional[str]:
    import difflib

    found = difflib.get_close_matches(name, known, 1, 0.75)
    return found[0] if found else None


class RegistryIdentity(Section):
    """A managed identity of the retired service; kept as it is."""

    resource_id: Any
    client_id: Any

    _MEMBERS = (Member("resource_id", "resourceId", constant(None)), Member("client_id", "clientId", constant(None)))


class ContainerRegistry(Section):
    """Where a base image comes from. The password is never saved, sent or printed."""

    address: Optional[str]
    username: Optional[str]
    password: Optional[str]
    registry_identity: Any

    _MEMBERS = (
        Member("address", "address", constant(None)),
        Member("username", "username", constant(None)),
        Member("password", "password", constant(None)),
        Member("registry_identity", "registryIdentity", constant(None)),
    )

    def __init__(self, address: Optional[str] = None, username: Optional[str] = None, password: Optional[str] = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.__dict__.update(address=address, username=username, password=password)

    def _values(self) -> Dict[str, Any]:
        return dict(super()._values(), password=None)


class SparkPackage(Section):
    """A Maven package."""

    group: Any
    artifact: Any
    version: Optional[str]

    _MEMBERS = (
        Member("group", "group", constant(None)),
        Member("artifact", "artifact", constant(None)),
        Member("version", "version", constant(None)),
    )

    def __init__(self, group: Optional[str] = None, artifact: Optional[str] = None, version: Optional[str] = None):
        super().__init__()
        self.__dict__.update(group=group, artifact=artifact, version=version)


class SparkSection(Section):
    """Spark settings of an environment; used when the framework is PySpark."""

    repositories: List[Any]
    packages: List[Any]
    precache_packages: bool

    _MEMBERS = (
        Member("repositories", "repositories", list),
        Member("packages", "packages", list, SparkPackage, True),
        Member("precache_packages", "precachePackages", constant(True)),
    )
