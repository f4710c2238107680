"""The lifespan protocol: the app starts before the first request, and ends after the last."""

from __future__ import annotations

import asyncio
import traceback
from typing import Any, Callable

from .asgi_scope import ASGI

Log = Callable[[str, str], None]


class LifespanError(Exception):
    """The app cannot start. `stack` is its traceback, where it has one."""

    def __init__(self, message: str, stack: str = "") -> None:
        super().__init__(message)
        self.stack = stack


class Lifespan:
    """`mode` is `on`, `off`, or `auto`: an app that knows nothing of it is served all the same."""

    def __init__(self, app: Any, mode: str, log: Log) -> None:
        # Filled by the app; every request gets a shallow copy. None: it does not know the protocol.
        self.state: dict[str, Any] | None = None
        self._app = app
        self._mode = mode
        self._log = log
        self._task: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        self._stopping = False

    async def start(self) -> None:
        """Raises LifespanError when the app must not be served."""
        if self._mode == "off":
            return
        loop = asyncio.get_running_loop()
        self._orders: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._answers: dict[str, asyncio.Future[str | None]] = {
            "startup": loop.create_future(),
            "shutdown": loop.create_future(),
        }
        state: dict[str, Any] = {}
        scope = {
            "type": "lifespan",
            "asgi": {**ASGI, "spec_version": "2.0"},
            "state": state,
        }
        self._orders.put_nowait({"type": "lifespan.startup"})
        self._task = loop.create_task(self._run(scope), name="lifespan")
        failure = await self._told("startup")
        if failure is not None:
            raise _failed(failure)
        if self._answers["startup"].done():
            self.state = state
        else:
            self._judge_refusal()

    async def stop(self, seconds: float) -> None:
        """Tells the app to end. What goes wrong now is only worth a line in the log."""
        task = self._task
        if task is None or task.done():
            return
        self._stopping = True
        self._orders.put_nowait({"type": "lifespan.shutdown"})
        try:
            failure = await asyncio.wait_for(self._told("shutdown"), seconds)
            if failure is not None:
                self._log("error", f"The app says that its shutdown has failed: {failure}")
            await asyncio.wait((task,), timeout=1)
            if self._failure is not None:
                self._log("error", f"The app's shutdown failed\n{self._stack()}")
        except asyncio.TimeoutError:
            self._log("error", f"The app's shutdown took longer than {seconds:g} s")
        if not task.done():
            task.cancel()
            await asyncio.wait((task,), timeout=1)

    async def _run(self, scope: dict[str, Any]) -> None:
        try:
            await self._app(scope, self._orders.get, self._hear)
        except BaseException as error:
            # Also SystemExit, which would end the loop and say nothing.
            self._failure = error
        if self.state is not None and not self._stopping:
            self._log("error", f"The lifespan of the app has ended early\n{self._stack()}".rstrip())

    async def _hear(self, message: dict[str, Any]) -> None:
        moment, _, outcome = message["type"].partition(".")[2].partition(".")
        answer = self._answers.get(moment)
        if answer is None or outcome not in ("complete", "failed") or answer.done():
            raise RuntimeError(f"Unexpected ASGI message {message['type']!r} in the lifespan")
        answer.set_result(str(message.get("message", "")) if outcome == "failed" else None)

    async def _told(self, moment: str) -> str | None:
        """Waits for the app's word, or its end. What it says when that is a failure."""
        answer = self._answers[moment]
        await asyncio.wait((answer, self._task), return_when=asyncio.FIRST_COMPLETED)
        return answer.result() if answer.done() else None

    def _judge_refusal(self) -> None:
        """It has ended without a word: it does not know the protocol, or something is wrong."""
        failure = self._failure
        why = "it returned" if failure is None else one_line(failure)
        if self._mode == "on":
            text = f"The app has no lifespan, or it cannot start: {why}"
            raise LifespanError(text, self._stack())
        self._log("info", f"The app is served without lifespan ({why})")
        if failure is not None:
            self._log("debug", self._stack())

    def _stack(self) -> str:
        failure = self._failure
        if failure is None:
            return ""
        inner = failure.__traceback__.tb_next if failure.__traceback__ else None
        return "".join(traceback.format_exception(type(failure), failure, inner)).rstrip()


def one_line(error: BaseException) -> str:
    return traceback.format_exception_only(type(error), error)[-1].strip()


def _failed(told: str) -> LifespanError:
    """Frameworks tell a whole traceback, whose last line says it."""
    lines = told.strip().splitlines() or ["it does not say why"]
    stack = told if len(lines) > 1 else ""
    return LifespanError(f"The app's startup failed: {lines[-1].strip()}", stack)
