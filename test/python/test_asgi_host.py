"""A worker's way to its gateway: dialling, gateways that die, rest and drain."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import unittest
from typing import Any

from fake_gateway import GET, encode
from tsgun_python import frames
from tsgun_python.asgi_host import AsgiHost
from tsgun_python.asgi_lifespan import LifespanError
from tsgun_python.frames import HEADER

TIME_LIMIT = 5


class Listener:
    """Where a gateway listens. The socket stays when gateways come and go."""

    def __init__(self) -> None:
        self.name = f"tsgun-test-{os.getpid()}-{id(self)}"
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind("\0" + self.name)
        self._socket.listen(1)
        self._socket.setblocking(False)

    async def accept(self) -> Connection:
        loop = asyncio.get_running_loop()
        sock, _ = await asyncio.wait_for(loop.sock_accept(self._socket), TIME_LIMIT)
        connection = Connection(*await asyncio.open_connection(sock=sock))
        kind, _, payload = await connection.frame()
        assert kind == frames.HELLO
        connection.hello = json.loads(payload)
        return connection

    async def welcome(self) -> Connection:
        connection = await self.accept()
        connection.send(frames.WELCOME, code=frames.LINK_VERSION)
        return connection

    def close(self) -> None:
        self._socket.close()


class Connection:
    hello: Any = None

    def __init__(self, reader: Any, writer: Any) -> None:
        self._reader, self._writer = reader, writer

    async def frame(self) -> tuple[int, int, bytes]:
        """Type, code and payload."""
        head = await asyncio.wait_for(self._reader.readexactly(HEADER.size), TIME_LIMIT)
        _, kind, _, _, length, code = HEADER.unpack(head)
        return kind, code, await self._reader.readexactly(length)

    def send(self, kind: int, stream: int = 0, payload: bytes = b"", **more: int) -> None:
        self._writer.write(encode(kind, stream, payload, **more))

    def request(self, stream: int) -> None:
        head = "\n".join(GET).encode()
        self.send(frames.REQUEST, stream, head, flags=frames.END, code=len(head))

    def close(self) -> None:
        self._writer.close()


async def hello_app(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"hello"})


def start_order(name: str, **more: Any) -> dict[str, Any]:
    return {
        "child": 7,
        "slot": 2,
        "generation": 3,
        "purpose": "serve",
        "link": {"name": name, "token": "secret"},
        "workerConnections": 10,
        "requestLimit": 0,
        "asgi": {"lifespan": "auto", "rootPath": "", "disconnectGraceMs": 100},
        **more,
    }


class HostTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.listener = Listener()
        self.addCleanup(self.listener.close)
        self.logged: list[str] = []
        self.idle = asyncio.Event()

    def host(self, app: Any = hello_app, **more: Any) -> AsgiHost:
        start = start_order(self.listener.name, **more)
        host = AsgiHost(app, start, lambda level, text: self.logged.append(text))
        host.on_idle = self.idle.set
        return host

    async def opened(self, app: Any = hello_app, **more: Any) -> tuple[AsgiHost, Connection]:
        host = self.host(app, **more)
        gateway, _ = await asyncio.gather(self.listener.welcome(), host.open())
        return host, gateway

    async def test_says_who_it_is(self) -> None:
        _, gateway = await self.opened()
        expected = {
            "version": 1,
            "token": "secret",
            "child": 7,
            "slot": 2,
            "pid": os.getpid(),
            "generation": 3,
            "connection": "main",
            "interface": "asgi",
            "capacity": 10,
        }
        self.assertEqual(gateway.hello, expected)
        gateway.close()

    async def test_is_not_open_before_it_was_welcomed(self) -> None:
        opening = asyncio.ensure_future(self.host().open())
        gateway = await self.listener.accept()
        await asyncio.sleep(0.02)
        self.assertFalse(opening.done())
        gateway.send(frames.WELCOME, code=frames.LINK_VERSION)
        await opening
        gateway.close()

    async def test_check_only_loads(self) -> None:
        await self.host(purpose="check", link=None).open()

    async def test_lifespan_that_fails(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "lifespan.startup.failed", "message": "no"})

        with self.assertRaises(LifespanError):
            await self.host(app).open()

    async def test_dials_again_when_its_gateway_dies(self) -> None:
        host, gateway = await self.opened()
        for _ in range(3):
            gateway.close()
            gateway = await self.listener.welcome()
            gateway.request(1)
            self.assertEqual((await gateway.frame())[2], b"200 hello")
        self.assertEqual(host.requests, 3)
        gateway.close()

    async def test_rests_and_goes_on(self) -> None:
        host, gateway = await self.opened()
        host.rest()
        self.assertEqual((await gateway.frame())[:2], (frames.REST, 1))
        self.assertFalse(self.idle.is_set())
        gateway.send(frames.IDLE)
        await asyncio.wait_for(self.idle.wait(), TIME_LIMIT)
        host.resume()
        self.assertEqual((await gateway.frame())[:2], (frames.REST, 0))
        gateway.request(1)
        self.assertEqual((await gateway.frame())[0], frames.RESPONSE)
        gateway.close()

    async def test_waits_for_work_after_the_answer(self) -> None:
        release = asyncio.Event()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                await hello_app(scope, receive, send)
                await release.wait()

        host, gateway = await self.opened(app)
        gateway.request(1)
        await gateway.frame()
        host.rest()
        await gateway.frame()
        gateway.send(frames.IDLE)
        await asyncio.sleep(0.02)
        self.assertEqual((host.in_flight, self.idle.is_set()), (1, False))
        release.set()
        await asyncio.wait_for(self.idle.wait(), TIME_LIMIT)
        self.assertEqual(host.in_flight, 0)
        gateway.close()

    async def test_rests_without_a_gateway(self) -> None:
        host, gateway = await self.opened()
        host.rest()
        gateway.close()
        await asyncio.wait_for(self.idle.wait(), TIME_LIMIT)
        host.resume()
        (await self.listener.welcome()).close()
        host.rest()

    async def test_gateway_that_dies_before_it_has_said_idle(self) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                await asyncio.sleep(60)

        host, gateway = await self.opened(app)
        gateway.request(1)
        await asyncio.sleep(0.02)
        host.rest()
        gateway.close()
        await asyncio.sleep(0.02)
        self.assertFalse(self.idle.is_set())  # the task has its time after the disconnect
        await asyncio.wait_for(self.idle.wait(), TIME_LIMIT)

    async def test_tells_when_it_has_served_enough(self) -> None:
        host, gateway = await self.opened(requestLimit=2)
        told: list[int] = []
        host.on_limit = lambda: told.append(host.requests)
        for number in (1, 2, 3):
            gateway.request(number)
            await gateway.frame()
        self.assertEqual(len(told), 1)
        gateway.close()

    async def test_task_factory_of_the_app(self) -> None:
        made: list[Any] = []

        def factory(loop: Any, coro: Any, **more: Any) -> Any:
            made.append(coro)
            return asyncio.Task(coro, loop=loop, **more)

        asyncio.get_running_loop().set_task_factory(factory)
        _, gateway = await self.opened()
        made.clear()
        gateway.request(1)
        await gateway.frame()
        self.assertIn("Cycle.run", [coro.__qualname__ for coro in made])
        gateway.close()


if __name__ == "__main__":
    unittest.main()
