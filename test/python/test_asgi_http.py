"""Requests through a link: what apps receive, and what becomes of what they send."""

from __future__ import annotations

import asyncio
import unittest
from typing import Any

from fake_gateway import GET, FakeGateway
from tsgun_python import frames
from tsgun_python.asgi_cycle import ClientDisconnected

START = {"type": "http.response.start", "status": 200, "headers": []}
BODY = {"type": "http.response.body", "body": b"body"}
PART = {**BODY, "more_body": True}


def saying(*messages: Any) -> Any:
    """An app that sends this and nothing else."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    return app


def start(*headers: Any, **more: Any) -> dict[str, Any]:
    return {**START, "headers": list(headers), **more}


class ScopeTest(unittest.IsolatedAsyncioTestCase):
    async def scope_of(self, fields: list[str], headers: Any = ()) -> dict[str, Any]:
        seen: list[Any] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            seen.append(scope)
            await saying(START, BODY)(scope, receive, send)

        async with FakeGateway(app) as gateway:
            gateway.host.state = {"shared": 1}
            gateway.request(fields, headers)
            await gateway.frame()
        return seen[0]

    async def test_all_of_it(self) -> None:
        fields = ["POST", "/a%20b/%C3%A9?x=1&y=%20", *GET[2:]]
        scope = await self.scope_of(fields, [("host", "a"), ("x-b", "1"), ("x-b", "\xe9")])
        self.assertEqual(scope["type"], "http")
        self.assertEqual(scope["asgi"], {"version": "3.0", "spec_version": "2.5"})
        self.assertEqual(scope["method"], "POST")
        self.assertEqual(scope["path"], "/a b/\u00e9")
        self.assertEqual(scope["raw_path"], b"/a%20b/%C3%A9")
        self.assertEqual(scope["query_string"], b"x=1&y=%20")
        self.assertEqual(scope["headers"], [(b"host", b"a"), (b"x-b", b"1"), (b"x-b", b"\xe9")])
        self.assertEqual(scope["client"], ("10.0.0.1", 4321))
        self.assertEqual(scope["server"], ("10.0.0.2", 80))
        self.assertEqual((scope["http_version"], scope["scheme"]), ("1.1", "http"))
        self.assertEqual((scope["root_path"], scope["state"]), ("", {"shared": 1}))

    async def test_path_that_is_no_text(self) -> None:
        scope = await self.scope_of(["GET", "/%ff%C3", *GET[2:]])
        self.assertEqual(scope["path"], "/\ufffd\ufffd")
        scope["path"].encode()

    async def test_raw_bytes_in_the_path(self) -> None:
        scope = await self.scope_of(["GET", "/\xc3\xa9", *GET[2:]])
        self.assertEqual(scope["path"], "/\u00e9")

    async def test_unix_socket_has_no_addresses(self) -> None:
        scope = await self.scope_of([*GET[:4], "", "", "", ""])
        self.assertIsNone(scope["client"])
        self.assertIsNone(scope["server"])

    async def test_trailers_only_for_those_who_take_them(self) -> None:
        with_te = await self.scope_of(GET, [("te", "trailers")])
        without = await self.scope_of(GET, [("x", "te")])
        self.assertIn("http.response.trailers", with_te["extensions"])
        self.assertNotIn("http.response.trailers", without["extensions"])
        self.assertIn("http.response.early_hint", without["extensions"])

    async def test_state_is_a_copy(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            scope["state"]["mine"] = 1
            await saying(START, BODY)(scope, receive, send)

        async with FakeGateway(app) as gateway:
            gateway.host.state = {}
            gateway.request()
            await gateway.frame()
            self.assertEqual(gateway.host.state, {})


class SendTest(unittest.IsolatedAsyncioTestCase):
    async def answer_of(self, *messages: Any, fields: list[str] = GET, headers: Any = ()) -> Any:
        async with FakeGateway(saying(*messages)) as gateway:
            gateway.request(fields, headers)
            answer = await gateway.answer()
            await gateway.nothing()
            self.logged = gateway.host.logged
            self.assertEqual(gateway.link.streams, {})
            return answer

    async def kinds_of(self, *messages: Any, **request: Any) -> list[int]:
        """Of all frames until the stream has ended."""
        async with FakeGateway(saying(*messages)) as gateway:
            gateway.request(**request)
            kinds = []
            while True:
                frame = await gateway.frame()
                kinds.append(frame.kind)
                last = frame.kind in (frames.ABORT, frames.TRAILERS)
                if last or frame.flags & frames.END:
                    break
            await gateway.nothing()
            self.logged = gateway.host.logged
            return kinds

    async def test_small_answer_is_one_frame(self) -> None:
        async with FakeGateway(saying(start((b"a", b"b")), BODY)) as gateway:
            gateway.request()
            frame = await gateway.frame()
            self.assertEqual((frame.kind, frame.flags), (frames.RESPONSE, frames.END))
            self.assertEqual(frame.payload, b"200 \na\nbbody")

    async def test_headers_may_be_any_iterable_and_left_out(self) -> None:
        lists = start()
        lists["headers"] = iter([[b"a", b"1"]])
        self.assertEqual(await self.answer_of(lists, BODY), (200, {"a": "1"}, b"body"))
        bare = {"type": "http.response.start", "status": 200}
        self.assertEqual(await self.answer_of(bare, BODY), (200, {}, b"body"))

    async def test_body_in_parts(self) -> None:
        kinds = await self.kinds_of(START, PART, PART, {"type": "http.response.body"})
        self.assertEqual(kinds, [frames.RESPONSE, frames.DATA, frames.DATA])
        self.assertEqual((await self.answer_of(START, PART, BODY))[2], b"bodybody")

    async def test_bytearray_and_memoryview_are_bytes(self) -> None:
        for body in (bytearray(b"body"), memoryview(b"body")):
            self.assertEqual((await self.answer_of(START, {**BODY, "body": body}))[2], b"body")

    async def test_head_without_a_body_yet(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(START)
            await asyncio.sleep(60)

        async with FakeGateway(app) as gateway:
            gateway.request()
            frame = await gateway.frame()
            self.assertEqual((frame.kind, frame.flags), (frames.RESPONSE, 0))

    async def test_no_body_where_there_is_none(self) -> None:
        head = ["HEAD", *GET[1:]]
        length = start((b"content-length", b"4"))
        self.assertEqual(
            await self.answer_of(length, BODY, fields=head), (200, {"content-length": "4"}, b"")
        )
        self.assertEqual((await self.answer_of(START, PART, BODY, fields=head))[2], b"")
        for status in (204, 304):
            self.assertEqual((await self.answer_of(start(status=status), BODY))[2], b"")
        self.assertEqual((await self.answer_of({**length, "status": 204}, BODY))[1], {})

    async def test_hop_by_hop_headers_are_dropped(self) -> None:
        dropped = [(b"Connection", b"close"), (b"transfer-encoding", b"chunked")]
        answer = await self.answer_of(start(*dropped, (b"a", b"b")), BODY)
        self.assertEqual(answer, (200, {"a": "b"}, b"body"))

    async def test_longer_than_its_content_length(self) -> None:
        for body in ([BODY], [PART, BODY]):
            answer = await self.answer_of(start((b"Content-Length", b"2")), *body)
            self.assertEqual(answer[2], b"bo")
            self.assertEqual(self.logged[0][0], "warning")
            self.assertIn("longer than its Content-Length", self.logged[0][1])

    async def test_shorter_than_its_content_length(self) -> None:
        answer = await self.answer_of(start((b"content-length", b"9")), BODY)
        self.assertEqual(answer[0], 500)
        self.assertIn("5 bytes shorter", self.logged[0][1])
        kinds = await self.kinds_of(start((b"content-length", b"9")), PART, BODY)
        self.assertEqual(kinds, [frames.RESPONSE, frames.ABORT])

    async def test_what_cannot_be_a_head(self) -> None:
        bad: list[Any] = [
            start((b"a", b"1\r\nb: 2")),
            start((b"a", b"1\nb\n2")),
            start((b"a\n1\nb", b"2")),
            start((b"a b", b"1")),
            start((b"", b"1")),
            start(("a", b"1")),
            start((b"a", "1")),
            start((b"a", b"\x00")),
            start((b"a", b"1", b"2")),
            start(b"ab"),
            start((b"content-length", b"-1")),
            start((b"content-length", b"1"), (b"content-length", b"2")),
            start(status="200"),
            start(status=True),
            start(status=99),
            start(status=101),
            start(status=2000),
            start(status=None),
            {"type": "http.response.start"},
            {**START, "headers": 5},
        ]
        for message in bad:
            with self.subTest(message=message):
                status, _, body = await self.answer_of(message, BODY)
                self.assertEqual((status, b"Internal Server Error" in body), (500, True))
                self.assertEqual(self.logged[0][0], "error")
                self.assertIn("Traceback", self.logged[0][1])
                self.assertNotIn("asgi_cycle.py", self.logged[0][1])

    async def test_known_head_does_not_hide_a_bad_one(self) -> None:
        await self.answer_of(start((b"a", b"1"), (b"b", b"2")), BODY)
        self.assertEqual((await self.answer_of(start((b"a", b"1\nb\n2")), BODY))[0], 500)

    async def test_what_cannot_be_a_body(self) -> None:
        for body in ("text", 4, None, [b"a"]):
            with self.subTest(body=body):
                answer = await self.answer_of(START, {**BODY, "body": body})
                self.assertEqual(answer[0], 500)
                self.assertIn("a body has to be bytes", self.logged[0][1])

    async def test_wrong_order(self) -> None:
        wrong: list[Any] = [
            [BODY],
            [START, START],
            [{"type": "http.response.wonder"}],
            [{"type": "websocket.accept"}],
            [START, {"type": "http.response.trailers", "headers": []}],
        ]
        for messages in wrong:
            with self.subTest(messages=messages):
                self.assertEqual((await self.answer_of(*messages))[0], 500)
                self.assertIn("Unexpected ASGI message", self.logged[0][1])

    async def test_send_after_the_end_harms_nobody(self) -> None:
        self.assertEqual((await self.answer_of(START, BODY, BODY))[2], b"body")
        self.assertIn("after the answer was complete", self.logged[0][1])

    async def test_app_returns_too_early(self) -> None:
        self.assertEqual((await self.answer_of())[0], 500)
        self.assertIn("the app returned without its answer", self.logged[0][1])
        self.assertEqual((await self.answer_of(START))[0], 500)
        self.assertEqual(await self.kinds_of(START, PART), [frames.RESPONSE, frames.ABORT])
        self.assertIn("without the end of its answer", self.logged[0][1])

    async def test_app_raises(self) -> None:
        for error in (ValueError("no"), SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError()):
            for before, kinds in (([], [frames.RESPONSE]), ([PART], [frames.RESPONSE, frames.ABORT])):
                with self.subTest(error=error, before=before):
                    await self.check_raising(error, [START, *before] if before else [], kinds)

    async def check_raising(self, error: Any, before: list[Any], kinds: list[int]) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await saying(*before)(scope, receive, send)
            raise error

        async with FakeGateway(app) as gateway:
            gateway.request()
            self.assertEqual([(await gateway.frame()).kind for _ in kinds], kinds)
            self.assertIn(type(error).__name__, gateway.host.logged[0][1])
            gateway.request()  # and the worker goes on
            self.assertEqual([(await gateway.frame()).kind for _ in kinds], kinds)

    async def test_app_that_is_no_coroutine(self) -> None:
        async with FakeGateway(lambda scope, receive, send: None) as gateway:
            gateway.request()
            self.assertEqual((await gateway.answer())[0], 500)

    async def test_early_hints(self) -> None:
        hint = {"type": "http.response.early_hint", "links": [b"</a>; rel=preload"]}
        inform = {"type": "http.response.informational", "status": 103, "headers": [(b"link", b"x")]}
        async with FakeGateway(saying(hint, inform, START, BODY)) as gateway:
            gateway.request()
            one, two, _ = [await gateway.frame() for _ in range(3)]
        self.assertEqual((one.kind, one.payload), (frames.INFORM, b"103 \nLink\n</a>; rel=preload"))
        self.assertEqual((two.kind, two.payload), (frames.INFORM, b"103 \nlink\nx"))

    async def test_interim_status_that_is_none(self) -> None:
        for status in (200, 100, 101):
            message = {"type": "http.response.informational", "status": status}
            self.assertEqual((await self.answer_of(message))[0], 500)

    async def test_trailers(self) -> None:
        trailers = {"type": "http.response.trailers", "headers": [(b"x-sum", b"1")]}
        messages = [start(trailers=True), BODY, {**trailers, "more_trailers": True}, trailers]
        async with FakeGateway(saying(*messages)) as gateway:
            gateway.request(GET, [("te", "trailers")])
            head, last = [await gateway.frame() for _ in range(2)]
            self.assertEqual((head.kind, head.flags), (frames.RESPONSE, 0))
            self.assertEqual((last.kind, last.payload), (frames.TRAILERS, b"x-sum\n1\nx-sum\n1"))
        self.assertEqual((await self.answer_of(*messages))[2], b"body")
        self.assertEqual((await self.answer_of(start(trailers=True), BODY))[2], b"body")


class ReceiveTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.got: list[Any] = []

    def reading(self, times: int) -> Any:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            for _ in range(times):
                self.got.append(await receive())
            await saying(START, BODY)(scope, receive, send)

        return app

    async def test_no_body(self) -> None:
        async with FakeGateway(self.reading(1)) as gateway:
            gateway.request()
            await gateway.answer()
        self.assertEqual(self.got, [{"type": "http.request", "body": b"", "more_body": False}])

    async def test_body_with_the_head(self) -> None:
        async with FakeGateway(self.reading(1)) as gateway:
            gateway.request(body=b"all")
            await gateway.answer()
        self.assertEqual(self.got, [{"type": "http.request", "body": b"all", "more_body": False}])

    async def test_body_that_comes_later(self) -> None:
        async with FakeGateway(self.reading(3)) as gateway:
            stream = gateway.request(flags=0)
            for part, flags in ((b"one", 0), (b"two", 0), (b"", frames.END)):
                await asyncio.sleep(0.01)
                gateway.send(frames.BODY, stream, part, flags=flags)
            await gateway.answer()
        self.assertEqual([got["body"] for got in self.got], [b"one", b"two", b""])
        self.assertEqual([got["more_body"] for got in self.got], [True, True, False])

    async def test_credit_for_what_the_app_takes(self) -> None:
        async with FakeGateway(self.reading(2)) as gateway:
            stream = gateway.request(flags=0)
            gateway.send(frames.BODY, stream, bytes(100_000))
            frame = await gateway.frame()
            self.assertEqual((frame.kind, frame.code), (frames.CREDIT, 100_000))
            gateway.send(frames.BODY, stream, bytes(10), flags=frames.END)
            await gateway.answer()

    async def test_no_credit_for_what_it_leaves(self) -> None:
        async with FakeGateway(self.reading(0)) as gateway:
            stream = gateway.request(flags=0)
            gateway.send(frames.BODY, stream, bytes(200_000))
            await gateway.answer()
            gateway.send(frames.BODY, stream, b"late", flags=frames.END)
            await gateway.nothing()

    async def test_disconnect_after_the_answer(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await saying(START, BODY)(scope, receive, send)
            self.got.append(await receive())

        async with FakeGateway(app) as gateway:
            gateway.request()
            await gateway.answer()
        self.assertEqual(self.got, [{"type": "http.disconnect"}])

    async def test_one_who_waits_hears_of_the_end_of_the_answer(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await receive()
            waits = [asyncio.ensure_future(receive()) for _ in range(2)]
            await asyncio.sleep(0)
            await saying(START, BODY)(scope, receive, send)
            self.got += await asyncio.gather(*waits)

        async with FakeGateway(app) as gateway:
            gateway.request()
            await gateway.answer()
            await asyncio.sleep(0.01)
        self.assertEqual(self.got, [{"type": "http.disconnect"}] * 2)


class DisconnectTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.got: list[Any] = []

    async def cancelled(self, app: Any, code: int = 1) -> list[tuple[str, str]]:
        async with FakeGateway(app) as gateway:
            stream = gateway.request()
            await asyncio.sleep(0.02)
            gateway.send(frames.CANCEL, stream, code=code)
            frame = await gateway.frame()
            while frame.kind != frames.ABORT:
                frame = await gateway.frame()
            await gateway.nothing()
            self.assertEqual(gateway.link.streams, {})
            return gateway.host.logged

    async def test_receive_tells_it(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            self.got += [await receive(), await receive()]

        self.assertEqual(await self.cancelled(app), [])
        self.assertEqual(self.got[1], {"type": "http.disconnect"})

    async def test_send_raises_an_oserror_which_is_no_failure(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(START)
            try:
                while True:
                    await send(PART)
                    await asyncio.sleep(0.001)
            except OSError as error:
                self.got.append(error)
                raise

        self.assertEqual(await self.cancelled(app), [])
        self.assertIsInstance(self.got[0], ClientDisconnected)

    async def test_failure_of_the_app_is_still_told(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await receive()
            await receive()
            raise ValueError("while cleaning up")

        [(level, message)] = await self.cancelled(app)
        self.assertEqual((level, "while cleaning up" in message), ("error", True))

    async def test_task_ends_after_a_while(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                self.got.append("cancelled")
                raise

        self.assertEqual(await self.cancelled(app), [])
        self.assertEqual(self.got, ["cancelled"])

    async def test_out_of_time_ends_the_task_at_once_and_tells_where_it_was(self) -> None:
        async def slow() -> None:
            await asyncio.sleep(60)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await slow()

        [(level, message)] = await self.cancelled(app, code=2)
        self.assertEqual(level, "error")
        self.assertIn("GET / is out of time", message)
        self.assertIn("in slow", message)

    async def test_gateway_dies(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            self.got += [await receive(), await receive()]

        async with FakeGateway(app) as gateway:
            gateway.request()
            await asyncio.sleep(0.02)
            gateway._writer.close()
            await asyncio.sleep(0.02)
            self.assertEqual(self.got[1], {"type": "http.disconnect"})
            self.assertEqual((gateway.link.streams, gateway.host.logged), ({}, []))
            self.assertIn("lost", gateway.host.events)


class PressureTest(unittest.IsolatedAsyncioTestCase):
    async def test_send_waits_for_credit(self) -> None:
        sent: list[int] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(START)
            for number in range(8):
                await send({**PART, "body": bytes(100_000)})
                sent.append(number)
            await send(BODY)

        async with FakeGateway(app) as gateway:
            stream = gateway.request()
            size = 0
            while size < frames.INITIAL_CREDIT:
                frame = await gateway.frame()
                size += len(frame.payload) - frame.code
            self.assertEqual(size, frames.INITIAL_CREDIT)
            await gateway.nothing()
            self.assertEqual(sent, [0, 1])
            gateway.send(frames.CREDIT, stream, code=1_000_000)
            while not frame.flags & frames.END:
                frame = await gateway.frame()
                size += len(frame.payload)
            self.assertEqual(size, 800_004)

    async def test_body_that_is_longer_than_a_frame(self) -> None:
        body = bytes(range(256)) * 4096
        async with FakeGateway(saying(START, {**BODY, "body": body})) as gateway:
            stream = gateway.request()
            gateway.send(frames.CREDIT, stream, code=len(body))
            self.assertEqual((await gateway.answer())[2], body)

    async def test_client_leaves_while_send_waits(self) -> None:
        async with FakeGateway(saying(START, {**BODY, "body": bytes(1_000_000)})) as gateway:
            stream = gateway.request()
            await gateway.frame()
            gateway.send(frames.CANCEL, stream, code=1)
            self.assertEqual((await gateway.frame()).kind, frames.ABORT)
            self.assertEqual(gateway.host.logged, [])

    async def test_never_more_than_its_capacity(self) -> None:
        release = asyncio.Event()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await release.wait()
            await saying(START, BODY)(scope, receive, send)

        async with FakeGateway(app, capacity=2) as gateway:
            first, _, third = [gateway.request() for _ in range(3)]
            frame = await gateway.frame()
            self.assertEqual((frame.kind, frame.stream), (frames.REJECT, third))
            release.set()
            self.assertEqual((await gateway.frame()).stream, first)

    async def test_work_after_the_answer_takes_no_place(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await saying(START, BODY)(scope, receive, send)
            await asyncio.sleep(60)

        async with FakeGateway(app, capacity=1) as gateway:
            for _ in range(3):
                gateway.request()
                self.assertEqual((await gateway.answer())[2], b"body")


class LinkTest(unittest.IsolatedAsyncioTestCase):
    async def test_frames_in_any_pieces(self) -> None:
        async with FakeGateway(saying(START, BODY)) as gateway:
            write = gateway.send_raw
            whole = bytearray()
            gateway.send_raw = whole.extend  # type: ignore[method-assign]
            for _ in range(3):
                gateway.request()
            for byte in whole:
                write(bytes([byte]))
                await asyncio.sleep(0)
            for _ in range(3):
                self.assertEqual((await gateway.answer())[2], b"body")

    async def test_what_is_no_frame_ends_the_connection(self) -> None:
        for data in (bytes(16), frames.HEADER.pack(0x75, 17, 0, 1, 3_000_000, 0)):
            async with FakeGateway(saying()) as gateway:
                gateway.send_raw(data)
                self.assertEqual(await gateway._reader.read(1), b"")
                self.assertIn("does not keep to the protocol", gateway.host.logged[0][1])

    async def test_words_about_the_connection(self) -> None:
        async with FakeGateway(saying()) as gateway:
            gateway.send(frames.WELCOME, 0, code=frames.LINK_VERSION)
            gateway.send(frames.IDLE, 0)
            gateway.link.rest(True)
            frame = await gateway.frame()
            self.assertEqual((frame.kind, frame.stream, frame.code), (frames.REST, 0, 1))
            self.assertEqual(gateway.host.events, ["welcome", "idle"])

    async def test_late_frames_of_a_stream_that_has_ended(self) -> None:
        async with FakeGateway(saying(START, BODY)) as gateway:
            stream = gateway.request()
            await gateway.answer()
            for kind in (frames.CANCEL, frames.CREDIT, frames.BODY, frames.FILE_TAKEN):
                gateway.send(kind, stream, code=1)
            await gateway.nothing()


if __name__ == "__main__":
    unittest.main()
