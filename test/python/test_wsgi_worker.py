"""The sync and gthread workers as processes: lanes, orders, signals, beats, and bad apps."""

from __future__ import annotations

import os
import signal
import struct
import tempfile
import textwrap
import time
import unittest
from typing import Any

from fake_arbiter import FakeArbiter, FakeLink
from test_green_worker import DRAIN, head
from tsgun_python import frames

APP = """
    import os, sys, threading, time
    from wsgiref.validate import validator

    def app(environ, start_response):
        name = environ["PATH_INFO"].strip("/") or "hello"
        if name in ("hello", "echo", "streams", "lines"):
            return validator(globals()[name])(environ, start_response)
        return globals()[name](environ, start_response)

    def hello(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

    def where(environ, start_response):
        start_response("200 OK", [])
        return [repr((threading.current_thread() is threading.main_thread(),
            environ["wsgi.multithread"], environ["wsgi.multiprocess"])).encode()]

    def echo(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))]

    def unread(environ, start_response):
        start_response("200 OK", [])
        return [b"unread"]

    def lines(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [repr([len(line) for line in environ["wsgi.input"]]).encode()]

    def streams(environ, start_response):
        write = start_response("200 OK", [("Content-Type", "text/plain")])
        write(b"0")
        return Parts()

    class Parts:
        def __iter__(self):
            yield b"1"
            yield b""
            yield b"2"
        def close(self):
            print("closed", file=sys.stderr, flush=True)

    def file(environ, start_response):
        start_response("200 OK", [])
        opened = open(__file__, "rb")
        opened.seek(5)
        return environ["wsgi.file_wrapper"](opened)

    def hints(environ, start_response):
        environ["wsgi.early_hints"]([("Link", "</a>")])
        return hello(environ, start_response)

    def sleeps(environ, start_response):
        time.sleep(float(environ["QUERY_STRING"]))
        return hello(environ, start_response)

    def endless(environ, start_response):
        start_response("200 OK", [])
        while True:
            yield b"x" * 10_000
            time.sleep(0.001)

    def raises(environ, start_response):
        raise ValueError("raised by the app")

    def leaves(environ, start_response):
        sys.exit(3)

    def raises_later(environ, start_response):
        start_response("200 OK", [])
        yield b"begun"
        raise ValueError("raised in the middle")

    def raises_in_close(environ, start_response):
        start_response("200 OK", [])
        return Unclosable()

    class Unclosable:
        def __iter__(self):
            return iter((b"all",))
        def close(self):
            raise ValueError("raised in close")

    def changes_its_mind(environ, start_response):
        start_response("200 OK", [("A", "1")])
        try:
            raise ValueError
        except ValueError:
            start_response("503 Busy", [("B", "2")], sys.exc_info())
        return [b"sorry"]

    def forks(environ, start_response):
        start_response("200 OK", [])
        return [b"child" if os.fork() == 0 else b"parent"]

    def status(text, headers=(), body=(b"body",)):
        def app(environ, start_response):
            start_response(text, list(headers))
            return list(body)
        return app

    split = status("200 OK", [("A", "1\\r\\nB: 2")])
    bad_name = status("200 OK", [("A B", "1")])
    bytes_header = status("200 OK", [(b"A", b"1")])
    no_header = status("200 OK", ["ab"])
    bad_status = status("fine")
    int_status = status(200)
    text_body = status("200 OK", [], ["text"])
    two_lengths = status("200 OK", [("Content-Length", "4"), ("content-length", "4")])
    too_long = status("200 OK", [("Content-Length", "2")])
    too_short = status("200 OK", [("Content-Length", "9")])
    hop_by_hop = status("200 OK", [("Connection", "close"), ("A", "1")])
    empty = status("204 No Content", [("Content-Length", "4")])
    bodiless = status("200 OK", [("Content-Length", "4")])
    latin = status("200 OK", [("A", "\\xe9")])

    def none(environ, start_response):
        start_response("200 OK", [])

    def no_start(environ, start_response):
        return [b"body"]

    def starts_twice(environ, start_response):
        start_response("200 OK", [])
        start_response("200 OK", [])
        return []
"""


class Case(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        with open(os.path.join(self.folder, "app.py"), "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(APP))

    def serving(self, threads: int = 1, **start: Any) -> tuple[FakeArbiter, FakeLink, list[FakeLink]]:
        """The worker, its main connection, and its lanes."""
        order = {"app": "app:app", "chdir": self.folder, "threads": threads, "loglevel": "info"}
        arbiter = FakeArbiter(**{**order, **start})
        arbiter.__enter__()
        self.addCleanup(arbiter.__exit__)
        links = [arbiter.accept() for _ in range(threads + 1)]
        self.assertEqual(arbiter.hear("ready")["kind"], "sync" if threads == 1 else "gthread")
        main = [link for link in links if link.hello["connection"] == "main"]
        self.assertEqual((len(main), main[0].hello["capacity"]), (1, 0))
        return arbiter, main[0], [link for link in links if link is not main[0]]

    def answer(self, lane: FakeLink, path: str, *more: str, stream: int = 1, **request: Any) -> bytes:
        lane.request(stream, head(path, *more), **request)
        return self.rest_of(lane, stream)

    def rest_of(self, lane: FakeLink, stream: int = 1) -> bytes:
        """Payloads of all frames to the end of the answer, without interim answers."""
        whole = b""
        while True:
            frame = lane.frame()
            self.assertEqual(frame.stream, stream)
            if frame.kind == frames.ABORT:
                return whole + b"(abort)"
            if frame.kind != frames.INFORM:
                whole += frame.payload
            if frame.flags & frames.END:
                return whole


class WsgiTest(Case):
    def test_answers(self) -> None:
        arbiter, _, [lane] = self.serving()
        more = ("SERVER_NAME", "a", "SERVER_PORT", "80")
        expected = {
            "/": b"200 OK\nContent-Type\ntext/plainhello",
            "/where": b"200 OK(True, False, True)",
            "/streams": b"200 OK\nContent-Type\ntext/plain012",
            "/changes_its_mind": b"503 Busy\nB\n2sorry",
            "/hop_by_hop": b"200 OK\nA\n1body",
            "/empty": b"204 No Content",
            "/latin": b"200 OK\nA\n\xe9body",
            "/raises_in_close": b"200 OKall",
            "/hints": b"200 OK\nContent-Type\ntext/plainhello",
            "/too_long": b"200 OK\nContent-Length\n2bo",
        }
        for stream, (path, answer) in enumerate(expected.items(), 1):
            with self.subTest(path=path):
                self.assertEqual(self.answer(lane, path, *more, stream=stream), answer)
        head_only = self.answer(lane, "/bodiless", "REQUEST_METHOD", "HEAD", *more)
        self.assertEqual(head_only, b"200 OK\nContent-Length\n4")
        self.assertIn("raised in close", arbiter.hear("log")["message"])

    def test_bad_apps(self) -> None:
        arbiter, _, [lane] = self.serving()
        bad = {
            "/raises": "raised by the app",
            "/leaves": "SystemExit: 3",
            "/split": "no header can be 'A'",
            "/bad_name": "no header can be 'A B'",
            "/bytes_header": "have to be str",
            "/no_header": "a name and a value",
            "/bad_status": "the status has to be a str",
            "/int_status": "the status has to be a str",
            "/text_body": "a body has to be bytes, not str",
            "/two_lengths": "Content-Length has to be one number",
            "/too_short": "5 bytes shorter than its Content-Length",
            "/none": "NoneType",
            "/no_start": "start_response was not called",
            "/starts_twice": "was called twice",
        }
        for stream, (path, why) in enumerate(bad.items(), 1):
            with self.subTest(path=path):
                answer = self.answer(lane, path, stream=stream)
                self.assertTrue(answer.startswith(b"500 Internal Server Error\n"), answer)
                logged = arbiter.hear("log")
                self.assertEqual(logged["level"], "error")
                self.assertIn(why, logged["message"])
        self.assertEqual(self.answer(lane, "/raises_later"), b"200 OKbegun(abort)")
        self.assertTrue(self.answer(lane, "/hello_", stream=2).startswith(b"500"))

    def test_bodies(self) -> None:
        _, _, [lane] = self.serving()
        more = ("SERVER_NAME", "a", "SERVER_PORT", "80", "CONTENT_LENGTH", "11")
        answer = self.answer(lane, "/echo", *more, body=b"all of this")
        self.assertTrue(answer.endswith(b"all of this"))
        lane.request(2, head("/lines", *more), flags=0)
        for part, flags in ((b"one\ntw", 0), (b"o\nthree", 0), (b"", frames.END)):
            lane.send(frames.BODY, 2, part, flags=flags)
        self.assertTrue(self.rest_of(lane, 2).endswith(b"[4, 4, 5]"))

    def test_body_that_nobody_reads(self) -> None:
        _, _, [lane] = self.serving()
        lane.request(1, head("/unread"), flags=0)
        lane.send(frames.BODY, 1, bytes(1000))
        self.assertEqual(self.rest_of(lane), b"200 OKunread")
        lane.send(frames.BODY, 1, bytes(1000), flags=frames.END)
        self.assertEqual(self.answer(lane, "/unread", stream=2), b"200 OKunread")

    def test_file(self) -> None:
        _, _, [lane] = self.serving()
        size = os.path.getsize(os.path.join(self.folder, "app.py")) - 5
        for stream, taken in ((1, 1), (2, 0)):
            lane.request(stream, head("/file"))
            self.assertIn(b"Content-Length\n%d" % size, lane.frame().payload)
            frame = lane.frame()
            self.assertEqual(struct.unpack("<QQ", frame.payload), (5, size))
            lane.send(frames.FILE_TAKEN, stream, code=taken)
        self.assertEqual(len(self.rest_of(lane, 2)), size)

    def test_client_leaves(self) -> None:
        arbiter, _, [lane] = self.serving()
        lane.request(1, head("/endless"))
        lane.frame()
        lane.close()
        lane = arbiter.accept()
        self.assertEqual(self.answer(lane, "/where"), b"200 OK(True, False, True)")
        self.assertEqual([one for one in arbiter.told if one["type"] == "log"], [])

    def test_fork_in_the_app(self) -> None:
        _, _, [lane] = self.serving()
        for stream in range(1, 6):
            self.assertEqual(self.answer(lane, "/forks", stream=stream), b"200 OKparent")


class OrderTest(Case):
    def test_drains(self) -> None:
        for threads in (1, 3):
            arbiter, main, lanes = self.serving(threads)
            lanes[0].request(1, head("/sleeps?0.3"))
            arbiter.send(DRAIN)
            self.assertEqual(main.frame().kind, frames.REST)
            self.rest_of(lanes[0])
            main.send(frames.IDLE)
            arbiter.hear("drained")
            self.assertEqual(arbiter.exit_code(), 0)
            beats = [one for one in arbiter.told if one["type"] == "beat"]
            self.assertEqual((beats[-1]["requests"], beats[-1]["inFlight"]), (1, 0))

    def test_threads_serve_at_once(self) -> None:
        _, _, lanes = self.serving(3)
        since = time.monotonic()
        for lane in lanes:
            lane.request(1, head("/sleeps?0.3"))
        for lane in lanes:
            self.rest_of(lane)
        self.assertLess(time.monotonic() - since, 0.8)
        self.assertEqual(self.answer(lanes[0], "/where"), b"200 OK(False, True, True)")

    def test_parks_and_comes_back(self) -> None:
        arbiter, main, _ = self.serving()
        arbiter.send({"type": "park", "linger": "brief", "graceMs": 1000})
        self.assertEqual(main.frame(frames.REST).code, 1)
        main.send(frames.IDLE)
        arbiter.hear("parked")
        arbiter.send({"type": "unpark"})
        self.assertEqual(main.frame(frames.REST).code, 0)
        arbiter.hear("unparked")

    def test_gateway_dies(self) -> None:
        arbiter, main, lanes = self.serving(2)
        for link in (main, *lanes):
            link.close()
        links = [arbiter.accept() for _ in range(3)]
        lane = next(link for link in links if link.hello["connection"] == "lane")
        self.assertEqual(self.answer(lane, "/where"), b"200 OK(False, True, True)")

    def test_signals_also_while_the_app_works(self) -> None:
        for number, word in ((signal.SIGTERM, "leaving"), (signal.SIGINT, "drained")):
            arbiter, _, [lane] = self.serving()
            lane.request(1, head("/sleeps?60"))
            time.sleep(0.1)
            arbiter.process.send_signal(number)
            arbiter.hear(word)

    def test_time_is_over(self) -> None:
        arbiter, _, [lane] = self.serving()
        lane.request(1, head("/sleeps?60"))
        arbiter.send({**DRAIN, "graceMs": 200})
        arbiter.hear("drained")
        self.assertEqual(arbiter.exit_code(), 0)

    def test_no_beat_while_all_threads_are_stuck(self) -> None:
        arbiter, _, lanes = self.serving(2)
        lanes[0].request(1, head("/sleeps?60"))
        time.sleep(0.2)
        arbiter.hear("beat")
        lanes[1].request(1, head("/sleeps?60"))
        time.sleep(0.3)
        arbiter.send({"type": "report", "id": 1})
        arbiter.hear("requests")
        time.sleep(0.4)
        arbiter.send({"type": "report", "id": 2})
        before = len(arbiter.told)
        arbiter.hear("requests")
        self.assertEqual([one["type"] for one in arbiter.told[before:]], ["requests"])

    def test_beats_when_it_has_served_enough(self) -> None:
        arbiter, _, [lane] = self.serving(requestLimit=2, beatIntervalMs=60_000)
        for stream in (1, 2):
            self.answer(lane, "/where", stream=stream)
        while arbiter.hear("beat")["requests"] < 2:
            pass

    def test_arbiter_that_dies(self) -> None:
        arbiter, _, [lane] = self.serving()
        lane.request(1, head("/sleeps?60"))
        arbiter._socket.close()
        self.assertEqual(arbiter.exit_code(), 0)


if __name__ == "__main__":
    unittest.main()
