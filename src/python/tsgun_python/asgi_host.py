"""An ASGI app that is served: its loop, its lifespan, and its connection to the gateway."""

from __future__ import annotations

import asyncio
import functools
import socket
import sys
from typing import Any, Callable

from .asgi_lifespan import Lifespan
from .asgi_link import AsgiLink
from .dial import hello
from .mux_host import MuxHost

Log = Callable[[str, str], None]


class AsgiHost(MuxHost):
    """Outlives its connections."""

    def __init__(self, app: Any, start: dict[str, Any], log: Log) -> None:
        super().__init__(start)
        asgi = start["asgi"]
        self.app = app
        self.log = log
        self.root_path: str = asgi["rootPath"]
        self.disconnect_grace: float = asgi["disconnectGraceMs"] / 1000
        self.loop = asyncio.get_running_loop()
        self.new_task: Any = None
        self._lifespan = Lifespan(app, asgi["lifespan"], log)
        self._welcome: asyncio.Future[None] | None = None

    @property
    def state(self) -> dict[str, Any] | None:
        return self._lifespan.state

    async def open(self) -> None:
        """Settles when requests can come; raises LifespanError."""
        await self._lifespan.start()
        self.new_task = _task_maker(self.loop)
        if self.start["purpose"] == "check":
            return
        self._welcome = self.loop.create_future()
        self.dial()
        await self._welcome

    async def close(self, seconds: float) -> None:
        """Ends the app. Nothing is under way, or has to be waited for, any more."""
        self.rest()
        await self._lifespan.stop(seconds)

    def connect(self, sock: socket.socket) -> AsgiLink:
        link = AsgiLink(self, hello(self.start, "asgi", self.capacity))
        self.loop.create_task(_connect(self.loop, link, sock))
        return link

    def call_later(self, seconds: float, function: Callable[[], None]) -> None:
        self.loop.call_later(seconds, function)

    def hear_welcome(self, link: AsgiLink) -> None:
        super().hear_welcome(link)
        if self._welcome is not None and not self._welcome.done():
            self._welcome.set_result(None)


async def _connect(loop: asyncio.AbstractEventLoop, link: AsgiLink, sock: Any) -> None:
    await loop.create_connection(lambda: link, sock=sock)


def _task_maker(loop: asyncio.AbstractEventLoop) -> Any:
    """Less than `create_task` does, unless the app has asked for tasks of its own kind."""
    if loop.get_task_factory() is not None:
        return lambda coro, loop: loop.create_task(coro)
    if sys.version_info >= (3, 12):
        # One turn of the loop less: most answers are complete before the app waits for anything.
        return functools.partial(asyncio.Task, eager_start=True)
    return asyncio.Task
