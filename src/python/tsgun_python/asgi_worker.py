"""The worker class for ASGI apps: one asyncio loop, which serves, beats and obeys."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Any

from .asgi_host import AsgiHost
from .asgi_lifespan import LifespanError
from .fork_guard import guard_forks
from .rotation import Rotation
from .vitals import Lag, beat_of

_LAG_INTERVAL = 0.25
# For tasks of the app that are cancelled at the end, so that they can clean up.
_LAST_WORDS = 1.0
# INT and QUIT to the whole group reach the arbiter too, whose word comes first.
_QUIT_DELAY = 0.1


class AsgiWorker:
    """Made by boot when the app is there. `run` returns when it has done its work."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._start: dict[str, Any] = context.start
        self._quick = False

    def run(self) -> None:
        loop = _new_loop(self._context)
        asyncio.set_event_loop(loop)
        loop.run_until_complete(self._main(loop))

    async def _main(self, loop: asyncio.AbstractEventLoop) -> None:
        context = self._context
        self._loop = loop
        self._left = asyncio.Event()
        self._host = AsgiHost(context.app, self._start, context.log)
        self._host.on_limit = self._beat
        self._rotation = Rotation(self._host, context.channel.send, self._leave, loop.call_later)
        self._lag = Lag(min(_LAG_INTERVAL, self._start["beatIntervalMs"] / 1000))
        self._watch_signals()
        guard_forks(context.channel, self._host.descriptors)
        loop.add_reader(context.channel.fileno(), self._obey_all)
        loop.call_soon(self._obey_all)  # what has come before
        self._tick(0.0)
        await self._serve()
        loop.remove_reader(context.channel.fileno())

    async def _serve(self) -> None:
        opening = self._loop.create_task(self._host.open())
        leaving = self._loop.create_task(self._left.wait())
        await asyncio.wait((opening, leaving), return_when=asyncio.FIRST_COMPLETED)
        if opening.done():
            try:
                opening.result()
            except LifespanError as error:
                self._context.fail("app", str(error), error.stack)
            self._context.ready("asgi")
            await leaving
        opening.cancel()
        if not self._quick:
            await self._host.close(self._start["gracefulTimeoutMs"] / 1000)
            await self._end_tasks()
        self._context.run_hook("worker_exit")
        self._beat()  # so that no request is missing in the totals

    async def _end_tasks(self) -> None:
        """Of the app, which it has left running."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others, timeout=_LAST_WORDS)

    def _leave(self) -> None:
        self._left.set()

    def _quit(self) -> None:
        self._quick = True
        self._leave()

    def _obey_all(self) -> None:
        for order in self._context.channel.read_orders():
            self._rotation.obey(order, self._quit)

    def _tick(self, since: float) -> None:
        """Proves from the loop that does the work that the loop turns."""
        self._lag.tick()
        since += self._lag.every
        if since * 1000 >= self._start["beatIntervalMs"]:
            self._beat()
            since = 0.0
        self._loop.call_later(self._lag.every, self._tick, since)

    def _beat(self) -> None:
        self._context.channel.send(beat_of(self._host, self._lag.take()))

    def _watch_signals(self) -> None:
        add = self._loop.add_signal_handler
        add(signal.SIGTERM, self._context.ask_to_leave, "was sent SIGTERM")
        for number in (signal.SIGINT, signal.SIGQUIT):
            add(number, self._interrupt)

    def _interrupt(self) -> None:
        self._context.run_hook("worker_int")
        self._quick = True
        self._loop.call_later(_QUIT_DELAY, self._leave)


def _new_loop(context: Any) -> asyncio.AbstractEventLoop:
    """uvloop when it is installed, unless asyncio is asked for."""
    name = context.start["asgi"]["loop"]
    if name == "asyncio":
        return asyncio.new_event_loop()
    try:
        import uvloop
    except ImportError as error:
        if name == "uvloop":
            where = f"which {sys.executable} cannot import: {error}"
            context.fail("boot", f'asgi_loop "uvloop" needs the package uvloop, {where}')
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
