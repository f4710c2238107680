"""`wsgi.input` of a request whose body may still be on its way."""

from __future__ import annotations

import io
from typing import Any

from .green_stream import GreenStream


class _Body(io.RawIOBase):
    """What `io.BufferedReader` reads from."""

    def __init__(self, stream: GreenStream) -> None:
        self._stream = stream
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = self._stream.read_some()
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def body_of(stream: GreenStream) -> io.BufferedIOBase:
    """All of it when it is there."""
    if stream.ended:
        chunks = stream.chunks
        return io.BytesIO(chunks[0] if len(chunks) == 1 else b"".join(chunks))
    return io.BufferedReader(_Body(stream), 64 * 1024)
