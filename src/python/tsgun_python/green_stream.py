"""One request of a gevent or eventlet worker, among others on the same connection."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from .frames import (
    ABORT,
    BODY,
    CANCEL,
    CREDIT,
    DATA,
    END,
    FILE_TAKEN,
    HEADER,
    HEADER_SIZE,
    INITIAL_CREDIT,
    MOST_BODY_BYTES,
    REJECT,
    RESPONSE,
    TRAILERS,
)

if TYPE_CHECKING:
    from .green_link import GreenLink

OUT_OF_TIME = 2

_CREDIT_STEP = INITIAL_CREDIT // 4
_LAST = frozenset((ABORT, REJECT, TRAILERS))
_ANSWERS = frozenset((RESPONSE, DATA))


class GreenStream:
    """Its body comes, and its answer goes, as fast as the other side takes them."""

    __slots__ = (
        "answered",
        "begun",
        "chunks",
        "credit",
        "ended",
        "file_taken",
        "gone",
        "head",
        "link",
        "number",
        "owed",
        "thread",
        "waiter",
    )

    def __init__(self, link: GreenLink, number: int, head: bytes, ended: bool) -> None:
        self.link = link
        self.number = number
        self.head = head
        self.chunks: list[bytes] = []
        # The body has come to its end.
        self.ended = ended
        self.credit = INITIAL_CREDIT
        # Bytes of the body that were taken and that the gateway was not told of.
        self.owed = 0
        self.gone = False
        # Its thread runs.
        self.begun = False
        # The gateway has had the last frame.
        self.answered = False
        self.file_taken: int | None = None
        self.waiter: Any = None
        self.thread: Any = None

    def send(self, frame: bytes) -> None:
        """Raises BrokenPipeError when the client has left, as a lane would."""
        _, kind, flags, _, length, code = HEADER.unpack_from(frame)
        if self.gone:
            raise BrokenPipeError("The client has left")
        size = length if kind == DATA else length - code if kind == RESPONSE else 0
        if size > self.credit:
            return self._send_parts(frame, kind, flags, code)
        self.credit -= size
        self._note_end(kind, flags)
        self.link.put(frame)

    def read_some(self) -> bytes:
        """More of the body; nothing at its end. Raises ConnectionError when the client has left."""
        while not self.chunks and not self.ended:
            self.wait()
            if self.gone:
                raise ConnectionResetError("The client has left")
        data = b"".join(self.chunks)
        self.chunks.clear()
        self.owed += len(data)
        if not self.ended and self.owed >= _CREDIT_STEP:
            self.link.emit(CREDIT, 0, self.number, self.owed)
            self.owed = 0
        return data

    def wait_for_file(self) -> bool:
        """After a `file` frame: whether the gateway sends it. The descriptor has to stay open."""
        self.file_taken = None
        while self.file_taken is None:
            if self.gone:
                raise BrokenPipeError("The client has left")
            self.wait()
        self.answered = self.file_taken == 1
        return self.answered

    def wait(self) -> None:
        """Until something has changed."""
        self.waiter = threading.Event()
        self.waiter.wait()

    def hear(self, kind: int, flags: int, code: int, payload: bytes) -> None:
        if kind == BODY:
            if payload:
                self.chunks.append(payload)
            self.ended = self.ended or flags & END != 0
        elif kind == CREDIT:
            self.credit += code
        elif kind == FILE_TAKEN:
            self.file_taken = code
        elif kind == CANCEL:
            self.leave()
            if code == OUT_OF_TIME:
                self.link.host.interrupt(self)
        if self.waiter is not None:
            self.waiter.set()

    def leave(self) -> None:
        """The client has gone, or the gateway."""
        self.gone = True
        if self.waiter is not None:
            self.waiter.set()

    def close(self) -> None:
        """The app has done with it. An answer that is not whole is broken off."""
        if not self.answered:
            self.answered = True
            self.link.emit(ABORT, 0, self.number)

    def _send_parts(self, frame: bytes, kind: int, flags: int, code: int) -> None:
        """What is more than there is credit for goes as more frames, when the client has read."""
        view = memoryview(frame)
        split = HEADER_SIZE + (code if kind == RESPONSE else 0)
        head, rest = view[HEADER_SIZE:split], view[split:]
        while True:
            while self.credit <= 0 and not self.gone:
                self.wait()
            if self.gone:
                raise BrokenPipeError("The client has left")
            part = rest[: min(self.credit, MOST_BODY_BYTES)]
            rest = rest[len(part) :]
            self.credit -= len(part)
            end = 0 if rest else flags
            self._note_end(kind, end)
            self.link.emit(kind, end, self.number, len(head), b"".join((head, part)))
            if not rest:
                return
            kind, head = DATA, view[:0]

    def _note_end(self, kind: int, flags: int) -> None:
        if kind in _LAST or (flags & END and kind in _ANSWERS):
            self.answered = True
