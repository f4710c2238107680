"""Frames against the vectors that the TypeScript side reads as well, and decoders against fuzz."""

from __future__ import annotations

import asyncio
import json
import random
import re
import socket
import threading
import unittest
from pathlib import Path
from typing import Any, Callable

from fake_gateway import GET, FakeHost, encode
from tsgun_python import frames
from tsgun_python.asgi_link import AsgiLink
from tsgun_python.green_link import FrameError, GreenLink
from tsgun_python.wsgi_lane import LaneClosed, WsgiLane

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "fixtures/link-vectors.json").read_text(encoding="utf-8")
)

FLAGS = {"end": frames.END, "text": frames.TEXT, "webSocket": frames.WEB_SOCKET}


def number_of(name: str) -> int:
    """The number of a type whose name is written as TypeScript does."""
    return getattr(frames, re.sub(r"[A-Z]", r"_\g<0>", name).upper())


class Vectors(unittest.TestCase):
    def test_encodes_every_frame_to_its_bytes(self) -> None:
        for vector in VECTORS["frames"]:
            with self.subTest(vector["name"]):
                flags = sum(FLAGS[name] for name in vector["flags"])
                payload = bytes.fromhex(vector["payload"])
                more = {"flags": flags, "code": vector["code"]}
                data = encode(number_of(vector["type"]), vector["stream"], payload, **more)
                self.assertEqual(data.hex(), vector["bytes"])

    def test_knows_every_type_that_there_is(self) -> None:
        told = {number_of(vector["type"]) for vector in VECTORS["frames"]}
        names = ("MAGIC", "LINK_VERSION", "INITIAL_CREDIT", *FLAG_NAMES)
        ours = {
            value
            for name, value in vars(frames).items()
            if name.isupper() and name not in names and not name.startswith(("MOST", "HEADER"))
        }
        self.assertEqual(told, ours)


FLAG_NAMES = ("END", "TEXT", "WEB_SOCKET")


def wsgi_request(body: bytes = b"", **more: Any) -> bytes:
    head = b"REQUEST_METHOD\nPOST\nPATH_INFO\n/\nwsgi.url_scheme\nhttp"
    options = {"flags": frames.END, "code": len(head), **more}
    return encode(frames.REQUEST, options.pop("stream", 1), head + body, **options)


def in_pieces(data: bytes, chance: random.Random) -> list[bytes]:
    """The same bytes, cut wherever it happens."""
    pieces = []
    while data:
        size = chance.choice((1, 2, 15, 16, 17, 100, 70_000))
        pieces.append(data[:size])
        data = data[size:]
    return pieces


class Lanes(unittest.TestCase):
    def serve(self, feed: Callable[[socket.socket], None]) -> list[bytes]:
        """The bodies of the requests that have come through, however they were sent."""
        seen: list[bytes] = []

        def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            seen.append(environ["wsgi.input"].read())
            start_response("200 OK", [])
            return [b"ok"]

        ours, theirs = socket.socketpair()
        with ours, theirs:
            lane = WsgiLane(theirs, lambda *_: None)
            thread = threading.Thread(target=run_lane, args=(lane, app))
            thread.start()
            reader = threading.Thread(target=lambda: ours.makefile("rb").read())
            reader.start()
            feed(ours)
            ours.shutdown(socket.SHUT_WR)
            thread.join(10)
            theirs.shutdown(socket.SHUT_RDWR)
            reader.join(10)
        self.assertFalse(thread.is_alive())
        return seen

    def test_takes_requests_in_any_pieces(self) -> None:
        for seed in range(20):
            chance = random.Random(seed)
            bodies = [chance.randbytes(chance.choice((0, 1, 5, 300, 100_000))) for _ in range(5)]
            data = b"".join(map(send_body, bodies, [chance] * len(bodies)))

            def feed(ours: socket.socket, pieces: Any = in_pieces(data, chance)) -> None:
                for piece in pieces:
                    ours.sendall(piece)

            with self.subTest(seed=seed):
                self.assertEqual(self.serve(feed), bodies)

    def test_ends_at_what_is_no_frame(self) -> None:
        for vector in VECTORS["broken"]:
            with self.subTest(vector["name"]):
                feed = lambda ours: ours.sendall(bytes.fromhex(vector["bytes"]))  # noqa: B023, E731
                self.assertEqual(self.serve(feed), [])

    def test_ends_at_garbage_and_says_nothing_else(self) -> None:
        for seed in range(50):
            chance = random.Random(seed)
            garbage = wsgi_request(b"first") + chance.randbytes(chance.randrange(1, 200))
            with self.subTest(seed=seed):
                feed = lambda ours: ours.sendall(garbage)  # noqa: B023, E731
                self.assertEqual(self.serve(feed), [b"first"])


def send_body(body: bytes, chance: random.Random) -> bytes:
    """A request with this body, whole or in parts."""
    first = chance.randrange(len(body) + 1)
    if first == len(body):
        return wsgi_request(body)
    data, rest = wsgi_request(body[:first], flags=0), body[first:]
    while rest:
        size = chance.randrange(1, len(rest) + 1)
        part, rest = rest[:size], rest[size:]
        data += encode(frames.BODY, 1, part, flags=0 if rest else frames.END)
    return data


class LaneState:
    busy = False
    served = 0
    watched = False


def run_lane(lane: WsgiLane, app: Any) -> None:
    try:
        lane.serve(app, {"SCRIPT_NAME": ""}, True, LaneState())
    except (LaneClosed, OSError):
        pass


class AsgiLinks(unittest.IsolatedAsyncioTestCase):
    async def feed(self, pieces: list[bytes]) -> tuple[list[bytes], FakeHost]:
        seen: list[bytes] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            body, more = b"", True
            while more:
                message = await receive()
                body += message.get("body", b"")
                more = message.get("more_body", False)
            seen.append(body)
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body"})

        host = FakeHost(app)
        link = AsgiLink(host, b"")
        transport = FakeTransport()
        link.connection_made(transport)
        for piece in pieces:
            if transport.aborted:
                break
            link.data_received(piece)
            await asyncio.sleep(0)
        tasks = [cycle.task for cycle in link.streams.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=0.5)
        link.connection_lost(None)
        return seen, host

    async def test_takes_requests_in_any_pieces(self) -> None:
        head = "\n".join(GET).encode()
        for seed in range(20):
            chance = random.Random(seed)
            bodies = [chance.randbytes(chance.choice((0, 1, 300, 50_000))) for _ in range(5)]
            data = b"".join(
                encode(frames.REQUEST, at + 1, head + body, flags=frames.END, code=len(head))
                for at, body in enumerate(bodies)
            )
            seen, host = await self.feed(in_pieces(data, chance))
            with self.subTest(seed=seed):
                self.assertEqual(sorted(seen), sorted(bodies))
                self.assertEqual(host.logged, [])

    async def test_breaks_off_at_garbage(self) -> None:
        for seed in range(50):
            garbage = b"\x00" + random.Random(seed).randbytes(40)
            seen, host = await self.feed([garbage])
            with self.subTest(seed=seed):
                self.assertEqual(seen, [])
                self.assertIn("does not keep to the protocol", host.logged[0][1])


class FakeTransport:
    aborted = False

    def get_extra_info(self, _: str) -> FakeTransport:
        return self  # as its socket

    def fileno(self) -> int:
        return -1

    def write(self, data: bytes) -> None:
        pass

    def set_write_buffer_limits(self, high: int) -> None:
        pass

    def abort(self) -> None:
        self.aborted = True

    close = abort


class GreenLinks(unittest.TestCase):
    def test_refuses_garbage(self) -> None:
        for seed in range(50):
            garbage = b"\x00" + random.Random(seed).randbytes(40)
            with self.subTest(seed=seed), self.assertRaises(FrameError):
                GreenLink(None, None)._take(garbage)  # type: ignore[arg-type]

    def test_waits_for_the_rest_of_a_frame(self) -> None:
        data = wsgi_request(b"body")
        for size in range(len(data)):
            with self.subTest(size=size):
                link = GreenLink(None, None)  # type: ignore[arg-type]
                self.assertEqual(link._take(data[:size]), data[:size])
                self.assertEqual(link.streams, {})
