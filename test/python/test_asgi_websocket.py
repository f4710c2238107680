"""WebSockets through a link: handshake, messages both ways, and every way in which they end."""

from __future__ import annotations

import asyncio
import unittest
from typing import Any

from fake_gateway import FakeGateway, Frame
from tsgun_python import frames

ACCEPT = {"type": "websocket.accept"}
CLOSE = {"type": "websocket.close"}
TEXT_END = frames.TEXT | frames.END


def saying(*messages: Any) -> Any:
    """An app that sends this and nothing else."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    return app


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Tells what it receives, and how it ends."""
    await send(ACCEPT)
    while True:
        message = await receive()
        if message["type"] == "websocket.receive":
            await send({**message, "type": "websocket.send"})
        elif message["type"] == "websocket.disconnect":
            scope["seen"].append(message)
            return


class Case(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.seen: list[Any] = []

    def watched(self, app: Any) -> Any:
        async def watcher(scope: Any, receive: Any, send: Any) -> None:
            scope["seen"] = self.seen
            await app(scope, receive, send)

        return watcher

    async def frames_of(self, *messages: Any, count: int) -> list[Frame]:
        async with FakeGateway(saying(*messages)) as gateway:
            gateway.web_socket()
            found = [await gateway.frame() for _ in range(count)]
            await gateway.nothing()
            self.logged = gateway.host.logged
            self.assertEqual(gateway.link.streams, {})
            return found


class HandshakeTest(Case):
    async def test_scope(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            self.seen += [scope, await receive()]
            await send(CLOSE)

        async with FakeGateway(app) as gateway:
            gateway.web_socket([("sec-websocket-protocol", "chat, v2"), ("host", "a")])
            await gateway.frame()
        scope, connect = self.seen
        self.assertEqual(connect, {"type": "websocket.connect"})
        self.assertEqual((scope["type"], scope["scheme"]), ("websocket", "ws"))
        self.assertEqual(scope["subprotocols"], ["chat", "v2"])
        self.assertEqual(scope["extensions"], {"websocket.http.response": {}})
        self.assertNotIn("method", scope)

    async def test_accept(self) -> None:
        headers = [(b"x-a", b"1")]
        message = {**ACCEPT, "subprotocol": "chat", "headers": headers}
        accept, close = await self.frames_of(message, CLOSE, count=2)
        self.assertEqual((accept.kind, accept.payload), (frames.WS_ACCEPT, b"chat\nx-a\n1"))
        self.assertEqual((close.kind, close.code, close.payload), (frames.WS_CLOSE, 1000, b""))
        [accept, _] = await self.frames_of({**ACCEPT, "headers": headers}, count=2)
        self.assertEqual(accept.payload, b"\nx-a\n1")
        [accept, _] = await self.frames_of({**ACCEPT, "subprotocol": None}, count=2)
        self.assertEqual(accept.payload, b"")

    async def test_what_cannot_be_accepted(self) -> None:
        bad: list[dict[str, Any]] = [
            {"headers": [(b"a", b"1\nb\n2")]},
            {"headers": [(b"Sec-WebSocket-Protocol", b"chat")]},
            {"subprotocol": "a\nb"},
            {"subprotocol": "a b"},
        ]
        for more in bad:
            with self.subTest(more=more):
                [frame] = await self.frames_of({**ACCEPT, **more}, count=1)
                self.assertEqual((frame.kind, frame.payload[:3]), (frames.RESPONSE, b"500"))
                self.assertIn("Traceback", self.logged[0][1])

    async def test_close_instead(self) -> None:
        [frame] = await self.frames_of({**CLOSE, "code": 4001}, count=1)
        self.assertEqual((frame.kind, frame.code), (frames.WS_CLOSE, 4001))

    async def test_denial(self) -> None:
        start = {"type": "websocket.http.response.start", "status": 401, "headers": [(b"a", b"b")]}
        body = {"type": "websocket.http.response.body", "body": b"no"}
        [frame] = await self.frames_of(start, body, count=1)
        self.assertEqual((frame.kind, frame.flags), (frames.RESPONSE, frames.END))
        self.assertEqual(frame.payload, b"401 \na\nbno")
        found = await self.frames_of(start, {**body, "more_body": True}, body, count=2)
        self.assertEqual([frame.kind for frame in found], [frames.RESPONSE, frames.DATA])
        self.assertEqual(found[1].flags, frames.END)

    async def test_neither(self) -> None:
        [frame] = await self.frames_of(count=1)
        self.assertEqual(frame.payload[:3], b"500")
        self.assertIn("without its answer", self.logged[0][1])

    async def test_client_leaves_before(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await receive()
            self.seen.append(await receive())
            await send(ACCEPT)

        async with FakeGateway(app) as gateway:
            stream = gateway.web_socket()
            gateway.send(frames.CANCEL, stream, code=1)
            self.assertEqual((await gateway.frame()).kind, frames.ABORT)
            self.assertEqual(gateway.host.logged, [])
        self.assertEqual(self.seen[0], {"type": "websocket.disconnect", "code": 1006, "reason": ""})


class MessageTest(Case):
    async def test_text_and_bytes(self) -> None:
        async with FakeGateway(self.watched(echo)) as gateway:
            stream = gateway.web_socket()
            self.assertEqual((await gateway.frame()).kind, frames.WS_ACCEPT)
            for payload, flags in (("é".encode(), TEXT_END), (b"\xff", frames.END), (b"", TEXT_END)):
                gateway.send(frames.WS_MESSAGE, stream, payload, flags=flags)
                frame = await self.message(gateway)
                self.assertEqual((frame.payload, frame.flags), (payload, flags))

    async def message(self, gateway: FakeGateway) -> Frame:
        """The next frame that is no credit."""
        frame = await gateway.frame()
        while frame.kind == frames.CREDIT:
            frame = await gateway.frame()
        self.assertEqual(frame.kind, frames.WS_MESSAGE)
        return frame

    async def test_messages_in_parts(self) -> None:
        async with FakeGateway(self.watched(echo)) as gateway:
            stream = gateway.web_socket()
            await gateway.frame()
            await asyncio.sleep(0.01)
            part = bytes(200_000)
            for number in range(5):
                flags = frames.END if number == 4 else 0
                gateway.send(frames.WS_MESSAGE, stream, part, flags=flags)
                if not flags:  # else the gateway would have no room for the rest
                    frame = await gateway.frame()
                    self.assertEqual((frame.kind, frame.code), (frames.CREDIT, 200_000))
            gateway.send(frames.CREDIT, stream, code=1_000_000)
            size, frame = 0, await self.message(gateway)
            while not frame.flags & frames.END:
                size += len(frame.payload)
                frame = await self.message(gateway)
            self.assertEqual(size + len(frame.payload), 1_000_000)

    async def test_all_credit_comes_back_when_the_app_waits(self) -> None:
        async with FakeGateway(self.watched(echo)) as gateway:
            stream = gateway.web_socket()
            await gateway.frame()
            gateway.send(frames.WS_MESSAGE, stream, b"abc", flags=frames.END)
            found = sorted([await gateway.frame(), await gateway.frame()])
            self.assertEqual((found[0].kind, found[0].code), (frames.CREDIT, 3))

    async def test_no_credit_for_an_app_that_does_not_listen(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(ACCEPT)
            await asyncio.sleep(60)

        async with FakeGateway(app) as gateway:
            stream = gateway.web_socket()
            await gateway.frame()
            gateway.send(frames.WS_MESSAGE, stream, bytes(1000), flags=frames.END)
            gateway.send(frames.WS_MESSAGE, stream, bytes(200_000))
            await gateway.nothing()

    async def test_long_messages_of_two_tasks_do_not_mix(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(ACCEPT)
            letters = (b"a" * 600_000, b"b" * 600_000, b"c")
            sends = [send({"type": "websocket.send", "bytes": letter}) for letter in letters]
            await asyncio.gather(*sends)

        async with FakeGateway(app) as gateway:
            stream = gateway.web_socket()
            await gateway.frame()
            messages, parts = [], b""
            while len(messages) < 3:
                frame = await gateway.frame()
                parts += frame.payload
                gateway.send(frames.CREDIT, stream, code=len(frame.payload))
                if frame.flags & frames.END:
                    messages.append((len(parts), bytes(set(parts))))
                    parts = b""
            self.assertEqual(sorted(messages), [(1, b"c"), (600_000, b"a"), (600_000, b"b")])

    async def test_broken_message_ends_the_web_socket(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(ACCEPT)
            long = send({"type": "websocket.send", "bytes": bytes(1_000_000)})
            try:
                await asyncio.wait_for(long, 0.02)
            except asyncio.TimeoutError:
                self.seen.append((await receive())["type"])
                self.seen.append((await receive())["type"])

        async with FakeGateway(app) as gateway:
            gateway.web_socket()
            kinds = [(await gateway.frame()).kind for _ in range(3)]
            self.assertEqual(kinds, [frames.WS_ACCEPT, frames.WS_MESSAGE, frames.ABORT])
            await gateway.nothing()
        self.assertEqual(self.seen, ["websocket.connect", "websocket.disconnect"])

    async def test_what_is_no_message(self) -> None:
        for more in ({}, {"text": b"bytes"}, {"bytes": "text"}, {"bytes": 3}):
            with self.subTest(more=more):
                _, close = await self.frames_of(
                    ACCEPT, {"type": "websocket.send", **more}, count=2
                )
                self.assertEqual((close.kind, close.code), (frames.WS_CLOSE, 1011))
                self.assertIn("a message has to have", self.logged[0][1])


class CloseTest(Case):
    async def test_by_the_client(self) -> None:
        async with FakeGateway(self.watched(echo)) as gateway:
            stream = gateway.web_socket()
            await gateway.frame()
            gateway.send(frames.WS_CLOSE, stream, b"bye", code=4000)
            gateway.send(frames.CANCEL, stream, code=1)
            self.assertEqual((await gateway.frame()).kind, frames.ABORT)
            await gateway.nothing()
            self.assertEqual(gateway.host.logged, [])
        expected = {"type": "websocket.disconnect", "code": 4000, "reason": "bye"}
        self.assertEqual(self.seen, [expected])

    async def test_messages_before_the_close_are_heard(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(ACCEPT)
            await asyncio.sleep(0.02)
            for _ in range(3):
                self.seen.append((await receive())["type"])

        async with FakeGateway(app) as gateway:
            stream = gateway.web_socket()
            await gateway.frame()
            gateway.send(frames.WS_MESSAGE, stream, b"last", flags=frames.END)
            gateway.send(frames.WS_CLOSE, stream, code=1000)
            self.assertEqual((await gateway.frame()).kind, frames.ABORT)
        types = ["websocket.connect", "websocket.receive", "websocket.disconnect"]
        self.assertEqual(self.seen, types)

    async def test_send_after_it_is_an_oserror(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await receive()
            await send(ACCEPT)
            await receive()
            try:
                await send({"type": "websocket.send", "text": "too late"})
            except OSError as error:
                self.seen.append(error)
                raise

        async with FakeGateway(app) as gateway:
            stream = gateway.web_socket()
            await gateway.frame()
            gateway.send(frames.WS_CLOSE, stream, code=1001)
            self.assertEqual((await gateway.frame()).kind, frames.ABORT)
            self.assertEqual(gateway.host.logged, [])
        self.assertEqual(len(self.seen), 1)

    async def test_by_the_app(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await receive()
            await send(ACCEPT)
            await send({**CLOSE, "code": 3001, "reason": "\u00e9" * 100})
            self.seen.append(await receive())

        async with FakeGateway(app) as gateway:
            gateway.web_socket()
            _, close = [await gateway.frame() for _ in range(2)]
            await gateway.nothing()
        self.assertEqual((close.kind, close.code), (frames.WS_CLOSE, 3001))
        self.assertEqual(close.payload.decode(), "\u00e9" * 61)
        self.assertEqual(self.seen[0]["code"], 3001)

    async def test_with_a_code_that_cannot_be(self) -> None:
        for code in (999, 1004, 1006, 1015, 2000, 5000, "1000", None):
            with self.subTest(code=code):
                _, close = await self.frames_of(ACCEPT, {**CLOSE, "code": code}, count=2)
                self.assertEqual(close.code, 1011)

    async def test_app_returns_or_raises(self) -> None:
        _, close = await self.frames_of(ACCEPT, count=2)
        self.assertEqual((close.kind, close.code), (frames.WS_CLOSE, 1000))
        _, close = await self.frames_of(ACCEPT, ACCEPT, count=2)
        self.assertEqual((close.kind, close.code), (frames.WS_CLOSE, 1011))
        self.assertIn("Unexpected ASGI message 'websocket.accept' after", self.logged[0][1])
        await self.frames_of(ACCEPT, CLOSE, {"type": "websocket.send", "text": "x"}, count=2)
        self.assertIn("after the WebSocket was closed", self.logged[0][1])


if __name__ == "__main__":
    unittest.main()
