"""One call of a WSGI app, with a test in the place of the connection."""

from __future__ import annotations

import gc
import gzip
import io
import os
import struct
import sys
import tempfile
import unittest
import weakref
from typing import Any, Callable, Iterator
from wsgiref.validate import validator

from fake_gateway import Frame
from tsgun_python import frames
from tsgun_python.error_page import ERROR_PAGE
from tsgun_python.frames import HEADER, MAGIC
from tsgun_python.wsgi_call import WsgiCall
from tsgun_python.wsgi_environ import base_environ, make_environ

START = {"software": "tsgun/1.2.3", "wsgi": {"multiprocess": True}}
PLAIN = [("Content-Type", "text/plain")]


class FakeTransport:
    """Keeps the frames. The client leaves after `patience` of them."""

    def __init__(self, patience: int, takes_files: bool) -> None:
        self.gone = False
        self.frames: list[Frame] = []
        self._patience = patience
        self._takes_files = takes_files

    def send(self, data: bytes) -> None:
        if len(self.frames) >= self._patience:
            self.gone = True
            raise BrokenPipeError
        magic, kind, flags, stream, length, code = HEADER.unpack_from(data)
        assert (magic, stream, length) == (MAGIC, 7, len(data) - HEADER.size)
        self.frames.append(Frame(kind, flags, stream, code, data[HEADER.size :]))

    def wait_for_file(self) -> bool:
        return self._takes_files


class Outcome:
    """What has become of a call."""

    def __init__(self, app: Any, method: str = "GET", patience: int = 10_000, **more: Any) -> None:
        transport = FakeTransport(patience, more.get("takes_files", True))
        head = f"REQUEST_METHOD\n{method}\nPATH_INFO\n/path\nwsgi.url_scheme\nhttp"
        self.environ = make_environ(base_environ(START, False), head.encode())
        self.environ["wsgi.input"] = io.BytesIO()
        self.logged: list[tuple[str, str]] = []
        log = lambda level, text: self.logged.append((level, text))  # noqa: E731
        WsgiCall(self.environ, transport, 7, log).run(app, more.get("sendfile", True))
        self.frames = transport.frames

    @property
    def kinds(self) -> list[int]:
        return [frame.kind for frame in self.frames]

    @property
    def is_complete(self) -> bool:
        return [frame.flags for frame in self.frames[:-1]].count(frames.END) == 0 and (
            self.frames[-1].flags == frames.END
        )

    @property
    def head(self) -> list[str]:
        first = next(frame for frame in self.frames if frame.kind == frames.RESPONSE)
        return first.payload[: first.code].decode("latin-1").split("\n")

    @property
    def body(self) -> bytes:
        parts = (frame for frame in self.frames if frame.kind in (frames.RESPONSE, frames.DATA))
        return b"".join(f.payload[f.code if f.kind == frames.RESPONSE else 0 :] for f in parts)


def answering(chunks: Any, headers: Any = PLAIN, status: Any = "200 OK") -> Callable[..., Any]:
    def app(_environ: Any, start_response: Any) -> Any:
        start_response(status, headers)
        return chunks

    return app


class Closing:
    """An iterable that notes its end."""

    def __init__(self, *chunks: Any) -> None:
        self.closed = 0
        self.taken = 0
        self._chunks = chunks

    def __iter__(self) -> Iterator[Any]:
        for chunk in self._chunks:
            self.taken += 1
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    def close(self) -> None:
        self.closed += 1


class Answers(unittest.TestCase):
    def test_a_small_answer_is_one_frame(self) -> None:
        for chunks in ([b"hello"], (b"hel", b"lo"), [b"", b"hello"], [bytearray(b"hel"), b"lo"]):
            with self.subTest(chunks):
                outcome = Outcome(answering(chunks))
                self.assertEqual(outcome.kinds, [frames.RESPONSE])
                self.assertTrue(outcome.is_complete)
                self.assertEqual(outcome.body, b"hello")
                self.assertEqual(outcome.head, ["200 OK", "Content-Type", "text/plain"])

    def test_an_answer_without_a_body(self) -> None:
        for chunks in ([], [b""], iter(()), Closing(b"", b"")):
            with self.subTest(chunks):
                outcome = Outcome(answering(chunks))
                self.assertEqual((outcome.kinds, outcome.body), ([frames.RESPONSE], b""))
                self.assertTrue(outcome.is_complete)

    def test_each_chunk_leaves_at_once(self) -> None:
        seen: list[int] = []

        def app(_: Any, start_response: Any) -> Iterator[bytes]:
            start_response("200 OK", PLAIN)
            for chunk in (b"", b"one", b"", b"two"):
                yield chunk
                seen.append(len(outcome_frames()))

        calls: list[Any] = []
        outcome_frames = lambda: calls[0].frames  # noqa: E731
        original = FakeTransport.__init__

        def spy(transport: Any, *args: Any) -> None:
            original(transport, *args)
            calls.append(transport)

        FakeTransport.__init__ = spy  # type: ignore[method-assign]
        self.addCleanup(setattr, FakeTransport, "__init__", original)
        outcome = Outcome(app)
        # Nothing for the empty ones; the head waits for the first that is not.
        self.assertEqual(seen, [0, 1, 1, 2])
        self.assertEqual(outcome.kinds, [frames.RESPONSE, frames.DATA, frames.DATA])
        self.assertEqual(outcome.body, b"onetwo")

    def test_a_length_that_is_there_ends_the_answer(self) -> None:
        outcome = Outcome(answering(Closing(b"hello"), [("Content-Length", "5")]))
        self.assertEqual(outcome.kinds, [frames.RESPONSE])
        self.assertTrue(outcome.is_complete)

    def test_long_chunks_are_several_frames(self) -> None:
        body = os.urandom(1_000_000)
        for headers in (PLAIN, [("Content-Length", str(len(body)))]):
            for chunks in ([body], iter([body])):
                outcome = Outcome(answering(chunks, headers))
                self.assertEqual(outcome.body, body)
                self.assertTrue(outcome.is_complete)
                longest = max(len(frame.payload) for frame in outcome.frames)
                self.assertLessEqual(longest, frames.MOST_BODY_BYTES)

    def test_no_body_where_there_can_be_none(self) -> None:
        for method, status in (("HEAD", "200 OK"), ("GET", "204 Gone"), ("GET", "304 Same")):
            for chunks in ([b"body"], Closing(b"bo", b"dy")):
                with self.subTest(method=method, status=status):
                    headers = [("Content-Length", "4")]
                    outcome = Outcome(answering(chunks, headers, status), method)
                    self.assertEqual((outcome.body, outcome.logged), (b"", []))
                    self.assertTrue(outcome.is_complete)

    def test_head_keeps_its_length(self) -> None:
        outcome = Outcome(answering([], [("Content-Length", "42")]), "HEAD")
        self.assertEqual(outcome.head, ["200 OK", "Content-Length", "42"])

    def test_hop_by_hop_fields_are_dropped(self) -> None:
        dropped = [("Connection", "close"), ("transfer-Encoding", "chunked"), ("Upgrade", "x")]
        cookies = [("Set-Cookie", "a"), ("set-cookie", "b")]
        outcome = Outcome(answering([b"x"], [*dropped, *PLAIN, *cookies]))
        expected = ["200 OK", "Content-Type", "text/plain", "Set-Cookie", "a", "set-cookie", "b"]
        self.assertEqual(outcome.head, expected)

    def test_a_status_without_a_reason(self) -> None:
        self.assertEqual(Outcome(answering([b"x"], [], "299")).head, ["299 "])

    def test_write(self) -> None:
        def app(_: Any, start_response: Any) -> list[bytes]:
            write = start_response("200 OK", PLAIN)
            write(b"one ")
            write(b"")
            write(b"two ")
            return [b"three"]

        outcome = Outcome(app)
        self.assertEqual(outcome.body, b"one two three")
        self.assertEqual(len(outcome.frames), 4)
        self.assertTrue(outcome.is_complete)

    def test_leaves_nothing_for_the_collector(self) -> None:
        bodies: list[Any] = []

        def app(environ: Any, start_response: Any) -> list[bytes]:
            environ["body"] = Closing()
            bodies.append(weakref.ref(environ["body"]))
            start_response("200 OK", PLAIN)
            return [b"x"]

        gc.disable()
        self.addCleanup(gc.enable)
        Outcome(app)
        self.assertIsNone(bodies[0]())

    def test_early_hints(self) -> None:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            environ["wsgi.early_hints"]([("Link", "</a.css>; rel=preload")])
            start_response("200 OK", PLAIN)
            return [b"x"]

        outcome = Outcome(app)
        self.assertEqual(outcome.kinds, [frames.INFORM, frames.RESPONSE])
        hint = outcome.frames[0]
        self.assertEqual(hint.payload, b"103 Early Hints\nLink\n</a.css>; rel=preload")
        self.assertEqual(hint.code, len(hint.payload))


class Errors(unittest.TestCase):
    def refused(self, app: Any, why: str) -> Outcome:
        """500, and a reason in the log."""
        outcome = Outcome(app)
        self.assertEqual(outcome.head[0], "500 Internal Server Error")
        self.assertEqual((outcome.kinds, outcome.body), ([frames.RESPONSE], ERROR_PAGE))
        self.assertTrue(outcome.is_complete)
        ((level, text),) = outcome.logged
        self.assertEqual(level, "error")
        self.assertIn("GET /path", text)
        self.assertIn(why, text)
        self.assertNotIn("tsgun_python/", text)
        return outcome

    def test_an_exception_is_a_500_with_the_traceback_of_the_app(self) -> None:
        def app(*_: Any) -> None:
            raise ValueError("the app is sad")

        outcome = self.refused(app, "ValueError: the app is sad")
        self.assertIn('raise ValueError("the app is sad")', outcome.logged[0][1])

    def test_an_exception_before_the_first_chunk(self) -> None:
        chunks = Closing(b"", ValueError("sad"))
        self.refused(answering(chunks), "ValueError: sad")
        self.assertEqual(chunks.closed, 1)

    def test_an_exception_after_it_breaks_off(self) -> None:
        chunks = Closing(b"begun", ValueError("sad"))
        outcome = Outcome(answering(chunks))
        self.assertEqual(outcome.kinds, [frames.RESPONSE, frames.ABORT])
        self.assertIn("ValueError: sad", outcome.logged[0][1])
        self.assertEqual(chunks.closed, 1)

    def test_an_exception_after_the_whole_answer_harms_nothing(self) -> None:
        chunks = Closing(b"hello", ValueError("too late"))
        outcome = Outcome(answering(chunks, [("Content-Length", "5")]))
        self.assertEqual(outcome.kinds, [frames.RESPONSE])
        self.assertTrue(outcome.is_complete)
        self.assertIn("too late", outcome.logged[0][1])

    def test_leaving_is_an_exception_as_others(self) -> None:
        def app(*_: Any) -> None:
            sys.exit(3)

        self.refused(app, "SystemExit: 3")

    def test_what_is_no_answer(self) -> None:
        never = lambda *_: [b"x"]  # noqa: E731
        for name, app, why in (
            ("None", answering(None), "returned NoneType"),
            ("a number", answering(7), "returned int"),
            ("text", answering("text"), "returned str"),
            ("bytes", answering(b"bytes"), "returned bytes"),
            ("a list of text", answering(["text"]), "not str"),
            ("one text among bytes", answering([b"a", "b"]), "not str"),
            ("an iterator of None", answering(iter([None])), "not NoneType"),
            ("no start_response", never, "start_response was not called"),
            ("an iterator without it", lambda *_: iter([b"x"]), "start_response was not called"),
            ("nothing without it", lambda *_: iter(()), "start_response was not called"),
            ("a number as status", answering([], [], 200), "200"),
            ("a word as status", answering([], [], "OK"), "OK"),
            ("bytes as status", answering([], [], b"200 OK"), "status"),
            ("a status that splits", answering([], [], "200 OK\r\nX: y"), "status"),
            ("an interim status", answering([], [], "103 Early"), "103"),
            ("a tuple of headers", answering([], (("A", "b"),)), "list"),
            ("a name with a space", answering([], [("A b", "c")]), "A b"),
            ("an empty name", answering([], [("", "c")]), "''"),
            ("a value that splits", answering([], [("A", "b\r\nC: d")]), "A"),
            ("a value with a line feed", answering([], [("A", "b\nC\nd")]), "A"),
            ("a name with a line feed", answering([], [("A\nb", "c")]), "A"),
            ("a value that ends a line", answering([], [("A", "b\n")]), "A"),
            ("a value with NUL", answering([], [("A", "\0")]), "A"),
            ("a value beyond latin-1", answering([], [("A", "\u20ac")]), "A"),
            ("a value that is bytes", answering([], [("A", b"b")]), "str"),
            ("a value that is a number", answering([], [("A", 1)]), "str"),
            ("no pair", answering([], ["header"]), "header"),
            ("two lengths", answering([], [("Content-Length", "1")] * 2), "Length"),
            ("no number", answering([], [("Content-Length", "-1")]), "-1"),
        ):
            with self.subTest(name):
                self.refused(app, why)

    def test_a_known_head_does_not_hide_a_line_feed(self) -> None:
        Outcome(answering([], [("A", "1"), ("B", "2")]))
        self.refused(answering([], [("A", "1\nB\n2")]), "A")

    def test_starting_twice(self) -> None:
        def app(_: Any, start_response: Any) -> list[bytes]:
            start_response("200 OK", [])
            start_response("200 OK", [])
            return [b"x"]

        self.refused(app, "twice")

    def test_starting_again_with_exc_info(self) -> None:
        def app(_: Any, start_response: Any) -> list[bytes]:
            start_response("200 OK", PLAIN)
            try:
                raise ValueError("sad")
            except ValueError:
                start_response("503 Sorry", [], sys.exc_info())
            return [b"sorry"]

        outcome = Outcome(app)
        self.assertEqual((outcome.head, outcome.body), (["503 Sorry"], b"sorry"))
        self.assertEqual(outcome.logged, [])

    def test_starting_again_too_late(self) -> None:
        def app(_: Any, start_response: Any) -> Iterator[bytes]:
            start_response("200 OK", PLAIN)
            yield b"begun"
            try:
                raise ValueError("sad")
            except ValueError:
                start_response("500 Sorry", [], sys.exc_info())
            yield b"never"

        outcome = Outcome(app)
        self.assertEqual((outcome.kinds[-1], outcome.body), (frames.ABORT, b"begun"))
        self.assertIn("ValueError: sad", outcome.logged[0][1])

    def test_more_than_its_length(self) -> None:
        headers = [("Content-Length", "4")]
        for chunks in ([b"too long"], Closing(b"too long"), Closing(b"too ", b"long")):
            with self.subTest(chunks):
                outcome = Outcome(answering(chunks, headers))
                self.assertEqual(outcome.body, b"too ")
                self.assertTrue(outcome.is_complete)
                self.assertEqual([level for level, _ in outcome.logged], ["warning"])

    def test_an_endless_surplus_is_not_waited_for(self) -> None:
        chunks = Closing(*[b"more"] * 1000)
        outcome = Outcome(answering(chunks, [("Content-Length", "4")]))
        self.assertEqual((chunks.taken, chunks.closed), (2, 1))
        self.assertTrue(outcome.is_complete)

    def test_less_than_its_length(self) -> None:
        headers = [("Content-Length", "9")]
        self.refused(answering([b"four"], headers), "5 bytes shorter")
        outcome = Outcome(answering(Closing(b"four"), headers))
        self.assertEqual(outcome.kinds, [frames.RESPONSE, frames.ABORT])
        self.assertIn("5 bytes shorter", outcome.logged[0][1])

    def test_a_client_that_leaves(self) -> None:
        chunks = Closing(b"one", b"two", b"three", b"four")
        outcome = Outcome(answering(chunks), patience=2)
        self.assertEqual((chunks.taken, chunks.closed), (3, 1))
        self.assertEqual(outcome.logged, [("debug", "GET /path: the client has left")])

    def test_a_connection_of_the_app_that_breaks(self) -> None:
        def app(*_: Any) -> None:
            raise ConnectionResetError("the database has left")

        self.refused(app, "the database has left")

    def test_an_error_in_close(self) -> None:
        class Bad(Closing):
            def close(self) -> None:
                raise ValueError("sad")

        outcome = Outcome(answering(Bad(b"hello")))
        self.assertEqual(outcome.body, b"hello")
        self.assertEqual(outcome.kinds, [frames.RESPONSE, frames.DATA])
        self.assertIn("ValueError: sad", outcome.logged[0][1])


class Files(unittest.TestCase):
    def setUp(self) -> None:
        self.file = tempfile.TemporaryFile()
        self.file.write(b"0123456789")
        self.file.seek(0)
        self.addCleanup(self.file.close)

    def send(self, filelike: Any, headers: Any = PLAIN, **more: Any) -> Outcome:
        def app(environ: Any, start_response: Any) -> Any:
            start_response("200 OK", list(headers))
            return environ["wsgi.file_wrapper"](filelike, 4)

        return Outcome(app, **more)

    def test_goes_without_us(self) -> None:
        descriptor = self.file.fileno()
        outcome = self.send(self.file)
        self.assertEqual(outcome.kinds, [frames.RESPONSE, frames.FILE])
        offer = outcome.frames[1]
        self.assertEqual((offer.code, offer.payload), (descriptor, struct.pack("<QQ", 0, 10)))
        self.assertEqual(outcome.head[3:], ["Content-Length", "10"])
        self.assertTrue(self.file.closed)

    def test_from_where_the_app_has_read_to(self) -> None:
        self.file.read(3)
        self.assertEqual(self.send(self.file).frames[1].payload, struct.pack("<QQ", 3, 7))

    def test_as_long_as_was_said(self) -> None:
        outcome = self.send(self.file, [("Content-Length", "4")])
        self.assertEqual(outcome.frames[1].payload, struct.pack("<QQ", 0, 4))

    def test_named_temporary_files_are_files(self) -> None:
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"hello")
            file.seek(0)
            self.assertEqual(self.send(file).kinds, [frames.RESPONSE, frames.FILE])

    def test_what_the_gateway_cannot_have_goes_as_bytes(self) -> None:
        outcome = self.send(self.file, takes_files=False)
        self.assertEqual(outcome.body, b"0123456789")
        self.assertTrue(outcome.frames[-1].flags & frames.END)

    def test_when_sendfile_is_off(self) -> None:
        outcome = self.send(self.file, sendfile=False)
        self.assertEqual(outcome.body, b"0123456789")
        self.assertNotIn(frames.FILE, outcome.kinds)

    def test_what_is_no_file(self) -> None:
        outcome = self.send(io.BytesIO(b"0123456789"))
        self.assertEqual(outcome.body, b"0123456789")

    def test_a_compressed_file_is_not_what_is_on_the_disk(self) -> None:
        with tempfile.NamedTemporaryFile(suffix=".gz") as file:
            with gzip.open(file.name, "wb") as packed:
                packed.write(b"0123456789")
            self.assertEqual(self.send(gzip.open(file.name)).body, b"0123456789")

    def test_a_pipe(self) -> None:
        read, write = os.pipe()
        os.write(write, b"0123456789")
        os.close(write)
        self.assertEqual(self.send(os.fdopen(read, "rb")).body, b"0123456789")

    def test_an_empty_file(self) -> None:
        with tempfile.TemporaryFile() as file:
            outcome = self.send(file)
        self.assertEqual((outcome.kinds, outcome.body), ([frames.RESPONSE], b""))

    def test_head_reads_nothing(self) -> None:
        outcome = self.send(self.file, [("Content-Length", "10")], method="HEAD")
        self.assertEqual((outcome.kinds, outcome.body), ([frames.RESPONSE], b""))
        self.assertTrue(outcome.is_complete)
        self.assertTrue(self.file.closed)


class Environ(unittest.TestCase):
    def environ(self, path: str = "/", **more: str) -> dict[str, Any]:
        fields = {"REQUEST_METHOD": "GET", "PATH_INFO": path, **more}
        head = "\n".join(part for item in fields.items() for part in item)
        return make_environ(base_environ(START, True), head.encode("latin-1"))

    def test_what_is_the_same_for_all(self) -> None:
        environ = self.environ()
        for name, value in (
            ("SCRIPT_NAME", ""),
            ("SERVER_SOFTWARE", "tsgun/1.2.3"),
            ("wsgi.version", (1, 0)),
            ("wsgi.multithread", True),
            ("wsgi.multiprocess", True),
            ("wsgi.run_once", False),
            ("wsgi.input_terminated", True),
        ):
            self.assertEqual(environ[name], value)

    def test_paths_are_bytes_in_latin_1(self) -> None:
        for path, expected in (
            ("/a%20b", "/a b"),
            ("/caf%C3%A9", "/caf\xc3\xa9"),
            ("/caf\xc3\xa9", "/caf\xc3\xa9"),
            ("/caf\xc3\xa9%20", "/caf\xc3\xa9 "),
            ("/%2F", "//"),
            ("/%ff%", "/\xff%"),
            ("//x", "//x"),
        ):
            with self.subTest(path):
                self.assertEqual(self.environ(path)["PATH_INFO"], expected)

    def test_a_value_may_be_empty(self) -> None:
        self.assertEqual(self.environ(HTTP_X_EMPTY="", QUERY_STRING="")["HTTP_X_EMPTY"], "")

    def test_each_has_its_own(self) -> None:
        base = base_environ(START, False)
        make_environ(base, b"PATH_INFO\n/\nHTTP_X\ny")
        self.assertNotIn("HTTP_X", make_environ(base, b"PATH_INFO\n/"))

    def test_mounted(self) -> None:
        os.environ["SCRIPT_NAME"] = "/app"
        self.addCleanup(os.environ.pop, "SCRIPT_NAME")
        environ = self.environ("/app/x")
        self.assertEqual((environ["SCRIPT_NAME"], environ["PATH_INFO"]), ("/app", "/x"))

    def test_wsgiref_has_nothing_to_say(self) -> None:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            environ["wsgi.input"].read(0)
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"fine"]

        def with_host(environ: Any, start_response: Any) -> Any:
            environ.update(SERVER_NAME="a", SERVER_PORT="80", QUERY_STRING="")
            environ["SERVER_PROTOCOL"] = "HTTP/1.1"
            return validator(app)(environ, start_response)

        outcome = Outcome(with_host)
        self.assertEqual(outcome.logged, [])
        self.assertEqual(outcome.body, b"fine")


if __name__ == "__main__":
    unittest.main()
