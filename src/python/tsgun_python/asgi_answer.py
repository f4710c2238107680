"""What an app may say to a request, in the order that the ASGI specification has for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .asgi_cycle import ClientDisconnected, Cycle
from .asgi_head import BadAnswer, Head, read_fields, read_head
from .error_page import ERROR_HEAD, ERROR_PAGE
from .frames import (
    DATA,
    END,
    HEADER,
    INFORM,
    INITIAL_CREDIT,
    MAGIC,
    MOST_BODY_BYTES,
    RESPONSE,
    TRAILERS,
)

if TYPE_CHECKING:
    from .asgi_link import AsgiLink

# Nothing was said; the head is held; it was sent; only trailers are missing; all is said.
SILENT, HELD, SENT, TRAILING, DONE = range(5)

_SMALL = 64 * 1024


class AnswerCycle(Cycle):
    """`send` of a request; what the app receives is told by others."""

    __slots__ = ("head", "phase", "plain", "promised", "trailers")

    def __init__(self, link: AsgiLink, stream: int, scope: dict[str, Any]) -> None:
        # Not by way of `super`, which costs as much as all of this.
        self.link = link
        self.stream = stream
        self.scope = scope
        self.credit = INITIAL_CREDIT
        self.gone = False
        self.waiters = None
        self.task = None
        self.phase = SILENT
        self.head: Head | None = None
        # Its answer may have a body, and no trailers.
        self.plain = scope.get("method") != "HEAD"
        # Bytes of its Content-Length that have not come.
        self.promised: int | None = None
        self.trailers: list[Any] | None = None

    async def send(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        phase = self.phase
        if self.gone:
            raise ClientDisconnected("The client has left")
        if kind == "http.response.body" and phase == HELD and self.plain:
            # What nearly all answers are: small and whole. They are one frame.
            body = message.get("body", b"")
            head: Head = self.head  # type: ignore[assignment]
            if (
                type(body) is bytes
                and not message.get("more_body", False)
                and (head.length is None or head.length == len(body))
                and len(body) <= _SMALL
                and not self.link.full
            ):
                text = head.text
                size = len(text)
                frame = HEADER.pack(MAGIC, RESPONSE, END, self.stream, size + len(body), size)
                self.link.put(frame + text + body)
                self.phase = DONE
                if self.waiters is not None:
                    self.wake()
                return
        if kind == "http.response.start" and phase == SILENT:
            self._start(message)
        elif kind == "http.response.body" and phase in (HELD, SENT):
            await self._body(_bytes(message.get("body", b"")), message.get("more_body", False))
        else:
            self._send_other(kind, message)

    def returned(self) -> None:
        if self.phase == DONE:
            return
        if self.phase == TRAILING:
            self._end_trailers()
        elif self.gone:
            self._break_off()
        else:
            missing = "its answer" if self.phase == SILENT else "the end of its answer"
            self.link.host.log("error", f"{self.title()}: the app returned without {missing}")
            self._break_off()

    def failed(self, error: BaseException) -> None:
        if not self.is_departure(error):
            self.log_error("the app failed", error)
        if self.phase != DONE:
            self._break_off()

    def tell_head(self) -> None:
        """The app takes its time for the body: its client need not wait for the head."""
        if self.phase == HELD and not self.gone and not self.link.full:
            self._send_head(b"", 0)

    def ended(self) -> bool:
        return self.phase == DONE

    def _start(self, message: dict[str, Any]) -> None:
        status = message["status"]
        head = read_head(status, message.get("headers", ()))
        if status < 200:
            raise BadAnswer(f"no answer has the status {status}")
        if status in (204, 304):
            self.plain = False
        elif self.plain:
            self.promised = head.length
        if message.get("trailers", False) and self.plain:
            self.plain = False
            self.trailers = []
        self.head = head
        self.phase = HELD

    def _has_body(self) -> bool:
        return self.plain or self.trailers is not None

    async def _body(self, body: bytes | memoryview, more: bool) -> None:
        if not self._has_body():
            body = b""
        body = self._keep_promise(body, more)
        end = 0 if more or self.trailers is not None else END
        if len(body) > MOST_BODY_BYTES:
            body = memoryview(body)  # its parts are no copies
        while True:
            part = body[: await self.room()] if body else body
            if self.phase not in (HELD, SENT):
                raise RuntimeError("The answer was complete before this part of it was sent")
            body = body[len(part) :]
            self._send_part(part, 0 if body else end)
            if not body:
                break
        if more:
            return
        self.phase = DONE if end else TRAILING
        if self.waiters is not None:
            self.wake()

    def _keep_promise(self, body: bytes | memoryview, more: bool) -> bytes | memoryview:
        """Cuts what is more than its Content-Length; raises when it is less."""
        if self.promised is None:
            return body
        if len(body) > self.promised:
            extra = len(body) - self.promised
            text = f"{self.title()}: the answer is {extra} bytes longer than its Content-Length"
            self.link.host.log("warning", text)
            body = body[: self.promised]
        self.promised -= len(body)
        if self.promised > 0 and not more:
            raise BadAnswer(f"the answer is {self.promised} bytes shorter than its Content-Length")
        return body

    def _send_part(self, part: bytes | memoryview, end: int) -> None:
        if self.phase == HELD:
            self._send_head(part, end)
        elif part or end:
            self.credit -= len(part)
            self.link.emit(DATA, end, self.stream, 0, part)

    def _send_head(self, part: bytes | memoryview, end: int) -> None:
        text = self.head.text if self.head else b""
        self.credit -= len(part)
        self.phase = SENT
        self.link.emit(RESPONSE, end, self.stream, len(text), text + part if part else text)

    def _send_other(self, kind: str, message: dict[str, Any]) -> None:
        if kind == "http.response.early_hint" and self.phase in (SILENT, HELD):
            self._inform(103, [(b"Link", link) for link in message["links"]])
        elif kind == "http.response.informational" and self.phase in (SILENT, HELD):
            self._inform(message["status"], message.get("headers", ()))
        elif kind == "http.response.trailers" and self.phase == TRAILING:
            self._trail(message)
        else:
            raise RuntimeError(f"Unexpected ASGI message {kind!r} {_MOMENTS[self.phase]}")

    def _inform(self, status: int, headers: Any) -> None:
        head = read_head(status, headers)
        if not 102 <= status < 200:
            raise BadAnswer(f"no interim answer has the status {status}")
        self.link.emit(INFORM, 0, self.stream, len(head.text), head.text)

    def _trail(self, message: dict[str, Any]) -> None:
        fields = list(message.get("headers", ()))
        read_fields(fields)
        if self.trailers is not None:
            self.trailers += fields
        if not message.get("more_trailers", False):
            self._end_trailers()

    def _end_trailers(self) -> None:
        """Clients that have not said that they take trailers get just the end."""
        wanted = "http.response.trailers" in self.scope["extensions"]
        fields = read_fields(self.trailers or []) if wanted else b""
        if fields:
            self.link.emit(TRAILERS, 0, self.stream, len(fields), fields)
        else:
            self.link.emit(DATA, END, self.stream)
        self.phase = DONE

    def _break_off(self) -> None:
        """While nothing was sent the client can be told so in words."""
        if self.gone or self.phase not in (SILENT, HELD):
            self.abort()
        else:
            size = len(ERROR_HEAD)
            self.link.emit(RESPONSE, END, self.stream, size, ERROR_HEAD + ERROR_PAGE)
        self.phase = DONE


_MOMENTS = (
    "before http.response.start",
    "before http.response.body",
    "after http.response.start",
    "after the body, where only http.response.trailers can come",
    "after the answer was complete",
)


def _bytes(body: Any) -> bytes | memoryview:
    if type(body) is bytes:
        return body
    if isinstance(body, (bytes, bytearray, memoryview)):
        return bytes(body)
    raise BadAnswer(f"a body has to be bytes, not {type(body).__name__}")
