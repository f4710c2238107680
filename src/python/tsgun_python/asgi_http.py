"""One HTTP request: its body, as the app asks for it, and its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .asgi_answer import DONE, AnswerCycle
from .frames import BODY, CREDIT, END, INITIAL_CREDIT

if TYPE_CHECKING:
    from .asgi_link import AsgiLink

_EMPTY = {"type": "http.request", "body": b"", "more_body": False}
_GONE = {"type": "http.disconnect"}

_CREDIT_STEP = INITIAL_CREDIT // 4


class HttpCycle(AnswerCycle):
    """What it has of the body is what the app has not asked for; the gateway keeps the rest."""

    __slots__ = ("body_ended", "chunks", "owed")

    def __init__(self, link: AsgiLink, stream: int, scope: dict[str, Any], ended: bool) -> None:
        super().__init__(link, stream, scope)
        # None when the app has had the last.
        self.chunks: list[bytes] | None = []
        self.body_ended = ended
        # Bytes that the app has had and the gateway not been told of.
        self.owed = 0

    async def receive(self) -> dict[str, Any]:
        while not self.gone and self.phase != DONE:
            chunks = self.chunks
            if chunks is not None and (chunks or self.body_ended):
                return self._next(chunks)
            await self.wait()
        return _GONE.copy()

    def _next(self, chunks: list[bytes]) -> dict[str, Any]:
        if self.body_ended:
            self.chunks = None
            return {**_EMPTY, "body": b"".join(chunks)} if chunks else _EMPTY.copy()
        body = b"".join(chunks)
        chunks.clear()
        self.owed += len(body)
        if self.owed >= _CREDIT_STEP:
            self.link.emit(CREDIT, 0, self.stream, self.owed)
            self.owed = 0
        return {"type": "http.request", "body": body, "more_body": True}

    def hear(self, kind: int, flags: int, code: int, payload: bytes) -> None:
        if kind != BODY:
            return
        if payload and self.chunks is not None:
            self.chunks.append(payload)
        if flags & END:
            self.body_ended = True
        if self.waiters is not None:
            self.wake()
