"""A dataset of files."""

from __future__ import annotations

import contextlib
import fnmatch
import os
import posixpath
import shutil
import tempfile
import urllib.request
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple
from urllib.parse import urlsplit

from azureml._terroir.errors import UserErrorException
from azureml.data.abstract_dataset import AbstractDataset, picks


class FileDataset(AbstractDataset):
    """Files of datastores and addresses."""

    def as_mount(self, path_on_compute: Optional[str] = None) -> Any:
        return self.as_named_input(self._input_name()).as_mount(path_on_compute)

    def as_download(self, path_on_compute: Optional[str] = None) -> Any:
        return self.as_named_input(self._input_name()).as_download(path_on_compute)

    def as_hdfs(self) -> Any:
        return self.as_named_input(self._input_name()).as_hdfs()

    def _listed(self) -> List[Tuple[str, Optional[str], str]]:
        """Each file: the path below its place, its datastore, its name there (or its address)."""
        found = list(self._every())
        for step, argument in self._definition.get("steps") or []:
            if step == "take":
                found = found[:argument]
            elif step == "skip":
                found = found[argument:]
            elif step in ("sample", "split"):
                inside = len(argument) < 3 or argument[2]
                chosen = picks(len(found), argument[0], argument[1])
                found = [file for file, is_chosen in zip(found, chosen) if is_chosen == inside]
        return found

    def _stored(self, workspace: Any) -> List[Dict[str, str]]:
        if not self._definition.get("steps") or self._known:
            return super()._stored(workspace)
        if self._workspace is None:
            self._workspace = workspace
        chosen = FileDataset(self._workspace, {"paths": [_place(store, name, below) for below, store, name in self._listed()]})
        return chosen._stored(workspace)

    def register(
        self,
        workspace: Any,
        name: str,
        description: Optional[str] = None,
        tags: Optional[Mapping[str, Any]] = None,
        create_new_version: bool = False,
    ) -> Any:
        if self._definition.get("steps"):
            # Which files these are does not change any more.
            chosen = FileDataset(self._workspace or workspace, {"paths": self._stored(workspace)})
            chosen._pending_tags = self.tags
            return chosen.register(workspace, name, description, tags, create_new_version)
        return super().register(workspace, name, description, tags, create_new_version)

    def _every(self) -> Iterator[Tuple[str, Optional[str], str]]:
        for place in self._paths():
            if "url" in place:
                yield posixpath.basename(urlsplit(place["url"]).path) or "download", None, place["url"]
                continue
            store, path = place["datastore"], place.get("path") or ""
            fixed = path.split("*")[0].rsplit("/", 1)[0] if "*" in path else path
            items = self._workspace._service.get("datastores", store, "files", prefix=fixed or None)["items"]
            for item in items:
                name = item["name"]
                if "*" in path:
                    if not _matches(name, path):
                        continue
                    yield name[len(fixed) :].lstrip("/"), store, name
                elif name == path:
                    yield place.get("below") or posixpath.basename(name), store, name
                elif not path or name.startswith(path.rstrip("/") + "/"):
                    yield name[len(path) :].lstrip("/"), store, name

    def to_path(self) -> List[str]:
        return ["/" + below for below, _, _ in self._listed()]

    def download(self, target_path: Optional[str] = None, overwrite: bool = False, ignore_not_found: bool = False) -> List[str]:
        """Fetches its files; answers their paths."""
        target = target_path or tempfile.mkdtemp()
        made = []
        for below, store, name in self._listed():
            parts = [part for part in below.split("/") if part not in ("", ".", "..")]
            place = os.path.join(target, *parts)
            if os.path.exists(place) and not overwrite:
                raise UserErrorException("{} is there already; pass overwrite=True to replace it.".format(place))
            os.makedirs(os.path.dirname(place) or ".", exist_ok=True)
            if store is None:
                with urllib.request.urlopen(name) as source, open(place, "wb") as out:
                    shutil.copyfileobj(source, out)
            else:
                self._workspace._service.get_file(place, "datastores", store, "files", *name.split("/"))
            made.append(os.path.abspath(place))
        if not made and not ignore_not_found:
            raise UserErrorException("The dataset has no files: {}".format(self))
        return made

    def mount(self, mount_point: Optional[str] = None, **kwargs: Any) -> "MountContext":
        """Its files in a folder, as long as the context lasts."""
        return MountContext(self, mount_point)

    @contextlib.contextmanager
    def open(self) -> Iterator[List[str]]:
        with tempfile.TemporaryDirectory() as folder:
            yield self.download(folder)


class MountContext:
    """A folder with the files of a dataset: a copy, since nothing is mounted here."""

    def __init__(self, dataset: FileDataset, mount_point: Optional[str]):
        self._dataset = dataset
        self.mount_point = mount_point or tempfile.mkdtemp()

    def start(self) -> None:
        self._dataset.download(self.mount_point, overwrite=True)

    def stop(self) -> None:
        shutil.rmtree(self.mount_point, ignore_errors=True)

    def __enter__(self) -> "MountContext":
        self.start()
        return self

    def __exit__(self, *args: Any) -> None:
        self.stop()


def _place(store: Optional[str], name: str, below: str) -> Dict[str, str]:
    """One file, and the path that it has among the others."""
    return {"url": name} if store is None else {"datastore": store, "path": name, "below": below}


def _matches(name: str, pattern: str) -> bool:
    """Whether a pattern names a file: `*` within a part, `**` over many."""
    return _match(name.split("/"), pattern.split("/"))


def _match(parts: List[str], patterns: List[str]) -> bool:
    if not patterns:
        return not parts
    if patterns[0] == "**":
        return any(_match(parts[skip:], patterns[1:] or ["*"]) for skip in range(len(parts) + 1)) if parts else len(patterns) == 1
    return bool(parts) and fnmatch.fnmatchcase(parts[0], patterns[0]) and _match(parts[1:], patterns[1:])
