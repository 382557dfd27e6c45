"""What a run logs, sent while it runs without slowing it.

`Sender.put` only appends to a queue. A thread of the background sends what has come together, at most a fifth of a
second later. Each process of a run is a sender of its own and counts its items from 1, so that a batch whose answer was
lost is sent again without being added twice, also to a server that has been restarted in between. What cannot be
delivered before the process ends is written below the run's `outputs` and said on stderr; `deliver` sends it later.

A process that is killed, or ends by `os._exit`, takes what it has not sent yet with it: call `flush` before.
"""

import atexit
import json
import math
import multiprocessing
import os
import sys
import threading
import time
import uuid
import weakref
from collections import deque
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Deque, Dict, List, Optional, Tuple, Union

from .paths import path
from .errors import Forbidden, NotFound, ServerFailed, TerroirError, Unauthorized, Unavailable

if TYPE_CHECKING:
    from .client import Client

_BATCH = 2000

#: How long items are gathered for one request.
_PAUSE_SECONDS = 0.2
_RETRY_SECONDS = 0.5

#: After it a thread that has nothing to do ends; the next item starts another.
_IDLE_SECONDS = 10.0
_AT_EXIT_SECONDS = 30.0

#: How many items may wait, so that a server that is away does not fill the memory, and how long `put` waits for room.
_WAITING = 500_000
_ROOM_SECONDS = 30.0

#: How often a server that fails over a batch (500) is asked again before it counts as refused.
_FAILURES = 5

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


_NO_NUMBERS = ("nan", "inf", "-inf")


def restored(value: Any) -> Any:
    """The opposite of :func:`plain`."""
    if isinstance(value, dict):
        if set(value) == {"float"} and value["float"] in _NO_NUMBERS:
            return float(value["float"])
        return {name: restored(one) for name, one in value.items()}
    if isinstance(value, list):
        return [restored(one) for one in value]
    return value


class Sender:
    """Sends what one process logs for one run. Safe for threads; a process that is forked gets a sender of its own."""

    def __init__(
        self,
        client: "Client",
        run_id: str,
        spool: Optional[Path] = None,
        at_exit_seconds: float = _AT_EXIT_SECONDS,
    ) -> None:
        """``spool`` is the folder for what cannot be delivered; ``outputs`` of the current directory when left out.

        ``at_exit_seconds`` is how long the end of the process waits for a server that is away.
        """
        self._client = client
        self._run = run_id
        self._spool = Path(os.path.abspath(str(spool or "outputs")))
        self._at_exit_seconds = at_exit_seconds
        self._begin()
        _all.add(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._channel: Optional[_Channel] = None

    def put(self, name: str, kind: str, value: Any, step: Optional[int] = None,
            description: Optional[str] = None) -> None:
        """Takes one item; ``kind`` as in the API. The value is looked at now, so that it may change afterwards.

        Waits while half a million items wait already, but not for ever: then it goes to the file of the undelivered.

        Raises TypeError when the value cannot be logged.
        """
        item = (time.time(), name, kind, plain(value), step, description)
        channel = self._channel
        while channel is None or not channel.put(item):
            with self._lock:
                if self._channel is None or self._channel.is_closed:
                    self._channel = _Channel(self._client, self._run, self._spool, self._at_exit_seconds)
                channel = self._channel

    def flush(self, timeout: float = 300.0) -> bool:
        """Waits until what was logged so far has arrived; whether it has, within ``timeout`` seconds.

        Raises the server's refusal when it took none.
        """
        channel = self._channel
        return channel is None or channel.flush(timeout)

    def close(self, timeout: Optional[float] = None) -> None:
        """Delivers what is left and ends the thread; what the server does not take in time is kept in a file."""
        with self._lock:
            channel, self._channel = self._channel, None
        if channel is not None:
            channel.close(self._at_exit_seconds if timeout is None else timeout)


class _Channel:
    """The queue of a sender, its thread and its counter."""

    def __init__(self, client: "Client", run_id: str, spool: Path, at_exit_seconds: float) -> None:
        self._client = client
        self._run = run_id
        self._spool = spool
        self._at_exit_seconds = at_exit_seconds
        self._id = uuid.uuid4().hex
        self._taken = 0  # How many items of this id the server has.
        self._queue: Deque[_Item] = deque()
        self._done = 0  # How many items have left the queue.
        self._changed = threading.Condition()
        self._awake = threading.Event()
        self._is_idle = False
        self._is_full = False
        self._is_wanted = False
        self._is_closing = False
        self.is_closed = False
        self._is_told = False  # That the process ends, if it is one of multiprocessing.
        self._thread: Optional[threading.Thread] = None
        self._refusal: Optional[TerroirError] = None

    def put(self, item: _Item) -> bool:
        """Takes an item; False when the channel is closed."""
        if self.is_closed:
            return False
        queue = self._queue
        if len(queue) >= _WAITING and not self._has_room():
            self._keep([item], "more than %d wait for the server" % _WAITING)
            return True
        queue.append(item)
        if self._is_idle:
            self._awake.set()
        if self._thread is None:
            self._start()
        if self.is_closed:
            self._keep_rest("the process ends")
        return True

    def _has_room(self) -> bool:
        with self._changed:
            if not self._is_full:
                self._is_full = not self._changed.wait_for(
                    lambda: len(self._queue) < _WAITING or self.is_closed, _ROOM_SECONDS)
            return not self._is_full

    def _start(self) -> None:
        with self._changed:
            if self._thread is not None or self._is_closing:
                return
            if not _ending.is_set():
                self._thread = threading.Thread(target=self._work, name="terroir-metrics", daemon=True)
                if multiprocessing.parent_process() is not None and not self._is_told:
                    from multiprocessing import util

                    # Such a process ends without what atexit was told.
                    util.Finalize(None, self.close, args=(self._at_exit_seconds,), exitpriority=10)
                    self._is_told = True
                try:
                    self._thread.start()
                    return
                except RuntimeError:  # The interpreter starts no threads any more.
                    self._thread = None
        self.close(self._at_exit_seconds)

    # -- the thread -------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while self._rest():
            with self._changed:
                if len(self._queue) < _BATCH:
                    self._changed.wait_for(lambda: self._is_wanted or self._is_closing, timeout=_PAUSE_SECONDS)
            if not self._send_some() and self._is_closing:
                return

    def _rest(self) -> bool:
        """Waits for an item; False when the thread shall end."""
        if self._queue:
            return True
        self._awake.clear()
        self._is_idle = True  # From here on `put` wakes it.
        if not self._queue and not self._is_closing:
            self._awake.wait(_IDLE_SECONDS)
        self._is_idle = False
        with self._changed:
            self._is_wanted = False
            if self._queue:
                return True
            if self._is_closing:
                return False
            self._thread = None  # From here on `put` starts another; what came before it was seen is taken on.
            if not self._queue:
                return False
            self._thread = threading.current_thread()
            return True

    def _send_some(self) -> bool:
        """Sends the first items of the queue; whether the server is there."""
        batch = self._first(_BATCH)
        for failures in range(_FAILURES):
            try:
                self._send(batch)
                return True
            except Unavailable:
                break
            except ServerFailed as error:
                batch = self._first(len(batch))
                if failures == _FAILURES - 1:
                    self._refuse(batch, error)
                    return True
                self._pause()
        self._pause()
        return False

    def _first(self, count: int) -> List[_Item]:
        try:
            return [self._queue[index] for index in range(min(count, len(self._queue)))]
        except IndexError:
            return []  # What waited has just been kept in a file.

    def _pause(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closing, _RETRY_SECONDS)

    def _send(self, batch: List[_Item]) -> None:
        """Sends the first items of the queue and takes them out. One that is refused does not hinder the others."""
        renewed = False
        while batch:
            try:
                answer = self._client._json(
                    "POST", path("runs", self._run, "metrics"), json=self._request(batch, self._taken + 1),
                    may_repeat=True, patience=10.0)
            except (Unavailable, ServerFailed):
                raise
            except TerroirError as error:
                if len(batch) == 1 or isinstance(error, (Unauthorized, Forbidden, NotFound)):
                    self._refuse(batch, error)
                    return
                half = len(batch) // 2
                self._send(batch[:half])
                batch = batch[half:]
                continue
            last = int(answer["last"])
            count = min(len(batch), last - self._taken)
            if count > 0:
                self._taken += count
                self._pop(count)
                batch = batch[count:]
            elif not renewed:
                # It has lost what it had taken, such as one that was put back from a backup: counted anew.
                self._id, self._taken, renewed = uuid.uuid4().hex, 0, True
            else:
                self._refuse(batch, ServerFailed(
                    "invalid-answer", "the server counts %d of the items %s sent" % (last, self._id)))
                return

    def _request(self, batch: List[_Item], first: int) -> Dict[str, Any]:
        return {"sender": self._id, "first": first, "items": [_document(item) for item in batch]}

    def _pop(self, count: int) -> None:
        with self._changed:
            for _ in range(min(count, len(self._queue))):
                self._queue.popleft()
            self._done += count
            self._is_full = False
            self._changed.notify_all()

    def _refuse(self, batch: List[_Item], error: TerroirError) -> None:
        if self._refusal is None:
            self._refusal = error
        self._keep(batch, "the server refused them: %s" % error.title)
        self._pop(len(batch))

    # -- what cannot be delivered -----------------------------------------------------------------------------------

    def _keep(self, batch: List[_Item], why: str, first: Optional[int] = None) -> None:
        """Writes items to the spool: each line a request as it could be sent.

        ``first`` is the number of the first item when the server may have got some of them; else the line is counted
        as a sender of its own. Either way nothing doubles when it is delivered.
        """
        file = self._spool / ("undelivered-metrics-%s.jsonl" % self._id[:8])
        kept = "%d logged values were not delivered (%s)" % (len(batch), why)
        try:
            self._spool.mkdir(parents=True, exist_ok=True)
            with open(str(file), "a", encoding="utf-8") as out:
                for at in range(0, len(batch), _BATCH):
                    request = self._request(batch[at:at + _BATCH], 1 if first is None else first + at)
                    request["run"] = self._run
                    if first is None:
                        request["sender"] = uuid.uuid4().hex
                    out.write(json.dumps(request) + "\n")
        except OSError as error:
            _say("%s and are lost: %s cannot be written: %s" % (kept, file, error.strerror))
            return
        _say("%s; they are in %s" % (kept, file))

    def _keep_rest(self, why: str) -> None:
        first = self._taken + 1
        rest = []
        while True:
            try:
                rest.append(self._queue.popleft())
            except IndexError:
                break
        if rest:
            self._keep(rest, why, first)
            self._taken += len(rest)

    # -- its end ----------------------------------------------------------------------------------------------------

    def flush(self, timeout: float) -> bool:
        """See Sender.flush."""
        deadline = time.monotonic() + timeout
        with self._changed:
            goal = self._done + len(self._queue)
            while self._done < goal:
                left = deadline - time.monotonic()
                if left <= 0 or self.is_closed:
                    return False
                self._is_wanted = True
                self._changed.notify_all()
                self._changed.wait(left)
            refusal, self._refusal = self._refusal, None
        if refusal is not None:
            raise refusal
        return True

    def close(self, timeout: float) -> None:
        """Delivers what is left within ``timeout`` seconds, keeps the rest in a file, and ends the thread."""
        if self.is_closed:
            return
        deadline = time.monotonic() + timeout
        thread = self._thread
        if thread is not None:
            try:
                self.flush(timeout)
            except TerroirError:
                pass  # Said when it was refused.
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        self._awake.set()
        if thread is None:
            while self._queue and self._send_some():
                pass
        elif thread is not threading.current_thread():
            thread.join(max(0.1, min(1.0, deadline - time.monotonic())))
        self.is_closed = True
        self._keep_rest("the server did not answer for %g s" % timeout)


def deliver(client: "Client", file: Union[str, "os.PathLike[str]"]) -> int:
    """Sends what a file of undelivered values holds, and returns how many; may be done again, nothing doubles."""
    count = 0
    with open(os.fspath(file), encoding="utf-8") as lines:
        for line in lines:
            request: Dict[str, Any] = json.loads(line)
            client._json("POST", path("runs", request.pop("run"), "metrics"), json=request, may_repeat=True)
            count += len(request["items"])
    return count


def _say(text: str) -> None:
    try:
        sys.stderr.write("terroir: %s\n" % text)
    except (OSError, ValueError, AttributeError):
        pass  # There is no stderr any more.


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


#: Set when the process ends: what is logged from then on is sent at once.
_ending = threading.Event()


@atexit.register
def _close_all() -> None:
    _ending.set()
    for sender in list(_all):
        sender.close()


def _after_fork() -> None:
    # The parent sends what it has; the child is a sender of its own.
    for sender in list(_all):
        sender._begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
