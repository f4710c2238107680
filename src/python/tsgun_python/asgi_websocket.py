"""One WebSocket: its handshake, its messages, and its close. The gateway speaks RFC 6455."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Any

from .asgi_answer import DONE, HELD, SENT, SILENT, AnswerCycle
from .asgi_cycle import ClientDisconnected
from .asgi_head import BadAnswer, read_fields
from .frames import CREDIT, END, INITIAL_CREDIT, TEXT, WS_ACCEPT, WS_CLOSE, WS_MESSAGE

if TYPE_CHECKING:
    from .asgi_link import AsgiLink

OPEN = DONE + 1

_CREDIT_STEP = INITIAL_CREDIT // 4
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# RFC 6455, 5.5 leaves so much of a control frame for it.
_LONGEST_REASON = 123

_NORMAL, _NO_STATUS, _ABNORMAL, _INTERNAL_ERROR = 1000, 1005, 1006, 1011


class WebSocketCycle(AnswerCycle):
    """Before it is accepted the app may also answer in plain HTTP (`websocket.http.response`)."""

    __slots__ = ("busy", "closed", "connected", "messages", "owed", "parts")

    def __init__(self, link: AsgiLink, stream: int, scope: dict[str, Any]) -> None:
        super().__init__(link, stream, scope)
        self.connected = False
        # Bytes that were taken and that the gateway was not told of.
        self.owed = 0
        # Code and reason.
        self.closed = (_ABNORMAL, "")
        # What came and the app has not asked for: payload, whether it is text, and credit for it.
        self.messages: deque[tuple[bytes, int, int]] = deque()
        # Of a message that is not whole.
        self.parts: list[bytes] = []
        # A long message is being sent: others must not get between its parts.
        self.busy = False

    async def receive(self) -> dict[str, Any]:
        if not self.connected:
            self.connected = True
            return {"type": "websocket.connect"}
        while not self.messages:
            if self.gone or self.phase == DONE:
                code, reason = self.closed
                return {"type": "websocket.disconnect", "code": code, "reason": reason}
            self._grant()
            await self.wait()
        payload, is_text, owed = self.messages.popleft()
        self.owed += owed
        if self.owed >= _CREDIT_STEP:
            self._grant()
        if is_text:
            return {"type": "websocket.receive", "text": payload.decode("utf-8", "replace")}
        return {"type": "websocket.receive", "bytes": payload}

    async def send(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if self.gone:
            raise ClientDisconnected("The client has left")
        if kind == "websocket.send" and self.phase == OPEN:
            await self._send_message(*_payload(message))
        elif kind == "websocket.accept" and self.phase == SILENT:
            self._accept(message)
        elif kind == "websocket.close" and self.phase in (SILENT, OPEN):
            self._close(message.get("code", _NORMAL), message.get("reason") or "")
        elif kind.startswith("websocket.http.response.") and self.phase in (SILENT, HELD, SENT):
            await super().send({**message, "type": kind[len("websocket.") :], "trailers": False})
        else:
            raise RuntimeError(f"Unexpected ASGI message {kind!r} {_moment(self.phase)}")

    def hear(self, kind: int, flags: int, code: int, payload: bytes) -> None:
        if kind == WS_CLOSE:
            self.closed = (code, payload.decode("utf-8", "replace"))
            self.gone = True
        elif kind != WS_MESSAGE:
            return
        elif flags & END:
            whole = b"".join((*self.parts, payload)) if self.parts else payload
            self.parts.clear()
            self.messages.append((whole, flags & TEXT, len(payload)))
        else:
            self._hear_part(payload)
        if self.waiters is not None:
            self.wake()

    def returned(self) -> None:
        if self.phase != OPEN:
            super().returned()
        elif self.gone:
            self.abort()
        else:
            self._close(_NORMAL, "")
        self.phase = DONE

    def failed(self, error: BaseException) -> None:
        if self.phase != OPEN or self.gone:
            super().failed(error)
        else:
            self.log_error("the app failed", error)
            self._close(_INTERNAL_ERROR, "")

    def _hear_part(self, payload: bytes) -> None:
        """The rest can only come when there is room; an app that has more to read has to read."""
        self.parts.append(payload)
        self.owed += len(payload)
        if not self.messages:
            self._grant()

    def _grant(self) -> None:
        if self.owed > 0 and not self.gone:
            self.link.emit(CREDIT, 0, self.stream, self.owed)
            self.owed = 0

    def _accept(self, message: dict[str, Any]) -> None:
        subprotocol = message.get("subprotocol") or ""
        if subprotocol and not _TOKEN.fullmatch(subprotocol):
            raise BadAnswer(f"no subprotocol can be {subprotocol!r}")
        headers = list(message.get("headers") or ())
        fields = read_fields(headers)
        if any(bytes(name).lower() == b"sec-websocket-protocol" for name, _ in headers):
            raise BadAnswer("the subprotocol has to be told as such, not as a header")
        head = subprotocol.encode("latin-1") + (b"\n" + fields if fields else b"")
        self.link.emit(WS_ACCEPT, 0, self.stream, len(head), head)
        self.phase = OPEN

    def _close(self, code: int, reason: str) -> None:
        if not _can_close_with(code):
            raise BadAnswer(f"no WebSocket can be closed with {code!r}")
        told = reason.encode("utf-8", "replace")[:_LONGEST_REASON]
        reason = told.decode("utf-8", "ignore")
        self.closed = (code, reason)
        self.link.emit(WS_CLOSE, 0, self.stream, code, reason.encode())
        self.phase = DONE
        self.wake()

    async def _send_message(self, payload: bytes, text: int) -> None:
        while self.busy and not self.gone:
            await self.wait()
        size = len(payload)
        if size <= self.credit and not self.link.full and self._may_send():
            self.credit -= size
            self.link.emit(WS_MESSAGE, text | END, self.stream, 0, payload)
            return
        self.busy = True
        try:
            await self._send_parts(memoryview(payload), text)
        finally:
            self.busy = False
            self.wake()

    async def _send_parts(self, rest: memoryview, text: int) -> None:
        begun = False
        try:
            while True:
                part = rest[: await self.room()]
                self._may_send()
                rest = rest[len(part) :]
                self.credit -= len(part)
                begun = True
                self.link.emit(WS_MESSAGE, text if rest else text | END, self.stream, 0, part)
                if not rest:
                    return
        except BaseException:
            # The next message would become a part of this one.
            if begun and self.phase == OPEN:
                self.abort()
                self.phase = DONE
            raise

    def _may_send(self) -> bool:
        if self.gone or self.phase != OPEN:
            raise ClientDisconnected("The WebSocket was closed")
        return True


def _payload(message: dict[str, Any]) -> tuple[bytes, int]:
    payload, text = message.get("bytes"), message.get("text")
    if isinstance(text, str):
        return text.encode("utf-8", "replace"), TEXT
    if isinstance(payload, (bytes, bytearray, memoryview)):
        return bytes(payload), 0
    found = f"bytes={type(payload).__name__}, text={type(text).__name__}"
    raise BadAnswer(f"a message has to have bytes, or text that is a str, not {found}")


def _can_close_with(code: Any) -> bool:
    """RFC 6455, 7.4, and 1005 for a close without a code."""
    if type(code) is not int or code in (1004, 1006):
        return False
    return 1000 <= code <= 1014 or 3000 <= code <= 4999


def _moment(phase: int) -> str:
    if phase == OPEN:
        return "after websocket.accept"
    if phase == DONE:
        return "after the WebSocket was closed"
    return "before websocket.accept" if phase == SILENT else "during a denial response"
