"""A run's output as it is shown while one waits."""

from __future__ import annotations

import sys
import time
from typing import Any, Dict, Optional, TextIO

from azureml._terroir.errors import ActivityFailedException

TERMINAL = ("Completed", "Failed", "Canceled")
LOG = "azureml-logs/70_driver_log.txt"


# A script that is asked to end is killed before that.
_GRACE_SECONDS = 60.0


def end(run: Any) -> None:
    """Waits until a run that was told to end has ended."""
    until = time.monotonic() + _GRACE_SECONDS
    while run._known.get("status") not in TERMINAL and time.monotonic() < until:
        time.sleep(0.2)
        run._refresh()


def wait(run: Any, show_output: bool, raise_on_error: bool, out: Optional[TextIO] = None) -> Dict[str, Any]:
    stream = out or sys.stdout
    if show_output:
        _show(run, stream)
    pause = 0.1
    while run._refresh()["status"] not in TERMINAL:
        time.sleep(pause)
        pause = min(pause * 1.5, 2.0)
    details: Dict[str, Any] = run.get_details()
    failed = details["status"] == "Failed"
    if show_output:
        _say(stream, "\nExecution Summary\n=================\nRunId: {}\nWeb View: {}\n".format(run.id, run.get_portal_url()))
        for warning in details.get("warnings") or []:
            _say(stream, "Warnings:\n{}\n".format(warning))
    if failed and raise_on_error:
        import json

        raise ActivityFailedException(json.dumps(details.get("error"), indent=4, ensure_ascii=False))
    return details


def show(run: Any) -> None:
    """Shows its output until it has ended."""
    _show(run, sys.stdout)


def _show(run: Any, stream: TextIO) -> None:
    _say(stream, "RunId: {}\nWeb View: {}\n".format(run.id, run.get_portal_url()))
    begun = False

    def line(text: str) -> None:
        nonlocal begun
        if not begun:
            begun = True
            names = list(run._refresh().get("logFiles") or {})
            head = "Streaming {}".format(LOG if LOG in names or not names else names[0])
            _say(stream, "{}\n{}\n".format(head, "=" * len(head)))
        _say(stream, text)

    run._service.follow("runs", run.id, line)


def _say(stream: TextIO, text: str) -> None:
    stream.write(text + "\n")
    stream.flush()
