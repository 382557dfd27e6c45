"""What a run logs, sent while it runs without slowing it.

`Sender.put` only appends to a queue. A thread of the background sends what has come together, at most a fifth of a
second later. Each process of a run is a sender of its own and counts its items from 1, so that a batch whose answer was
lost is sent again without being added twice, also to a server that has been restarted in between. What cannot be
delivered before the process ends is written beside the script's outputs and said on stderr.
"""

import atexit
import json
import math
import os
import sys
import threading
import time
import uuid
import weakref
from collections import deque
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Deque, Dict, List, Optional, Tuple

from .client import path
from .errors import TerroirError, Unavailable

if TYPE_CHECKING:
    from .client import Client

_BATCH = 2000
_PAUSE_SECONDS = 0.2
_AT_EXIT_SECONDS = 30.0

#: How many items may wait; beyond it `put` waits, so that a server that is away does not fill the memory.
_WAITING = 1_000_000

_Item = Tuple[float, str, str, Any, Optional[int], Optional[str]]


def plain(value: Any) -> Any:
    """A value as JSON can say it: scalars of numpy become Python's, numbers that are none become ``{"float": "nan"}``.

    Raises TypeError for what is no number, text, boolean, list or dict of them.
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": str(value)}
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset, range)):
        return [plain(one) for one in value]
    if hasattr(value, "tolist"):  # Arrays and scalars of numpy, torch and others.
        return plain(value.tolist())
    if hasattr(value, "item"):
        return plain(value.item())
    if hasattr(value, "__float__"):
        return plain(float(value))
    raise TypeError("a value of type %s cannot be logged" % type(value).__name__)


def restored(value: Any) -> Any:
    """The opposite of :func:`plain`."""
    if isinstance(value, dict):
        if set(value) == {"float"} and isinstance(value["float"], str):
            return float(value["float"])
        return {name: restored(one) for name, one in value.items()}
    if isinstance(value, list):
        return [restored(one) for one in value]
    return value


class Sender:
    """Sends what one process logs for one run."""

    def __init__(self, client: "Client", run_id: str, spool: Optional[Path] = None) -> None:
        """``spool`` is the folder for what cannot be delivered; ``outputs`` of the current directory when left out."""
        self._client = client
        self._run = run_id
        self._spool = spool or Path("outputs")
        self._begin()
        _all.add(self)

    def _begin(self) -> None:
        self._id = uuid.uuid4().hex
        self._queue: Deque[_Item] = deque()
        self._sent = 0
        self._sending = 0
        self._changed = threading.Condition()
        self._thread: Optional[threading.Thread] = None
        self._closing = False
        self._wanted = False
        self._refusal: Optional[TerroirError] = None

    def put(self, name: str, kind: str, value: Any, step: Optional[int] = None,
            description: Optional[str] = None) -> None:
        """Takes one item; ``kind`` as in the API. The value is looked at now, so that it may change afterwards."""
        item = (time.time(), name, kind, plain(value), step, description)
        queue = self._queue
        if len(queue) >= _WAITING:
            with self._changed:
                self._changed.wait_for(lambda: len(queue) < _WAITING or self._closing)
        queue.append(item)
        if self._thread is None:
            self._start()

    def _start(self) -> None:
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="terroir-metrics", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        pause = _PAUSE_SECONDS
        while True:
            with self._changed:
                # Waits a moment so that much goes into one request, unless somebody waits for it.
                self._changed.wait_for(lambda: self._wanted or self._closing, timeout=pause)
                if not self._queue:
                    if self._closing:
                        return
                    self._wanted = False
                    if pause < 1:
                        pause = min(1.0, pause * 1.5)
                    continue
            pause = _PAUSE_SECONDS
            batch = [self._queue[index] for index in range(min(_BATCH, len(self._queue)))]
            try:
                self._post(batch)
            except Unavailable:
                if self._closing:
                    return
                time.sleep(0.5)
                continue
            except TerroirError as error:
                if self._refusal is None:
                    self._refusal = error
                self._keep(batch, "the server refused it: %s" % error.title)
            except RuntimeError:
                return  # The interpreter ends.
            with self._changed:
                for _ in batch:
                    self._queue.popleft()
                self._sent += len(batch)
                self._changed.notify_all()

    def _post(self, batch: List[_Item]) -> None:
        self._client._json(
            "POST", path("runs", self._run, "metrics"),
            json={"sender": self._id, "first": self._sent + 1, "items": [_document(item) for item in batch]},
            may_repeat=True, patience=10.0)

    def _keep(self, batch: List[_Item], why: str) -> None:
        self._spool.mkdir(parents=True, exist_ok=True)
        file = self._spool / ("undelivered-metrics-%s.jsonl" % self._id[:8])
        with open(str(file), "a", encoding="utf-8") as out:
            for item in batch:
                out.write(json.dumps(_document(item)) + "\n")
        sys.stderr.write("terroir: %d logged values are in %s: %s\n" % (len(batch), file, why))

    def flush(self, timeout: float = 300.0) -> bool:
        """Waits until what was logged so far has arrived; whether it has, within ``timeout`` seconds.

        Raises the server's refusal when it took none.
        """
        goal = self._sent + len(self._queue)
        with self._changed:
            self._wanted = True
            self._changed.notify_all()

        def is_done() -> bool:
            if self._queue:
                self._wanted = True
            return self._sent >= goal

        deadline = time.monotonic() + timeout
        with self._changed:
            while not is_done():
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, 0.05))
                self._changed.notify_all()
        if self._refusal is not None:
            refusal, self._refusal = self._refusal, None
            raise refusal
        return True

    def close(self, timeout: float = _AT_EXIT_SECONDS) -> None:
        """Delivers what is left and ends the thread; what the server does not take in time is kept in a file."""
        thread = self._thread
        if thread is None:
            return
        try:
            self.flush(timeout)
        except TerroirError as error:
            sys.stderr.write("terroir: %s\n" % error)
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        thread.join(15.0)
        if self._queue:
            rest = list(self._queue)
            self._queue.clear()
            self._keep(rest, "the server did not answer for %d s" % timeout)
        self._begin()


def _document(item: _Item) -> Dict[str, Any]:
    at, name, kind, value, step, description = item
    document = {
        "name": name,
        "kind": kind,
        "value": value,
        "at": datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    if step is not None:
        document["step"] = step
    if description:
        document["description"] = description
    return document


_all: "weakref.WeakSet[Sender]" = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for sender in list(_all):
        sender.close()


def _after_fork() -> None:
    # The parent sends what it has; the child is a sender of its own.
    for sender in list(_all):
        sender._begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
