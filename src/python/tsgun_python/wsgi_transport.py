"""What a call of a WSGI app needs of whatever carries its answer."""

from __future__ import annotations

from typing import Protocol


class Transport(Protocol):
    """The way of the answer. Both raise a ConnectionError when the client has left."""

    def send(self, frame: bytes) -> None: ...

    def wait_for_file(self) -> bool:
        """After a `file` frame: whether the gateway sends it."""
