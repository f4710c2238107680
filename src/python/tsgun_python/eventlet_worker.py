"""The worker class `eventlet`."""

from __future__ import annotations

import sys
from typing import Any, Callable

from .green_worker import GreenWorker


def patch(context: Any) -> None:
    """Makes the standard library green, before the app is imported and keeps what it finds."""
    try:
        import eventlet
    except ImportError as error:
        where = f"which {sys.executable} cannot import: {error}"
        context.fail("boot", f"worker_class eventlet needs the package eventlet, {where}")
    eventlet.monkey_patch()


class EventletKit:
    """What green threads are to eventlet."""

    name = "eventlet"

    def __init__(self) -> None:
        import eventlet
        from eventlet.hubs import trampoline

        self.spawn: Callable[..., Any] = eventlet.spawn
        self._wait = trampoline

    def kill(self, thread: Any, error: BaseException) -> None:
        thread.kill(error)

    def wait_readable(self, descriptor: int) -> None:
        self._wait(descriptor, read=True)


class EventletWorker(GreenWorker):
    def __init__(self, context: Any) -> None:
        super().__init__(context, EventletKit())
