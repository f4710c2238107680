"""The connection of a gevent or eventlet worker: one green thread reads, each request has one."""

# Sockets and events are those of the standard library, made green before this runs.

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from .frames import (
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
    WELCOME,
)
from .green_stream import GreenStream

if TYPE_CHECKING:
    from .green_host import GreenHost

_READ_SIZE = 256 * 1024


class FrameError(Exception):
    """What came is no frame; the connection cannot be read any further."""


class GreenLink:
    """Lives as long as its connection. The host outlives it and dials again."""

    def __init__(self, sock: socket.socket, host: GreenHost) -> None:
        self.streams: dict[int, GreenStream] = {}
        self.welcomed = False
        self.waits_for_end = False
        self.host = host
        self._sock = sock
        self._out: list[bytes] = []
        self._flushing = False
        self._closed = False

    def fileno(self) -> int:
        return self._sock.fileno()

    def read(self) -> None:
        """Until the connection ends."""
        rest = b""
        try:
            while data := self._sock.recv(_READ_SIZE):
                rest = self._take(rest + data if rest else data)
        except OSError:
            pass  # it has ended as well
        except FrameError as error:
            self.host.log("error", f"The gateway does not keep to the protocol: {error}")
        finally:
            self._close()
            self.host.lost(self)

    def put(self, frame: bytes) -> None:
        """Frames of one turn are one write."""
        if self._closed:
            return
        self._out.append(frame)
        if not self._flushing:
            self._flushing = True
            self.host.kit.spawn(self._flush)

    def emit(self, kind: int, flags: int, stream: int, code: int = 0, payload: bytes = b"") -> None:
        self.put(HEADER.pack(MAGIC, kind, flags, stream, len(payload), code) + payload)

    def rest(self, resting: bool) -> None:
        self.emit(REST, 0, 0, 1 if resting else 0)

    def _take(self, data: bytes) -> bytes:
        """Returns what is not a whole frame yet."""
        at, size, begun = 0, len(data), 0
        while size - at >= HEADER_SIZE:
            magic, kind, flags, number, length, code = HEADER.unpack_from(data, at)
            if magic != MAGIC or length > MOST_FRAME_BYTES:
                raise FrameError(f"frame of type {kind} and {length} bytes, magic {magic}")
            begin = at + HEADER_SIZE
            end = begin + length
            if end > size:
                break
            at = end
            if kind == REQUEST:
                body = begin + code
                begun += self._begin(flags, number, data[begin:body], data[body:end])
            elif number == 0:
                self._hear_gateway(kind, code)
            else:
                stream = self.streams.get(number)
                if stream is not None:  # else its end and this have crossed
                    stream.hear(kind, flags, code, data[begin:end])
        if begun:
            self.host.count(begun)
        return data[at:] if at < size else b""

    def _begin(self, flags: int, number: int, head: bytes, body: bytes) -> int:
        if len(self.streams) >= self.host.capacity and self._is_full():
            self.emit(REJECT, 0, number)
            return 0
        stream = GreenStream(self, number, head, flags & END != 0)
        if body:
            stream.chunks.append(body)
        self.streams[number] = stream
        stream.thread = self.host.kit.spawn(self._run, stream)
        return 1

    def _run(self, stream: GreenStream) -> None:
        stream.begun = True
        try:
            if not stream.gone:
                self.host.serve(stream)
        finally:
            stream.close()
            del self.streams[stream.number]
            if self.waits_for_end:
                self.host.look()

    def _hear_gateway(self, kind: int, code: int) -> None:
        if kind == IDLE:
            self.host.hear_idle()
        elif kind == WELCOME and code == LINK_VERSION:
            self.welcomed = True
            self.host.hear_welcome(self)
        else:
            raise FrameError(f"frame of type {kind} about the connection, code {code}")

    def _is_full(self) -> bool:
        """What goes on after an answer does not count: the gateway does not know of it."""
        open_streams = sum(1 for stream in self.streams.values() if not stream.answered)
        return open_streams >= self.host.capacity

    def _flush(self) -> None:
        """Only one thread writes, or their frames would mix."""
        try:
            while self._out:
                data = b"".join(self._out)
                self._out.clear()
                self._sock.sendall(data)
        except OSError:
            self._give_up()
        finally:
            self._flushing = False

    def _give_up(self) -> None:
        """Nothing can be written. The thread that reads finds its end, and closes."""
        self._closed = True
        self._out.clear()
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other side has done it

    def _close(self) -> None:
        """Nobody waits for what is under way."""
        self._closed = True
        self._out.clear()
        self._sock.close()
        for stream in list(self.streams.values()):
            stream.leave()
