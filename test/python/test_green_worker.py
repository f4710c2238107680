"""The gevent and eventlet workers as processes: requests, bodies, credit, files, orders."""

from __future__ import annotations

import importlib.util
import os
import signal
import struct
import tempfile
import textwrap
import unittest
from typing import Any

from fake_arbiter import FakeArbiter, FakeLink
from tsgun_python import frames

APP = """
    import io, os, socket, sys, threading, time

    PEERS = set()

    def app(environ, start_response):
        return globals()[environ["PATH_INFO"].strip("/") or "hello"](environ, start_response)

    def hello(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

    def patched(environ, start_response):
        start_response("200 OK", [])
        return [f"{socket.socket.__module__} {threading.Event.__module__}".encode()]

    def meets(environ, start_response):
        PEERS.add(environ["QUERY_STRING"])
        while len(PEERS) < 3:
            time.sleep(0.01)
        start_response("200 OK", [])
        return [b"met"]

    def echo(environ, start_response):
        start_response("200 OK", [])
        return [environ["wsgi.input"].read()]

    def lines(environ, start_response):
        start_response("200 OK", [])
        return [repr([len(line) for line in environ["wsgi.input"]]).encode()]

    def big(environ, start_response):
        start_response("200 OK", [])
        for _ in range(10):
            yield b"x" * 100_000

    def long(environ, start_response):
        start_response("200 OK", [])
        return [b"y" * 1_000_000]

    def file(environ, start_response):
        start_response("200 OK", [])
        opened = open(__file__, "rb")
        opened.seek(5)
        return environ["wsgi.file_wrapper"](opened)

    def raises(environ, start_response):
        raise ValueError("raised by the app")

    def raises_later(environ, start_response):
        start_response("200 OK", [])
        yield b"begun"
        raise ValueError("raised in the middle")

    def bad(environ, start_response):
        start_response("200 OK", [("X-A", "1\\r\\nX-Split: 2")])
        return [b"no"]

    def waits(environ, start_response):
        wait_in_here()

    def wait_in_here():
        time.sleep(60)

    def environ_of(environ, start_response):
        start_response("200 OK", [])
        return [repr((environ["wsgi.multithread"], environ["PATH_INFO"], environ["CONTENT_LENGTH"])).encode()]
"""

DRAIN = {"type": "drain", "emptyBacklog": False, "linger": "brief", "graceMs": 5000}


def head(path: str, *more: str) -> list[str]:
    path, _, query = path.partition("?")
    return [
        *("REQUEST_METHOD", "GET", "RAW_URI", path, "QUERY_STRING", query, "PATH_INFO", path),
        *("SERVER_PROTOCOL", "HTTP/1.1", "wsgi.url_scheme", "http", *more),
    ]


class GreenCase:
    """The same for both libraries."""

    worker_class = ""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)  # type: ignore[attr-defined]
        self.folder = folder.name
        with open(os.path.join(self.folder, "app.py"), "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(APP))

    def worker(self, **start: Any) -> FakeArbiter:
        order = {"app": "app:app", "chdir": self.folder, "workerClass": self.worker_class, **start}
        arbiter = FakeArbiter(**order)
        arbiter.__enter__()
        self.addCleanup(arbiter.__exit__)  # type: ignore[attr-defined]
        return arbiter

    def serving(self, **start: Any) -> tuple[FakeArbiter, FakeLink]:
        arbiter = self.worker(**start)
        link = arbiter.accept()
        self.assertEqual(arbiter.hear("ready")["kind"], self.worker_class)
        return arbiter, link

    def body_of(self, link: FakeLink, stream: int) -> bytes:
        frame = link.frame()
        self.assertEqual((frame.kind, frame.stream), (frames.RESPONSE, stream))
        body = frame.payload[frame.code :]
        while not frame.flags & frames.END:
            frame = link.frame()
            body += frame.payload
        return body

    def test_serves_and_leaves(self) -> None:
        arbiter, link = self.serving(loglevel="info")
        self.assertEqual((link.hello["interface"], link.hello["capacity"]), ("wsgi", 10))
        link.request(1, head("/"))
        self.assertEqual(link.frame().payload, b"200 OK\nContent-Type\ntext/plainhello")
        arbiter.send(DRAIN)
        self.assertEqual(link.frame().kind, frames.REST)
        link.send(frames.IDLE)
        arbiter.hear("drained")
        self.assertEqual(arbiter.exit_code(), 0)
        beats = [one for one in arbiter.told if one["type"] == "beat"]
        self.assertEqual((beats[-1]["requests"], beats[-1]["inFlight"]), (1, 0))
        self.assertEqual([one for one in arbiter.told if one["type"] == "log"], [])

    def test_app_finds_a_green_library(self) -> None:
        _, link = self.serving()
        link.request(1, head("/patched"))
        self.assertIn(self.worker_class.encode(), self.body_of(link, 1))

    def test_many_at_once(self) -> None:
        _, link = self.serving()
        for stream in (1, 2, 3):
            link.request(stream, head(f"/meets?{stream}"))
        self.assertEqual({link.frame().stream for _ in range(3)}, {1, 2, 3})

    def test_never_more_than_its_capacity(self) -> None:
        _, link = self.serving(workerConnections=2)
        for stream in (1, 2, 3):
            link.request(stream, head("/waits"))
        frame = link.frame()
        self.assertEqual((frame.kind, frame.stream), (frames.REJECT, 3))

    def test_environ(self) -> None:
        _, link = self.serving()
        link.request(1, head("/environ%5fof", "CONTENT_LENGTH", "0"))
        self.assertEqual(self.body_of(link, 1), b"(True, '/environ_of', '0')")

    def test_bodies(self) -> None:
        _, link = self.serving()
        link.request(1, head("/echo"), body=b"all of it")
        self.assertEqual(self.body_of(link, 1), b"all of it")
        link.request(2, head("/lines"), flags=0)
        for part, flags in ((b"one\ntw", 0), (b"o\nthree", 0), (b"", frames.END)):
            link.send(frames.BODY, 2, part, flags=flags)
        self.assertEqual(self.body_of(link, 2), b"[4, 4, 5]")

    def test_credit_for_what_the_app_reads(self) -> None:
        _, link = self.serving()
        link.request(1, head("/echo"), flags=0)
        link.send(frames.BODY, 1, bytes(200_000))
        frame = link.frame(frames.CREDIT)
        self.assertGreaterEqual(frame.code, 64 * 1024)
        link.send(frames.BODY, 1, bytes(50_000), flags=frames.END)
        self.assertEqual(len(self.body_of(link, 1)), 250_000)

    def test_answers_wait_for_credit(self) -> None:
        _, link = self.serving()
        for stream, path, size in ((1, "/big", 1_000_000), (2, "/long", 1_000_000)):
            link.request(stream, head(path))
            got, frame = 0, None
            while got < frames.INITIAL_CREDIT:
                frame = link.frame()
                got += len(frame.payload) - (frame.code if frame.kind == frames.RESPONSE else 0)
            self.assertEqual(got, frames.INITIAL_CREDIT)
            link.send(frames.CREDIT, stream, code=1_000_000)
            while frame and not frame.flags & frames.END:
                frame = link.frame()
                got += len(frame.payload)
            self.assertEqual(got, size)

    def test_file(self) -> None:
        _, link = self.serving()
        size = os.path.getsize(os.path.join(self.folder, "app.py")) - 5
        for taken in (1, 0):
            link.request(3 - taken, head("/file"))
            response = link.frame()
            self.assertIn(b"Content-Length\n%d" % size, response.payload)
            frame = link.frame()
            self.assertEqual(frame.kind, frames.FILE)
            self.assertEqual(struct.unpack("<QQ", frame.payload), (5, size))
            link.send(frames.FILE_TAKEN, 3 - taken, code=taken)
        got = b""
        while not frame.flags & frames.END:
            frame = link.frame(frames.DATA)
            got += frame.payload
        self.assertEqual(len(got), size)

    def test_failures_harm_nobody_else(self) -> None:
        arbiter, link = self.serving()
        for stream, path in ((1, "/raises"), (2, "/bad"), (3, "/nowhere")):
            link.request(stream, head(path))
            self.assertEqual(link.frame().payload[:3], b"500")
        self.assertIn("raised by the app", arbiter.hear("log")["message"])
        link.request(4, head("/raises_later"))
        self.assertEqual([link.frame().kind for _ in range(2)], [frames.RESPONSE, frames.ABORT])
        link.request(5, head("/"))
        self.assertEqual(self.body_of(link, 5), b"hello")

    def test_client_leaves(self) -> None:
        arbiter, link = self.serving(loglevel="info")
        link.request(1, head("/big"))
        for _ in range(2):
            link.frame()
        link.send(frames.CANCEL, 1, code=1)
        self.assertEqual(link.frame(frames.ABORT).stream, 1)
        levels = [one["level"] for one in arbiter.told if one["type"] == "log"]
        self.assertNotIn("error", levels)

    def test_out_of_time(self) -> None:
        arbiter, link = self.serving()
        link.request(1, head("/waits"))
        link.request(2, head("/"))
        link.frame()
        link.send(frames.CANCEL, 1, code=2)
        self.assertEqual(link.frame().kind, frames.ABORT)
        self.assertIn("wait_in_here", arbiter.hear("log")["message"])

    def test_gateway_dies(self) -> None:
        arbiter, link = self.serving()
        link.request(1, head("/big"))
        link.frame()
        link.close()
        link = arbiter.accept()
        link.request(1, head("/"))
        self.assertEqual(self.body_of(link, 1), b"hello")

    def test_parks_and_comes_back(self) -> None:
        arbiter, link = self.serving()
        arbiter.send({"type": "park", "linger": "brief", "graceMs": 1000})
        self.assertEqual(link.frame(frames.REST).code, 1)
        link.send(frames.IDLE)
        arbiter.hear("parked")
        arbiter.send({"type": "unpark"})
        self.assertEqual(link.frame(frames.REST).code, 0)
        arbiter.hear("unparked")

    def test_signals(self) -> None:
        arbiter, link = self.serving()
        arbiter.process.send_signal(signal.SIGTERM)
        arbiter.hear("leaving")
        link.request(1, head("/waits"))
        arbiter.process.send_signal(signal.SIGINT)
        arbiter.hear("drained")
        self.assertEqual(arbiter.exit_code(), 0)

    def test_time_is_over_and_arbiter_dies(self) -> None:
        arbiter, link = self.serving()
        link.request(1, head("/waits"))
        arbiter.send({**DRAIN, "graceMs": 200})
        arbiter.hear("drained")
        arbiter, _ = self.serving()
        arbiter._socket.close()
        self.assertEqual(arbiter.exit_code(), 0)


def needs(name: str) -> Any:
    """Both are Debian packages; CI has them."""
    missing = importlib.util.find_spec(name) is None and not os.environ.get("TSGUN_NO_SKIP")
    return unittest.skipIf(missing, f"the Python package {name} is not installed")


@needs("gevent")
class GeventTest(GreenCase, unittest.TestCase):
    worker_class = "gevent"


@needs("eventlet")
class EventletTest(GreenCase, unittest.TestCase):
    worker_class = "eventlet"


class MissingTest(unittest.TestCase):
    def test_what_is_missing_is_named(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for name in ("gevent", "eventlet"):
                with open(os.path.join(folder, f"{name}.py"), "w", encoding="utf-8") as file:
                    file.write("raise ImportError('not here')")
                os.environ["PYTHONPATH"] = folder
                self.addCleanup(os.environ.pop, "PYTHONPATH", None)
                with FakeArbiter(workerClass=name) as arbiter:
                    failed = arbiter.hear("failed")
                self.assertEqual(failed["kind"], "boot")
                self.assertIn(f"worker_class {name} needs the package {name}", failed["message"])


if __name__ == "__main__":
    unittest.main()
