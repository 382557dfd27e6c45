"""What a run logs: it costs the script little, arrives soon, once and in order, and is never lost silently."""

import json
import math
import os
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import unittest
from pathlib import Path
from typing import Any, List
from unittest import mock

import terroir
from terroir import metrics
from terroir.metrics import Sender, deliver, plain, restored

from .fake import Exchange, FakeServer, MetricStore

SOURCE = str(Path(terroir.__file__).resolve().parent.parent)


class Stored(unittest.TestCase):
    """A test with a server that keeps metrics."""

    def setUp(self) -> None:
        self.store = MetricStore()
        self.server = FakeServer()
        self.addCleanup(self.server.close)
        self.server.on("POST", "/runs/r/metrics", self.store.take)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.sender = Sender(self.server.client(), "r", self.folder / "outputs", at_exit_seconds=2)
        self.addCleanup(self.sender.close)

    def script(self, text: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Runs a script in a process of its own, with `run` for the run and `folder` as its directory."""
        head = textwrap.dedent("""
            import os, sys, threading, time
            import multiprocessing
            from terroir.client import Client
            from terroir.discovery import Target
            from terroir.metrics import Sender
            from terroir.runs import Run
            client = Client(Target(endpoint=%r, token="secret"), 5)
            run = Run(client, "r")
            run._sender = Sender(client, "r", at_exit_seconds=2)
            """) % self.server.url
        return subprocess.run(
            [sys.executable, "-W", "ignore::DeprecationWarning", "-c", head + textwrap.dedent(text)], cwd=str(self.folder), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, universal_newlines=True, timeout=60, env=dict(os.environ, PYTHONPATH=SOURCE, **variables))

    def spooled(self) -> List[Any]:
        return [item["value"] for file in sorted((self.folder / "outputs").glob("*.jsonl"))
                for line in file.read_text().splitlines() for item in json.loads(line)["items"]]


class Arriving(Stored):
    """While the run is running."""

    def test_items_arrive_within_a_second_and_in_order(self) -> None:
        for round_number in range(3):
            self.sender.put("loss", "scalar", round_number)
            time.sleep(0.05 if round_number else 1.2)  # Also when the thread has been idle.
            deadline = time.monotonic() + 1
            while len(self.store.values()) <= round_number and time.monotonic() < deadline:
                time.sleep(0.01)
            self.assertEqual(list(range(round_number + 1)), self.store.values())

    def test_10000_calls_cost_less_than_a_second(self) -> None:
        begin = time.perf_counter()
        for step in range(10_000):
            self.sender.put("loss", "scalar", step / 7, step)
        self.assertLess(time.perf_counter() - begin, 1)
        self.assertTrue(self.sender.flush(30))
        self.assertEqual([step / 7 for step in range(10_000)], self.store.values())
        self.assertLess(len(self.server.seen("/runs/r/metrics")), 50)

    def test_a_batch_whose_answer_is_lost_is_not_added_twice(self) -> None:
        def take_and_cut(exchange: Exchange) -> None:
            self.store.add(exchange.json())
            exchange.cut()

        self.server.answers("POST", "/runs/r/metrics", take_and_cut, Exchange.cut, take_and_cut, self.store.take)
        for step in range(100):
            self.sender.put("loss", "scalar", step)
        self.assertTrue(self.sender.flush(20))
        self.assertEqual(list(range(100)), self.store.values())

    def test_a_server_that_was_away_gets_everything(self) -> None:
        self.sender.put("loss", "scalar", 0)
        self.assertTrue(self.sender.flush(10))
        port = self.server.port
        self.server.close()
        for step in range(1, 3000):
            self.sender.put("loss", "scalar", step)
        self.assertFalse(self.sender.flush(0.5))
        again = FakeServer(port)
        self.addCleanup(again.close)
        again.on("POST", "/runs/r/metrics", self.store.take)
        self.assertTrue(self.sender.flush(30))
        self.assertEqual(list(range(3000)), self.store.values())

    def test_a_server_put_back_from_a_backup_gets_what_follows(self) -> None:
        self.sender.put("loss", "scalar", 0)
        self.assertTrue(self.sender.flush(10))
        self.store.last.clear()
        self.store.items.clear()
        self.sender.put("loss", "scalar", 1)
        self.assertTrue(self.sender.flush(10))
        self.assertEqual([1], self.store.values())

    def test_200_threads_log_at_once_each_in_its_order(self) -> None:
        def work(number: int) -> None:
            for step in range(50):
                self.sender.put("loss", "scalar", [number, step])

        threads = [threading.Thread(target=work, args=(number,)) for number in range(200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertTrue(self.sender.flush(30))
        values = self.store.values()
        self.assertEqual(10_000, len(values))
        for number in range(200):
            self.assertEqual(list(range(50)), [step for who, step in values if who == number])

    def test_an_idle_thread_ends_and_the_next_item_starts_another(self) -> None:
        with mock.patch.object(metrics, "_IDLE_SECONDS", 0.05):
            for step in range(3):
                self.sender.put("loss", "scalar", step)
                self.assertTrue(self.sender.flush(10))
                deadline = time.monotonic() + 5
                while self.sender._channel._thread is not None and time.monotonic() < deadline:  # type: ignore
                    time.sleep(0.01)
                self.assertIsNone(self.sender._channel._thread)  # type: ignore[union-attr]
        self.assertEqual([0, 1, 2], self.store.values())


class Refused(Stored):
    """What the server does not take."""

    def refuse(self, exchange: Exchange) -> None:
        if any(item["value"] == "bad" for item in exchange.json()["items"]):
            exchange.answer(422, {"code": "invalid-request", "title": "no such value", "status": 422})
        else:
            self.store.take(exchange)

    def test_one_that_is_refused_does_not_take_others_along(self) -> None:
        self.server.on("POST", "/runs/r/metrics", self.refuse)
        with mock.patch("sys.stderr") as said:
            for step in range(100):
                self.sender.put("loss", "scalar", "bad" if step in (20, 21, 70) else step)
            with self.assertRaises(terroir.InvalidRequest):
                self.sender.flush(20)
        self.assertEqual([step for step in range(100) if step not in (20, 21, 70)], self.store.values())
        self.assertEqual(["bad"] * 3, self.spooled())
        self.assertIn("no such value", str(said.write.call_args_list))
        self.sender.put("loss", "scalar", 100)
        self.assertTrue(self.sender.flush(20))
        self.assertEqual(100, self.store.values()[-1])

    def test_a_run_that_has_ended_keeps_the_values(self) -> None:
        self.server.on("POST", "/runs/r/metrics",
                       lambda e: e.answer(401, {"code": "token-expired", "title": "the run has ended", "status": 401}))
        with mock.patch("sys.stderr"):
            for step in range(10):
                self.sender.put("loss", "scalar", step)
            with self.assertRaises(terroir.Unauthorized):
                self.sender.flush(20)
        self.assertEqual(list(range(10)), self.spooled())

    def test_a_queue_that_is_full_goes_to_the_file(self) -> None:
        self.server.on("POST", "/runs/r/metrics", lambda e: e.answer(503, {"code": "busy", "title": "busy"}))
        with mock.patch.object(metrics, "_WAITING", 10), mock.patch.object(metrics, "_ROOM_SECONDS", 0.1), \
                mock.patch("sys.stderr"):
            for step in range(12):
                self.sender.put("loss", "scalar", step)
            self.assertEqual([10, 11], self.spooled())
            self.server.on("POST", "/runs/r/metrics", self.store.take)
            self.assertTrue(self.sender.flush(20))
        self.assertEqual(list(range(10)), self.store.values())

    def test_what_cannot_be_delivered_is_kept_said_and_delivered_later_once(self) -> None:
        def take_and_cut(exchange: Exchange) -> None:
            self.store.add(exchange.json())
            exchange.cut()

        self.server.on("POST", "/runs/r/metrics", take_and_cut)  # It has them, but the sender cannot know.
        done = self.script("for step in range(4500): run.log('loss', step)")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("4500 logged values were not delivered", done.stderr)
        self.assertEqual(list(range(4500)), self.spooled())
        self.server.on("POST", "/runs/r/metrics", self.store.take)
        file = next((self.folder / "outputs").glob("*.jsonl"))
        for _ in range(2):
            self.assertEqual(4500, deliver(self.server.client(), file))
        self.assertEqual(list(range(4500)), self.store.values())


class Ending(Stored):
    """Processes that end."""

    def test_everything_is_delivered_at_the_end(self) -> None:
        done = self.script("for step in range(5000): run.log('loss', step)")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertEqual(list(range(5000)), self.store.values())

    def test_also_after_an_error_and_in_what_is_done_at_exit(self) -> None:
        done = self.script("""
            run.log('loss', 1)
            time.sleep(0.5)
            sys.exit('broken')
            """)
        self.assertEqual((1, "broken\n"), (done.returncode, done.stderr))
        done = self.script("""
            import atexit
            from terroir import metrics
            atexit.unregister(metrics._close_all)
            atexit.register(lambda: run.log('loss', 3))
            atexit.register(metrics._close_all)  # As when the other one was registered before the import.
            run.log('loss', 2)
            """)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertEqual([1, 2, 3], sorted(self.store.values()))

    @unittest.skipUnless(hasattr(os, "fork"), "no fork here")
    def test_forked_processes_are_senders_of_their_own(self) -> None:
        done = self.script("""
            for step in range(100): run.log('loss', step)
            child = os.fork()
            if child == 0:
                for step in range(1000, 1100): run.log('loss', step)
                sys.exit(0)
            os.waitpid(child, 0)
            """)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertEqual(list(range(100)) + list(range(1000, 1100)), sorted(self.store.values()))
        self.assertEqual(2, len(self.store.last))

    @unittest.skipUnless(hasattr(os, "fork"), "no fork here")
    def test_processes_of_multiprocessing_deliver_before_they_end(self) -> None:
        done = self.script("""
            def work(start):
                for step in range(start, start + 10): run.log('loss', step)
            run.log('loss', 0)
            context = multiprocessing.get_context('fork')
            children = [context.Process(target=work, args=(100 * number,)) for number in range(1, 5)]
            for child in children: child.start()
            for child in children: child.join()
            """)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertEqual([0] + [100 * n + i for n in range(1, 5) for i in range(10)], sorted(self.store.values()))


class Scalar:
    """What numpy's scalars and arrays offer."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def tolist(self) -> Any:
        return self.value


class Values(unittest.TestCase):
    """Values as JSON says them."""

    def test_numbers_that_are_none_come_back(self) -> None:
        for value in [math.inf, -math.inf, 1.5, 0, True, "x", None, [1, math.inf], {"a": [-math.inf]}]:
            self.assertEqual(value, restored(json.loads(json.dumps(plain(value), allow_nan=False))))
        self.assertTrue(math.isnan(restored(plain(math.nan))))
        self.assertEqual({"float": "text"}, restored(plain({"float": "text"})))

    def test_what_numpy_gives_becomes_pythons_own(self) -> None:
        self.assertEqual([1.5, {"float": "nan"}], plain(Scalar([1.5, math.nan])))
        self.assertEqual({"a": [1, 2]}, plain({"a": (Scalar(1), 2)}))

    def test_numpy_itself(self) -> None:
        try:
            import numpy  # type: ignore
        except ImportError:
            self.skipTest("numpy is not installed")
        self.assertEqual([0.5, {"float": "nan"}, 7, True, [1, 2]], json.loads(json.dumps(plain(
            [numpy.float32(0.5), numpy.float64("nan"), numpy.int64(7), numpy.bool_(True), numpy.array([1, 2])]))))

    def test_what_is_no_value_is_refused_where_it_is_logged(self) -> None:
        with self.assertRaises(TypeError):
            plain(object())
