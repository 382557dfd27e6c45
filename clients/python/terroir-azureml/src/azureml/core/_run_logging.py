"""What scripts log, in a run and outside of one."""

from __future__ import annotations

import os
import tempfile
import time
from typing import Any, Dict, List, Optional

from azureml._terroir.errors import UserErrorException
from azureml.core._metrics import plain, scalar


class Logging:
    """The methods by which metrics are logged; `_send` takes them on."""

    def _send(self, kind: str, name: str, value: Any, description: Optional[str], step: Optional[int]) -> None:
        raise NotImplementedError

    def upload_file(self, name: str, path_or_stream: Any, datastore_name: Optional[str] = None) -> Any:
        raise NotImplementedError

    def _named(self, name: Any) -> str:
        if not isinstance(name, str) or not name:
            raise UserErrorException("A metric's name must be text, not {!r}.".format(name))
        return name

    def log(self, name: str, value: Any, description: str = "", step: Optional[int] = None) -> None:
        """Logs one value; a name that is logged again becomes a list."""
        self._send("scalar", self._named(name), scalar(name, value), description, None if step is None else int(step))

    def log_list(self, name: str, value: Any, description: str = "") -> None:
        made = plain(value)
        if not isinstance(made, list):
            raise UserErrorException("log_list expected a list, {!r} found.".format(value))
        self._send("list", self._named(name), made, description, None)

    def log_row(self, name: str, description: Optional[str] = None, **kwargs: Any) -> None:
        self._send("row", self._named(name), {key: plain(value) for key, value in kwargs.items()}, description, None)

    def log_table(self, name: str, value: Dict[str, Any], description: str = "") -> None:
        made = plain(value.to_dict("list") if hasattr(value, "to_dict") else value)
        if not isinstance(made, dict):
            raise UserErrorException("log_table expected a dict of columns, {!r} found.".format(value))
        self._send("table", self._named(name), made, description, None)

    def log_image(self, name: str, path: Optional[str] = None, plot: Any = None, description: str = "") -> None:
        """Logs an image file, or a plot of matplotlib."""
        if path is not None and plot is not None:
            raise UserErrorException("log_image takes a path or a plot, not both.")
        if path is None and plot is None:
            raise UserErrorException("log_image needs the path of an image or a plot.")
        self._named(name)
        stamp = str(int(time.time() * 1000))
        if path is not None:
            artifact = "{}_{}{}".format(name, stamp, os.path.splitext(path)[1] or ".png")
            self.upload_file(artifact, path)
        else:
            artifact = "{}_{}.png".format(name, stamp)
            with tempfile.TemporaryDirectory() as folder:
                file = os.path.join(folder, "plot.png")
                plot.savefig(file, bbox_inches="tight")
                self.upload_file(artifact, file)
        self._send("image", name, {"path": artifact}, description, None)

    def _log_document(self, kind: str, name: str, value: Any, description: str) -> None:
        import json

        document = json.loads(value) if isinstance(value, str) else value
        self._send(kind, self._named(name), plain(document), description, None)

    def log_accuracy_table(self, name: str, value: Any, description: str = "") -> None:
        self._log_document("accuracy_table", name, value, description)

    def log_confusion_matrix(self, name: str, value: Any, description: str = "") -> None:
        self._log_document("confusion_matrix", name, value, description)

    def log_predictions(self, name: str, value: Any, description: str = "") -> None:
        self._log_document("predictions", name, value, description)

    def log_residuals(self, name: str, value: Any, description: str = "") -> None:
        self._log_document("residuals", name, value, description)


def secrets(names: List[str]) -> Dict[str, Optional[str]]:
    """Secrets that a run finds in its environment: `NAME`, or in capitals with `_` for `-`."""
    return {name: os.environ.get(name, os.environ.get(name.replace("-", "_").upper())) for name in names}
