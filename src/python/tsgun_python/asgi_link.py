"""The main connection of an asyncio worker: frames in, a task for each request, frames out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from .asgi_cycle import CLIENT_LEFT, Cycle
from .asgi_http import HttpCycle
from .asgi_scope import http_scope, websocket_scope
from .asgi_websocket import WebSocketCycle
from .frames import (
    CANCEL,
    CREDIT,
    END,
    HEADER,
    HEADER_SIZE,
    IDLE,
    LINK_VERSION,
    MAGIC,
    MOST_FRAME_BYTES,
    REJECT,
    REQUEST,
    REST,
    WEB_SOCKET,
    WELCOME,
)

if TYPE_CHECKING:
    from .asgi_worker import AsgiHost

# More than this is written at once, not at the end of the turn.
_MOST_GATHERED = 64 * 1024
# So long a client may have to wait for a head whose body is late.
_HEAD_DELAY = 0.05


class AsgiLink(asyncio.Protocol):
    """Lives as long as its connection. The host outlives it and dials again."""

    def __init__(self, host: AsgiHost, hello: bytes) -> None:
        self.host = host
        self.loop = host.loop
        # The gateway does not take in what was written: answers have to wait.
        self.full = False
        self.welcomed = False
        self.waits_for_end = False
        self.streams: dict[int, Cycle] = {}
        self._hello = hello
        self._transport: Any = None
        self._descriptor = -1
        self._rest = b""
        self._out: list[Any] = []
        self._sweep: asyncio.TimerHandle | None = None

    # What asyncio calls.

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._descriptor = transport.get_extra_info("socket").fileno()
        transport.set_write_buffer_limits(high=4 * 1024 * 1024)
        transport.write(self._hello)

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        begun, at, size = 0, 0, len(data)
        host, loop, streams = self.host, self.loop, self.streams
        unpack, new_task, root_path = HEADER.unpack_from, host.new_task, host.root_path
        app = host.app
        while size - at >= HEADER_SIZE:
            magic, kind, flags, stream, length, code = unpack(data, at)
            if magic != MAGIC or length > MOST_FRAME_BYTES:
                return self._break_off(f"frame of type {kind} and {length} bytes, magic {magic}")
            begin = at + HEADER_SIZE
            end = begin + length
            if end > size:
                break
            at = end
            if kind != REQUEST:
                self._hear(kind, flags, stream, code, data[begin:end])
                continue
            if len(streams) >= host.capacity and self._is_full():
                self.emit(REJECT, 0, stream)
                continue
            parts = data[begin : begin + code].split(b"\n")
            if flags & WEB_SOCKET:
                scope = websocket_scope(parts, root_path, host.state)
                cycle: Any = WebSocketCycle(self, stream, scope)
            else:
                scope = http_scope(parts, root_path, host.state)
                cycle = HttpCycle(self, stream, scope, flags & END != 0)
                if length > code:
                    cycle.chunks.append(data[begin + code : end])
            begun += 1
            streams[stream] = cycle
            cycle.task = new_task(cycle.run(app), loop=loop)
        self._rest = data[at:] if at < size else b""
        if begun:
            host.count(begun)
        if streams and self._sweep is None:
            self._sweep = loop.call_later(_HEAD_DELAY, self._tell_heads)

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False
        for cycle in list(self.streams.values()):
            cycle.wake()

    def connection_lost(self, error: Exception | None) -> None:
        """The gateway has died: nobody waits for what is under way."""
        self._transport = None
        self._descriptor = -1
        self._out.clear()
        for cycle in list(self.streams.values()):
            cycle.cancel(CLIENT_LEFT)
        self.host.lost(self)

    # What the host and the cycles call.

    def put(self, frame: bytes) -> None:
        """Frames of one turn are one write."""
        out = self._out
        if not out:
            self.loop.call_soon(self._flush)
        out.append(frame)

    def emit(self, kind: int, flags: int, stream: int, code: int = 0, payload: Any = b"") -> None:
        size = len(payload)
        self.put(HEADER.pack(MAGIC, kind, flags, stream, size, code))
        if size:
            self._out.append(payload)
        if size >= _MOST_GATHERED:
            self._flush()

    def fileno(self) -> int:
        return self._descriptor

    def rest(self, resting: bool) -> None:
        self.emit(REST, 0, 0, 1 if resting else 0)

    def close(self) -> None:
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def _flush(self) -> None:
        out = self._out
        if out and self._transport is not None:
            self._transport.write(out[0] if len(out) == 1 else b"".join(out))
        out.clear()

    def _hear(self, kind: int, flags: int, stream: int, code: int, payload: bytes) -> None:
        if stream == 0:
            return self._hear_gateway(kind, code)
        cycle = self.streams.get(stream)
        if cycle is None:
            return  # its end and this have crossed
        if kind == CREDIT:
            cycle.add_credit(code)
        elif kind == CANCEL:
            cycle.cancel(code)
        else:
            cycle.hear(kind, flags, code, payload)

    def _hear_gateway(self, kind: int, code: int) -> None:
        if kind == IDLE:
            self.host.hear_idle()
        elif kind == WELCOME and code == LINK_VERSION:
            self.welcomed = True
            self.host.hear_welcome(self)
        else:
            self._break_off(f"frame of type {kind} about the connection, code {code}")

    def _is_full(self) -> bool:
        """Calls that go on after their answer do not count: the gateway does not know of them."""
        capacity = self.host.capacity
        return sum(1 for cycle in self.streams.values() if not cycle.ended()) >= capacity

    def _tell_heads(self) -> None:
        self._sweep = None
        if not self.streams:
            return
        for cycle in list(self.streams.values()):
            cycle.tell_head()
        self._sweep = self.loop.call_later(_HEAD_DELAY, self._tell_heads)

    def _break_off(self, why: str) -> None:
        self.host.log("error", f"The gateway does not keep to the protocol: {why}")
        if self._transport is not None:
            self._transport.abort()
