"""The progress of a run in a notebook."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["RunDetails"]


class RunDetails:
    """Shows how a run is."""

    def __new__(cls, run_instance: Any) -> Any:
        return super().__new__(cls)

    def __init__(self, run_instance: Any):
        self._run = run_instance

    def show(self, render_lib: Any = None, widget_settings: Any = None) -> None:
        """As a table in a notebook, else as a line."""
        self._run.get_status()
        ipython = sys.modules.get("IPython")
        shell = ipython.get_ipython() if ipython is not None else None
        if shell is not None and hasattr(shell, "kernel"):
            from IPython.display import HTML, display  # type: ignore[import-not-found,unused-ignore]

            display(HTML(self._run._repr_html_()))  # type: ignore[no-untyped-call,unused-ignore]
        else:
            print("RunId: {}\nStatus: {}\nWeb View: {}".format(self._run.id, self._run.status, self._run.get_portal_url()))

    def get_widget_data(self, widget_settings: Any = None) -> Any:
        return {"run": self._run.get_details(), "metrics": self._run.get_metrics()}

    def _repr_html_(self) -> str:
        return str(self._run._repr_html_())
