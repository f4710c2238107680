"""An ASGI app that is served: its loop, its lifespan, and its connection to the gateway."""

from __future__ import annotations

import asyncio
import functools
import sys
from typing import Any, Callable

from .asgi_lifespan import Lifespan
from .asgi_link import AsgiLink
from .dial import Backoff, dial, hello

Log = Callable[[str, str], None]


class AsgiHost:
    """Outlives its connections. `on_idle` is called when it rests and nothing is under way."""

    def __init__(self, app: Any, start: dict[str, Any], log: Log) -> None:
        asgi = start["asgi"]
        self.app = app
        self.log = log
        self.root_path: str = asgi["rootPath"]
        self.disconnect_grace: float = asgi["disconnectGraceMs"] / 1000
        self.capacity: int = start["workerConnections"]
        self.loop = asyncio.get_running_loop()
        self.new_task: Any = None
        self.on_idle: Callable[[], None] = lambda: None
        self.on_limit: Callable[[], None] = lambda: None
        self._start = start
        self._lifespan = Lifespan(app, asgi["lifespan"], log)
        self._limit: int = start["requestLimit"]
        self._begun = 0
        self._link: AsgiLink | None = None
        # Of gateways that have died; their calls may still be ending.
        self._past: list[AsgiLink] = []
        self._welcome: asyncio.Future[None] | None = None
        self._backoff = Backoff()
        self._resting = False
        self._gateway_idle = False

    @property
    def state(self) -> dict[str, Any] | None:
        return self._lifespan.state

    @property
    def in_flight(self) -> int:
        """Calls of the app, also those that go on after their answer."""
        return sum(len(link.streams) for link in self._links())

    @property
    def requests(self) -> int:
        """Calls that have ended."""
        return self._begun - self.in_flight

    async def open(self) -> None:
        """Settles when requests can come; raises LifespanError."""
        await self._lifespan.start()
        self.new_task = _task_maker(self.loop)
        if self._start["purpose"] == "check":
            return
        self._welcome = self.loop.create_future()
        self._dial()
        await self._welcome

    async def close(self, seconds: float) -> None:
        """Ends the app. Nothing is under way, or has to be waited for, any more."""
        self.rest()
        await self._lifespan.stop(seconds)

    def rest(self) -> None:
        """Begins nothing new; `on_idle` follows, also when it has rested for long."""
        link = self._link
        if not self._resting:
            self._resting = True
            if link is not None and link.welcomed:
                link.rest(True)
        if link is None:
            self._gateway_idle = True  # there is nobody who could send anything
        self.look()

    def resume(self) -> None:
        """Takes part again."""
        if not self._resting:
            return
        self._resting = False
        self._gateway_idle = False
        for link in self._links():
            link.waits_for_end = False
        if self._link is None:
            self._dial()
        elif self._link.welcomed:
            self._link.rest(False)

    # What links call.

    def count(self, begun: int) -> None:
        before = self._begun
        self._begun += begun
        if before < self._limit <= self._begun:
            self.on_limit()

    def look(self) -> None:
        """Something has ended: is it all?"""
        self._past = [link for link in self._past if link.streams]
        for link in self._links():
            link.waits_for_end = True
        if self._resting and self._gateway_idle and self.in_flight == 0:
            self.on_idle()

    def hear_idle(self) -> None:
        self._gateway_idle = self._resting
        self.look()

    def hear_welcome(self, link: AsgiLink) -> None:
        self._backoff.reset()
        if self._resting:
            link.rest(True)
        if self._welcome is not None and not self._welcome.done():
            self._welcome.set_result(None)

    def lost(self, link: AsgiLink) -> None:
        """The gateway has died, and another one will listen where it did."""
        self._past.append(link)
        if link is not self._link:
            return
        self._link = None
        if self._resting:
            self._gateway_idle = True
            self.look()
        else:
            self._dial_later()

    def _links(self) -> list[AsgiLink]:
        return self._past if self._link is None else [self._link, *self._past]

    def _dial(self) -> None:
        if self._link is not None or self._resting:
            return
        try:
            sock = dial(self._start["link"]["name"])
        except OSError:
            return self._dial_later()
        link = AsgiLink(self, hello(self._start, "asgi", self.capacity))
        self._link = link
        self.loop.create_task(_connect(self.loop, link, sock))

    def _dial_later(self) -> None:
        self.loop.call_later(self._backoff.next(), self._dial)


async def _connect(loop: asyncio.AbstractEventLoop, link: AsgiLink, sock: Any) -> None:
    await loop.create_connection(lambda: link, sock=sock)


def _task_maker(loop: asyncio.AbstractEventLoop) -> Any:
    """Less than `create_task` does, unless the app has asked for tasks of its own kind."""
    if loop.get_task_factory() is not None:
        return lambda coro, loop: loop.create_task(coro)
    if sys.version_info >= (3, 12):
        # One turn of the loop less: most answers are complete before the app has waited for anything.
        return functools.partial(asyncio.Task, eager_start=True)
    return asyncio.Task
