"""A lane: the connection of one thread, which carries one request at a time."""

from __future__ import annotations

import socket
from typing import Any, Callable

from .frames import BODY, END, FILE_TAKEN, HEADER, HEADER_SIZE, MAGIC, MOST_FRAME_BYTES, REQUEST
from .wsgi_call import Log, WsgiCall
from .wsgi_environ import make_environ
from .wsgi_input import body_of

_READ_SIZE = 64 * 1024


class LaneClosed(ConnectionError):
    """The gateway has closed it: the client of its request has left, or the gateway itself."""


class WsgiLane:
    """Blocks its thread in whatever it waits for."""

    def __init__(self, sock: socket.socket, log: Log) -> None:
        self.gone = False
        # Of the request that it carries.
        self.chunks: list[bytes] = []
        self.ended = True
        self._sock = sock
        self._log = log
        self._rest = b""
        self._file_taken: int | None = None

    def fileno(self) -> int:
        return self._sock.fileno()

    def wait_for_welcome(self) -> None:
        """The gateway's first word, on which nothing depends but that it was said."""
        self._frame()

    def serve(
        self, app: Callable[..., Any], base: dict[str, Any], sendfile: bool, state: Any
    ) -> None:
        """Request after request; raises ConnectionError at the end of the lane."""
        recv, log = self._sock.recv, self._log
        while True:
            data = self._rest or recv(_READ_SIZE)
            state.busy = True
            kind, flags, stream, code, size = self._measure(data)
            if len(data) < size or not kind:
                data = self._fill(data)
                kind, flags, stream, code, size = self._measure(data)
            self._rest = data[size:] if len(data) > size else b""
            if kind != REQUEST:
                raise LaneClosed(f"a frame of type {kind} between two requests")
            begin = HEADER_SIZE + code
            environ = make_environ(base, data[HEADER_SIZE:begin])
            self.ended = flags & END != 0
            self.chunks = [data[begin:size]] if size > begin else []
            environ["wsgi.input"] = body_of(self)
            WsgiCall(environ, self, stream, log).run(app, sendfile)
            if self.gone:
                raise LaneClosed("The client has left")
            while not self.ended:
                self._hear()  # what the app did not want
            state.served += 1
            state.busy = False
            if state.watched:
                state.tell()

    def send(self, frame: bytes) -> None:
        try:
            self._sock.sendall(frame)
        except OSError as error:
            self.gone = True
            raise BrokenPipeError("The client has left") from error

    def read_some(self) -> bytes:
        while not self.chunks and not self.ended:
            self._hear()
        data = b"".join(self.chunks)
        self.chunks.clear()
        return data

    def wait_for_file(self) -> bool:
        self._file_taken = None
        while self._file_taken is None:
            self._hear()
        return self._file_taken == 1

    def _hear(self) -> None:
        kind, flags, code, payload = self._frame()
        if kind == BODY:
            if payload:
                self.chunks.append(payload)
            self.ended = self.ended or flags & END != 0
        elif kind == FILE_TAKEN:
            self._file_taken = code

    def _frame(self) -> tuple[int, int, int, bytes]:
        data = self._fill(self._rest)
        kind, flags, _, code, size = self._measure(data)
        self._rest = data[size:]
        return kind, flags, code, data[HEADER_SIZE:size]

    def _fill(self, data: bytes) -> bytes:
        """Until there is a whole frame."""
        while len(data) < self._measure(data)[4]:
            more = self._recv()
            data += more
        return data

    def _recv(self) -> bytes:
        try:
            data = self._sock.recv(_READ_SIZE)
        except OSError:
            data = b""
        if not data:
            self.gone = True
            raise LaneClosed("The lane has ended")
        return data

    def _measure(self, data: bytes) -> tuple[int, int, int, int, int]:
        """Type, flags, stream, code and size of a frame; 0 and the least while it is not there."""
        if len(data) < HEADER_SIZE:
            return 0, 0, 0, 0, HEADER_SIZE
        magic, kind, flags, stream, length, code = HEADER.unpack_from(data)
        if magic != MAGIC or length > MOST_FRAME_BYTES:
            self.gone = True
            raise LaneClosed(f"frame of type {kind} and {length} bytes, magic {magic}")
        return kind, flags, stream, code, HEADER_SIZE + length
