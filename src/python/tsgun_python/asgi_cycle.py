"""What requests and WebSockets have in common: a stream, a task, and a client that may leave."""

from __future__ import annotations

import asyncio
import sys
import traceback
from typing import TYPE_CHECKING, Any

from . import fork_guard
from .frames import ABORT, MOST_BODY_BYTES

if TYPE_CHECKING:
    from .asgi_link import AsgiLink

CLIENT_LEFT = 1
OUT_OF_TIME = 2


class ClientDisconnected(OSError):
    """Nobody hears what the app sends any more."""


class Cycle:
    """One call of the app. `receive` and `send` are what it is called with."""

    __slots__ = ("credit", "gone", "link", "scope", "stream", "task", "waiters")

    link: AsgiLink
    stream: int
    scope: dict[str, Any]
    # Bytes of the answer that the gateway takes.
    credit: int
    # The client has left.
    gone: bool
    waiters: list[asyncio.Future[None]] | None
    task: asyncio.Task[None] | None

    async def run(self, app: Any) -> None:
        """The body of its task. Nothing that the app raises gets any further."""
        try:
            await app(self.scope, self.receive, self.send)
        except BaseException as error:
            self.failed(error)
        else:
            self.returned()
        if fork_guard.forked:
            fork_guard.leave_if_forked()
        link = self.link
        del link.streams[self.stream]
        if link.waits_for_end:
            link.host.look()

    async def receive(self) -> dict[str, Any]:
        raise NotImplementedError

    async def send(self, message: dict[str, Any]) -> None:
        raise NotImplementedError

    def returned(self) -> None:
        """The app has returned."""
        raise NotImplementedError

    def failed(self, error: BaseException) -> None:
        """The app has raised."""
        raise NotImplementedError

    def hear(self, kind: int, flags: int, code: int, payload: bytes) -> None:
        """A frame for it that is neither credit nor cancel."""
        raise NotImplementedError

    def add_credit(self, size: int) -> None:
        self.credit += size
        if self.waiters is not None:
            self.wake()

    def cancel(self, code: int) -> None:
        """The client has left, or the time is up."""
        link, task = self.link, self.task
        self.gone = True
        if self.waiters is not None:
            self.wake()
        if task is None:
            return
        if code == OUT_OF_TIME:
            link.host.log("error", f"{self.title()} is out of time\n{_stack_of(task)}")
            task.cancel()
        else:
            link.loop.call_later(link.host.disconnect_grace, task.cancel)

    def title(self) -> str:
        """For messages."""
        scope = self.scope
        return f"{scope.get('method', 'WebSocket')} {scope['path']}"

    def wake(self) -> None:
        """Everyone who waits looks again whether it is for him."""
        waiters, self.waiters = self.waiters, None
        for waiter in waiters or ():
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self) -> None:
        """Until something has changed."""
        waiter = self.link.loop.create_future()
        if self.waiters is None:
            self.waiters = [waiter]
        else:
            self.waiters.append(waiter)
        await waiter

    async def room(self) -> int:
        """Waits until more of the answer may be sent, and says how much at once."""
        while not self.gone and (self.credit <= 0 or self.link.full):
            await self.wait()
        if self.gone:
            raise ClientDisconnected("The client has left")
        return min(self.credit, MOST_BODY_BYTES)

    def abort(self) -> None:
        """The answer ends here, and the client has to notice."""
        self.link.emit(ABORT, 0, self.stream)

    def log_error(self, what: str, error: BaseException) -> None:
        """With its traceback, which begins in the app."""
        inner = error.__traceback__.tb_next if error.__traceback__ else None
        lines = traceback.format_exception(type(error), error, inner or error.__traceback__)
        self.link.host.log("error", f"{self.title()}: {what}\n{''.join(lines).rstrip()}")

    def is_departure(self, error: BaseException) -> bool:
        """Whether the app has just noticed that its client left."""
        if not self.gone:
            return False
        if isinstance(error, (ClientDisconnected, asyncio.CancelledError)):
            return True
        if sys.version_info >= (3, 11) and isinstance(error, BaseExceptionGroup):
            return error.split((ClientDisconnected, asyncio.CancelledError))[1] is None
        return False


def _stack_of(task: asyncio.Task[None]) -> str:
    """Where it waits: `Task.get_stack` knows only the outermost frame of a chain of coroutines."""
    summary = []
    step: Any = task.get_coro()
    while step is not None:
        frame = getattr(step, "cr_frame", None) or getattr(step, "gi_frame", None)
        if frame is not None:
            summary.append((frame, frame.f_lineno))
        step = getattr(step, "cr_await", None) or getattr(step, "gi_yieldfrom", None)
    return "".join(traceback.StackSummary.extract(iter(summary)).format()).rstrip()
