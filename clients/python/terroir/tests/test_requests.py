"""Requests: what is repeated and what is not, errors, pages, files, logs."""

import io
import os
import pickle
import tempfile
import threading
import time
import unittest
from pathlib import Path
from typing import List

import terroir
from terroir.transport import _proxy

from .fake import ABOUT, Exchange, FakeServer


class Served(unittest.TestCase):
    """A test with a fake server."""

    def setUp(self) -> None:
        self.server = FakeServer()
        self.addCleanup(self.server.close)
        self.client = self.server.client()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)


class Repeating(Served):
    """RFC 9110 section 9.2.2: what may reach the server twice."""

    def test_get_is_repeated_when_the_answer_is_lost(self) -> None:
        self.server.answers("GET", "/x", Exchange.cut, lambda e: e.answer(200, {"a": 1}))
        self.assertEqual({"a": 1}, self.client.get("/x"))
        self.assertEqual(2, len(self.server.seen("/x")))

    def test_post_is_repeated_with_the_same_key(self) -> None:
        self.server.answers("POST", "/x", Exchange.cut, lambda e: e.answer(201, {}))
        self.client.post("/x", {"n": 1})
        first, second = self.server.seen("/x")
        self.assertTrue(first[2]["Idempotency-Key"])
        self.assertEqual(first[2]["Idempotency-Key"], second[2]["Idempotency-Key"])
        self.assertEqual(first[3], second[3])

    def test_post_that_is_not_idempotent_is_sent_once(self) -> None:
        self.client.get("")  # So that the connection is one that was kept.
        self.server.on("POST", "/x", Exchange.cut)
        with self.assertRaises(terroir.Unavailable) as raised:
            self.client.post("/x", {}, idempotent=False)
        self.assertEqual("server-unreachable", raised.exception.code)
        self.assertEqual(1, len(self.server.seen("/x")))
        self.assertNotIn("Idempotency-Key", self.server.seen("/x")[0][2])

    def test_a_kept_connection_that_was_closed_is_opened_anew_even_for_a_post_that_may_not_be_repeated(self) -> None:
        def close(exchange: Exchange) -> None:
            exchange.answer(200, {})
            exchange.close_connection = True

        self.server.on("GET", "/x", close)
        self.server.on("POST", "/y", lambda e: e.answer(200, {"ok": True}))
        for _ in range(5):
            self.client.get("/x")
            time.sleep(0.02)
            self.assertEqual({"ok": True}, self.client.post("/y", {}, idempotent=False))

    def test_a_deletion_whose_answer_was_lost_has_happened(self) -> None:
        self.server.answers("DELETE", "/x", Exchange.cut, lambda e: e.answer(404, {"code": "gone", "title": "gone"}))
        self.assertIsNone(self.client.delete("/x"))
        with self.assertRaises(terroir.NotFound):
            self.client.delete("/x")

    def test_busy_servers_are_asked_again_when_they_say(self) -> None:
        self.server.answers("GET", "/x", lambda e: e.answer(503, {"code": "busy", "title": "busy"}, {"Retry-After": "0"}),
                            lambda e: e.answer(200, 7))
        self.assertEqual(7, self.client.get("/x"))

    def test_one_connection_serves_a_thread(self) -> None:
        ports = []
        self.server.on("GET", "/x", lambda e: (ports.append(e.client_address[1]), e.answer(200, 1))[1])
        for _ in range(10):
            self.client.get("/x")
        self.assertEqual(1, len(set(ports)))

    def test_200_threads_share_a_client(self) -> None:
        self.server.on("GET", "/x", lambda e: e.answer(200, e.path.split("=")[1]))
        failures: List[BaseException] = []

        def work(number: int) -> None:
            try:
                for at in range(5):
                    mark = "%d-%d" % (number, at)
                    self.assertEqual(mark, self.client.get("/x", mark=mark))
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual([], failures)

    @unittest.skipUnless(hasattr(os, "fork"), "no fork here")
    def test_a_forked_process_has_connections_of_its_own(self) -> None:
        ports = []
        self.server.on("GET", "/x", lambda e: (ports.append(e.client_address[1]), e.answer(200, 1))[1])
        self.client.get("/x")
        self.client._lock.acquire()  # As if another thread held it just now.
        child = os.fork()
        if child == 0:
            os._exit(0 if self.client.get("/x") == 1 else 1)
        self.client._lock.release()
        self.assertEqual(0, os.waitpid(child, 0)[1])
        self.client.get("/x")
        self.assertEqual(ports[0], ports[2])
        self.assertNotEqual(ports[0], ports[1])


class Errors(Served):
    """Problem details (RFC 9457) as exceptions."""

    def test_a_problem_keeps_the_sentences_of_the_command_line(self) -> None:
        text = "error: no environment `x` [environment-not-found]\n\nhint: see `terroir environment list`"
        self.server.on("GET", "/x", lambda e: e.answer(404, {
            "code": "environment-not-found", "title": "no environment `x`", "status": 404, "detail": text,
            "hints": ["see `terroir environment list`"]}))
        with self.assertRaises(terroir.NotFound) as raised:
            self.client.get("/x")
        error = raised.exception
        self.assertEqual(text, str(error))
        self.assertEqual(("environment-not-found", 404, ["see `terroir environment list`"]),
                         (error.code, error.status, error.hints))
        self.assertEqual(text, str(pickle.loads(pickle.dumps(error))))

    def test_each_status_has_its_kind(self) -> None:
        for status, kind in [(400, terroir.InvalidRequest), (401, terroir.Unauthorized), (403, terroir.Forbidden),
                             (404, terroir.NotFound), (409, terroir.Conflict), (422, terroir.InvalidRequest),
                             (500, terroir.ServerFailed), (502, terroir.Unavailable)]:
            self.server.on("POST", "/x", lambda e, status=status: e.answer(status, {"code": "c", "title": "t"}))
            with self.assertRaises(kind) as raised:
                self.client.post("/x", {})
            self.assertEqual(status, raised.exception.status)

    def test_what_is_no_json_is_said(self) -> None:
        self.server.on("GET", "/x", lambda e: e.raw(200, b"<html>"))
        with self.assertRaises(terroir.ServerFailed) as raised:
            self.client.get("/x")
        self.assertIn("<html>", str(raised.exception))

    def test_a_file_that_is_not_there_is_the_callers_mistake(self) -> None:
        begin = time.monotonic()
        with self.assertRaises(FileNotFoundError):
            self.client.upload("/x", self.folder / "none")
        self.assertLess(time.monotonic() - begin, 5)

    def test_no_server(self) -> None:
        self.server.close()
        with self.assertRaises(terroir.Unavailable) as raised:
            self.client.request("GET", "/x", patience=0.3)
        self.assertEqual("server-unreachable", raised.exception.code)
        self.assertIn(self.server.url, str(raised.exception))

    def test_proxies_are_not_for_this_machine(self) -> None:
        before = dict(os.environ)
        self.addCleanup(lambda: (os.environ.clear(), os.environ.update(before)))
        os.environ.update(https_proxy="http://me:word@proxy.example:8080", no_proxy="")
        self.assertIsNone(_proxy("127.0.0.1"))
        self.assertIsNone(_proxy("localhost"))
        self.assertEqual(("proxy.example", 8080, {"Proxy-Authorization": "Basic bWU6d29yZA=="}), _proxy("else.example"))


class Versions(Served):
    """Client and server of different ages."""

    def test_a_server_of_another_api_is_refused(self) -> None:
        self.server.on("GET", "", lambda e: e.answer(200, dict(ABOUT, version="9.0", api=["v8", "v9"])))
        with self.assertRaises(terroir.Incompatible) as raised:
            terroir.connect(endpoint=self.server.url, token="t")
        self.assertIn("Terroir 9.0, speaks v8, v9", str(raised.exception))
        self.assertIn("terroir==9.0", raised.exception.hints[0])

    def test_a_later_server_that_still_speaks_ours_will_do(self) -> None:
        self.server.on("GET", "", lambda e: e.answer(200, dict(ABOUT, api=["v1", "v2"], novelty={})))
        self.assertEqual("fake", terroir.connect(endpoint=self.server.url, token="t").about()["workspace"])

    def test_an_older_server_or_a_stranger_is_refused(self) -> None:
        for handler in [lambda e: e.answer(404, {}), lambda e: e.raw(200, b"<html>"), lambda e: e.answer(200, {"a": 1}),
                        lambda e: e.answer(200, [])]:
            self.server.on("GET", "", handler)
            with self.assertRaises(terroir.Incompatible) as raised:
                terroir.connect(endpoint=self.server.url, token="t")
            self.assertEqual("not-a-terroir-server", raised.exception.code)


class Files(Served):
    """Transfers."""

    def test_pages_follow_next(self) -> None:
        self.server.answers("GET", "/x", lambda e: e.answer(200, {"items": [{"n": 1}], "next": "a b"}),
                            lambda e: e.answer(200, {"items": [{"n": 2}]}))
        self.assertEqual([{"n": 1}, {"n": 2}], list(self.client.pages("/x", limit=1, tag=["a", "b"], all=True, no=None)))
        self.assertEqual(["/api/v1/x?limit=1&tag=a&tag=b&all=true", "/api/v1/x?limit=1&tag=a&tag=b&all=true&after=a+b"],
                         [one[1] for one in self.server.seen("/x")])

    def test_a_download_that_breaks_off_goes_on_where_it_was(self) -> None:
        data = os.urandom(300_000)

        def part(exchange: Exchange) -> None:
            at = int(exchange.headers.get("Range", "bytes=0-")[6:-1])
            exchange.raw(206 if at else 200, data[at:at + 100_000], {"ETag": '"1"'}, length=len(data) - at)
            exchange.cut()

        self.server.on("GET", "/f", part)
        target = self.client.download("/f", self.folder / "new" / "f")
        self.assertEqual(data, target.read_bytes())
        self.assertEqual([None, "bytes=100000-", "bytes=200000-"], [one[2].get("Range") for one in self.server.seen("/f")])
        self.assertEqual('"1"', self.server.seen("/f")[1][2]["If-Range"])
        self.assertEqual(["f"], os.listdir(str(self.folder / "new")))

    def test_a_file_that_changed_meanwhile_is_begun_anew(self) -> None:
        self.server.answers("GET", "/f", lambda e: (e.raw(200, b"old", {"ETag": '"1"'}, length=6), e.cut())[1],
                            lambda e: e.raw(200, b"new one", {"ETag": '"2"'}))
        self.assertEqual(b"new one", self.client.download("/f", self.folder / "f").read_bytes())

    def test_a_refused_download_leaves_nothing(self) -> None:
        with self.assertRaises(terroir.NotFound):
            self.client.download("/none", self.folder / "f")
        self.assertEqual([], os.listdir(str(self.folder)))

    def test_uploads_are_files_bytes_or_streams(self) -> None:
        self.server.on("PUT", "/f", lambda e: e.answer(201, {}))
        (self.folder / "f").write_bytes(b"file")
        for source in [self.folder / "f", str(self.folder / "f"), b"file", io.BytesIO(b"file")]:
            self.client.upload("/f", source)
        self.assertEqual([b"file"] * 4, [one[3] for one in self.server.seen("/f")])

    def test_an_upload_whose_answer_is_lost_is_sent_whole_again(self) -> None:
        self.server.answers("PUT", "/f", Exchange.cut, lambda e: e.answer(201, {}))
        self.client.upload("/f", io.BytesIO(b"x" * 100_000))
        self.assertEqual([100_000] * 2, [len(one[3]) for one in self.server.seen("/f")])


class Logs(Served):
    """Server-sent events (WHATWG HTML section 9.2)."""

    def stream(self, *parts: bytes) -> None:
        def handler(data: bytes):  # type: ignore[no-untyped-def]
            def send(exchange: Exchange) -> None:
                exchange.send_response(200)
                exchange.send_header("Content-Type", "text/event-stream")
                exchange.send_header("Connection", "close")
                exchange.end_headers()
                exchange.wfile.write(data)
                exchange.cut()
            return send
        self.server.answers("GET", "/log", *map(handler, parts))

    def test_a_log_that_breaks_off_goes_on_after_the_last_whole_line(self) -> None:
        self.stream(b"event: status\ndata: Running\n\nevent: line\nid: 4\ndata: one\n\nevent: line\nid: 8\ndata: tw",
                    b": \n\nevent: status\ndata: Running\n\nevent: line\nid: 8\ndata: two\n\n",
                    b"event: line\nid: 20\ndata: a\ndata: b\n\nevent: end\nid: 20\ndata: Completed\n\n")
        lines: List[str] = []
        statuses: List[str] = []
        self.assertEqual("Completed", self.client.stream_log("/log", lines.append, statuses.append))
        self.assertEqual(["one", "two", "a\nb"], lines)
        self.assertEqual(["Running", "Completed"], statuses)
        self.assertEqual(["0", "4", "8"], [one[2]["Last-Event-ID"] for one in self.server.seen("/log")])

    def test_what_the_caller_raises_ends_it(self) -> None:
        self.stream(b"event: line\nid: 4\ndata: one\n\n")

        def closed(line: str) -> None:
            raise BrokenPipeError("stdout")

        with self.assertRaises(BrokenPipeError):
            self.client.stream_log("/log", closed)
        self.assertEqual(1, len(self.server.seen("/log")))

    def test_a_server_that_stays_away_is_said(self) -> None:
        self.stream(b"")
        with self.assertRaises(terroir.Unavailable):
            self.client.stream_log("/log", print, patience=0.3)

    def test_a_failed_job_raises_its_own_error(self) -> None:
        self.server.on("GET", "/jobs/1/log", lambda e: e.raw(200, b"event: end\ndata: Failed\n\n"))
        self.server.on("GET", "/jobs/1", lambda e: e.answer(200, {"id": "1", "status": "Failed", "error": {
            "code": "no-matching-wheel", "title": "none", "status": 422}}))
        with self.assertRaises(terroir.InvalidRequest) as raised:
            self.client.wait_job({"id": "1"})
        self.assertEqual("no-matching-wheel", raised.exception.code)
