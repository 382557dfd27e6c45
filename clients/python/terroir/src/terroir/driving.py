"""What scripts share that drive other runs, such as a search for parameters or a pipeline.

Such a script is itself the script of a run, so that it goes on without the process that submitted it. It lies beside this package
and a ``plan.json``, which says what to submit.
"""

import json
import os
import random
import signal
import sys
from typing import Any, Callable, Dict, Mapping, Optional

from .errors import Conflict, TerroirError, Unavailable
from .paths import path
from .runs import Run, current_run

#: How long one waits before one looks again.
LOOK_SECONDS = 1.0

RUN_ID = "{run-id}"


class Drive:
    """Work that consists of other runs: :meth:`run` works it off, :meth:`stop` ends what is open of it."""

    def __init__(self, parent: Run, plan: Mapping[str, Any]) -> None:
        self.parent = parent
        self.plan = plan

    def run(self) -> None:
        """Works it off. Raises SystemExit when it has failed."""
        raise NotImplementedError

    def stop(self) -> None:
        """Ends the runs that are open."""
        raise NotImplementedError

    # -- the runs below it ------------------------------------------------------------------------------------------

    def submit(self, run_id: str, body: Mapping[str, Any]) -> Run:
        """Submits a run below the parent; one that was taken on when the server gave no answer is not submitted twice."""
        try:
            document = self.parent.client.post("/runs", {**body, "runId": run_id, "parent": self.parent.id})
        except Conflict:
            document = self.parent.client.get(path("runs", run_id))
        return Run(self.parent.client, run_id, document)

    @staticmethod
    def cancel(run: Run) -> None:
        """Ends a run."""
        try:
            run.cancel()
        except TerroirError as e:
            print("%s is not canceled: %s" % (run.id, e), flush=True)


def configuration_of(template: Mapping[str, Any], run_id: str) -> Dict[str, Any]:
    """The configuration of one of many runs: it writes to folders of its own, and listens where no other does."""
    configuration: Dict[str, Any] = replaced(template, {RUN_ID: run_id})
    variables = configuration.get("environmentVariables") or {}
    if "MASTER_PORT" in variables:
        variables["MASTER_PORT"] = str(random.randint(29500, 39999))
    return configuration


def replaced(document: Any, words: Mapping[str, Any]) -> Any:
    """A document with values in the place of words: the value itself where a text is the word, else its text."""
    if isinstance(document, dict):
        return {replaced(key, words): replaced(value, words) for key, value in document.items()}
    if isinstance(document, list):
        return [replaced(value, words) for value in document]
    if isinstance(document, str) and "{" in document:
        if document in words:
            return words[document]
        for word, value in words.items():
            document = document.replace(word, str(value))
    return document


def say_gone(error: Unavailable) -> None:
    """Says that the server is waited for."""
    print("The server does not answer, which is waited for: %s" % error, flush=True)


def plan_beside(file: str) -> Dict[str, Any]:
    """The plan that lies beside a script."""
    with open(os.path.join(os.path.dirname(os.path.abspath(file)), "plan.json"), encoding="utf-8") as stream:
        plan: Dict[str, Any] = json.load(stream)
    return plan


def drive(made: Callable[[Run, Mapping[str, Any]], Drive], file: str) -> None:
    """Works off the plan beside a script; when the script is ended, what is open of it ends too."""
    work = made(current_run(allow_offline=False), plan_beside(file))

    def end(number: int, frame: Optional[Any]) -> None:
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, end)
    try:
        work.run()
    finally:
        work.stop()
