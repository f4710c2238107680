"""`wsgi.input` of a request whose body may still be on its way."""

from __future__ import annotations

import io
from typing import Any, Protocol


class BodySource(Protocol):
    """The way that a body comes."""

    # What has come and was not asked for.
    chunks: list[bytes]
    # That is all of it.
    ended: bool

    def read_some(self) -> bytes:
        """Waits for more; nothing at its end. Raises ConnectionError when the client has left."""


class _Body(io.RawIOBase):
    """What `io.BufferedReader` reads from."""

    def __init__(self, source: BodySource) -> None:
        self._source = source
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = self._source.read_some()
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def body_of(source: BodySource) -> io.BufferedIOBase:
    """All of it when it is there."""
    if source.ended:
        chunks = source.chunks
        return io.BytesIO(chunks[0] if len(chunks) == 1 else b"".join(chunks))
    return io.BufferedReader(_Body(source), 64 * 1024)
