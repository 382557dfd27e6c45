"""Runs whose script drives other runs: a search for parameters, a pipeline.

The script runs on the server's machine with the `python3` there, and the native client beside it, so that what it drives goes on
when the process that submitted it has ended. It is the script of an ordinary run, which a server that starts again adopts.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from typing import Any, Dict, Mapping, Optional

import terroir

from azureml.core import _run_stream
from azureml.core.run import ScriptRun


class DrivenRun(ScriptRun):
    """A run that ends with those that it drives."""

    def cancel(self) -> None:
        """Ends it and the runs that it drives."""
        super().cancel()
        self._end_children()

    def fail(self, error_details: Any = None, error_code: Optional[str] = None, _set_status: bool = True) -> None:
        super().fail(error_details, error_code, _set_status)
        self._end_children()

    def _end_children(self) -> None:
        """Ends runs that a script could not end which was killed before."""
        _run_stream.end(self)
        open_ones = [child for child in self.get_children(recursive=True) if child._refresh()["status"] not in _run_stream.TERMINAL]
        for child in open_ones:
            ScriptRun.cancel(child)
        for child in open_ones:
            _run_stream.end(child)


def lay_down(folder: str, scripts: Mapping[str, str], plan: Optional[Mapping[str, Any]]) -> None:
    """Puts scripts under names of their own into a folder, with the native client and the plan beside them."""
    for name, file in scripts.items():
        shutil.copy(file, os.path.join(folder, name))
    client = os.path.dirname(os.path.abspath(str(terroir.__file__)))
    shutil.copytree(client, os.path.join(folder, "terroir"), ignore=shutil.ignore_patterns("__pycache__"))
    if plan is not None:
        with open(os.path.join(folder, "plan.json"), "w", encoding="utf-8") as stream:
            json.dump(plan, stream, indent=2)


def driver_configuration(workspace: Any, folder: str, seconds: int) -> Any:
    """A configuration that runs `drive.py` of a folder with the server's own `python3`."""
    from azureml.core.environment import Environment
    from azureml.core.script_run_config import ScriptRunConfig

    environment = Environment("driver")
    environment.environment_variables = {}
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = "python3"
    return ScriptRunConfig(folder, "drive.py", environment=environment, max_run_duration_seconds=seconds)


def submit_driven(
    experiment: Any, scripts: Mapping[str, str], plan: Mapping[str, Any], seconds: int, properties: Dict[str, str], **kwargs: Any
) -> Any:
    """Submits a run whose `drive.py` works off a plan."""
    from azureml.core.experiment import submit

    with tempfile.TemporaryDirectory() as folder:
        lay_down(folder, scripts, plan)
        return submit(experiment, driver_configuration(experiment.workspace, folder, seconds), _properties=properties, **kwargs)
