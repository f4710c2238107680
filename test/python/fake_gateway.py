"""The other end of a link for tests of workers with a loop: requests out, frames in."""

from __future__ import annotations

import asyncio
import socket
from collections import namedtuple
from typing import Any

from tsgun_python import frames
from tsgun_python.asgi_link import AsgiLink
from tsgun_python.frames import HEADER, MAGIC

Frame = namedtuple("Frame", "kind flags stream code payload")

GET = ["GET", "/", "1.1", "http", "10.0.0.1", "4321", "10.0.0.2", "80"]


class FakeHost:
    """What a link needs of its worker."""

    root_path = ""
    disconnect_grace = 0.1

    def __init__(self, app: Any, capacity: int = 100) -> None:
        self.app = app
        self.capacity = capacity
        self.loop = asyncio.get_running_loop()
        self.new_task = asyncio.Task
        self.state: dict[str, Any] | None = None
        self.requests = 0
        self.logged: list[tuple[str, str]] = []
        self.events: list[str] = []

    def log(self, level: str, message: str) -> None:
        self.logged.append((level, message))

    def lost(self, link: AsgiLink) -> None:
        self.events.append("lost")

    def count(self, begun: int) -> None:
        self.requests += begun

    def look(self) -> None:
        self.events.append("look")

    def hear_welcome(self, link: AsgiLink) -> None:
        self.events.append("welcome")

    def hear_idle(self) -> None:
        self.events.append("idle")


class FakeGateway:
    """`async with FakeGateway(app) as gateway`."""

    def __init__(self, app: Any, capacity: int = 100) -> None:
        self.host = FakeHost(app, capacity)
        self._stream = 0

    async def __aenter__(self) -> FakeGateway:
        ours, theirs = socket.socketpair()
        loop = asyncio.get_running_loop()
        make = lambda: AsgiLink(self.host, b"hello")  # noqa: E731
        self._transport, self.link = await loop.create_connection(make, sock=theirs)
        self._reader, self._writer = await asyncio.open_connection(sock=ours)
        assert await self._reader.readexactly(5) == b"hello"
        return self

    async def __aexit__(self, *_: Any) -> None:
        self._transport.abort()
        self._writer.close()
        tasks = [cycle.task for cycle in self.link.streams.values() if cycle.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def send(self, kind: int, stream: int, payload: bytes = b"", **more: int) -> None:
        self.send_raw(encode(kind, stream, payload, **more))

    def send_raw(self, data: bytes) -> None:
        self._writer.write(data)

    def request(
        self, fields: list[str] = GET, headers: Any = (), body: bytes = b"", flags: int = frames.END
    ) -> int:
        """Begins a stream, and tells its number."""
        self._stream += 1
        head = "\n".join([*fields, *(part for field in headers for part in field)])
        text = head.encode("latin-1")
        self.send(frames.REQUEST, self._stream, text + body, flags=flags, code=len(text))
        return self._stream

    def web_socket(self, headers: Any = ()) -> int:
        fields = [*GET[:3], "ws", *GET[4:]]
        return self.request(fields, headers, flags=frames.WEB_SOCKET | frames.END)

    async def frame(self) -> Frame:
        head = await asyncio.wait_for(self._reader.readexactly(HEADER.size), 5)
        magic, kind, flags, stream, length, code = HEADER.unpack(head)
        assert magic == MAGIC
        payload = await asyncio.wait_for(self._reader.readexactly(length), 5)
        return Frame(kind, flags, stream, code, payload)

    async def nothing(self) -> None:
        """Says that the worker has nothing to say."""
        try:
            extra = await asyncio.wait_for(self._reader.read(1), 0.05)
        except asyncio.TimeoutError:
            return
        raise AssertionError(f"unexpected byte {extra!r}")

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of one whole answer."""
        frame = await self.frame()
        assert frame.kind == frames.RESPONSE, frame
        lines = frame.payload[: frame.code].decode("latin-1").split("\n")
        body = frame.payload[frame.code :]
        while not frame.flags & frames.END:
            frame = await self.frame()
            assert frame.kind == frames.DATA, frame
            body += frame.payload
        return int(lines[0][:3]), dict(zip(lines[1::2], lines[2::2])), body


def encode(kind: int, stream: int, payload: bytes = b"", flags: int = 0, code: int = 0) -> bytes:
    return HEADER.pack(MAGIC, kind, flags, stream, len(payload), code) + payload
