"""What is kept of pipelines in a datastore of the workspace: documents under their ids, for everybody who works in it."""

from __future__ import annotations

import io
import json
from typing import Any, Dict, List, Mapping, Optional

from azureml._terroir import display


class Kept:
    """Something that is kept, enabled or disabled."""

    _FOLDER = ""
    _TITLE = ""

    def __init__(self, workspace: Any, known: Mapping[str, Any]):
        self.workspace = workspace
        self._known = dict(known)

    @property
    def id(self) -> str:
        return str(self._known["id"])

    @property
    def description(self) -> Optional[str]:
        return self._known.get("description")

    @property
    def status(self) -> str:
        return str(self._known["status"])

    def enable(self) -> None:
        self._change(status="Active")

    def disable(self) -> None:
        """Lets nobody run it; it stays on record."""
        self._change(status="Disabled")

    def _change(self, **changes: Any) -> None:
        self._known = {**self._known, **changes}
        self._keep()

    def _keep(self) -> None:
        """Keeps it in the default datastore, or where it is kept already."""
        place = _place(self._FOLDER, self.id)
        store = (_store_of(self.workspace, place) or self.workspace.get_default_datastore()).name
        text = json.dumps(self._known, indent=2).encode("utf-8")
        self.workspace._service.put_file(io.BytesIO(text), "datastores", store, "files", *place, overwrite=True)

    def _row(self) -> Dict[str, Any]:
        return {"Name": self._known.get("name"), "Id": self.id, "Status": self.status}

    def __repr__(self) -> str:
        return display.described(self._TITLE, self._row())

    def _repr_html_(self) -> str:
        return display.table(self._row())


def kept(workspace: Any, folder: str, name: str) -> Optional[Dict[str, Any]]:
    """A document that was kept; nothing when there is none."""
    place = _place(folder, name)
    store = None if not name or "/" in name else _store_of(workspace, place)
    return None if store is None else _read(workspace, store, *place)


def every_kept(workspace: Any, folder: str) -> List[Dict[str, Any]]:
    """All documents of a folder."""
    return [
        _read(workspace, store, *name.split("/", 1))
        for store in workspace.datastores.values()
        for name in store._files(folder)
        if name.endswith(".json")
    ]


def _place(folder: str, name: str) -> List[str]:
    return [folder, name + ".json"]


def _store_of(workspace: Any, place: List[str]) -> Any:
    """The datastore that has a document: it stays where it was when another one becomes the default."""
    wanted = "/".join(place)
    return next((store for store in workspace.datastores.values() if wanted in store._files(wanted)), None)


def _read(workspace: Any, store: Any, *place: str) -> Dict[str, Any]:
    found: Dict[str, Any] = json.loads(workspace._service.bytes("datastores", store.name, "files", *place))
    return found
