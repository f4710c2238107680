"""The worker class `gevent`."""

from __future__ import annotations

import sys
from typing import Any, Callable

from .green_worker import GreenWorker


def patch(context: Any) -> None:
    """Makes the standard library green, before the app is imported and keeps what it finds."""
    try:
        from gevent import monkey
    except ImportError as error:
        where = f"which {sys.executable} cannot import: {error}"
        context.fail("boot", f"worker_class gevent needs the package gevent, {where}")
    monkey.patch_all()


class GeventKit:
    """What green threads are to gevent."""

    name = "gevent"

    def __init__(self) -> None:
        import gevent
        from gevent.socket import wait_read

        self.spawn: Callable[..., Any] = gevent.spawn
        self.wait_readable: Callable[[int], None] = wait_read

    def kill(self, thread: Any, error: BaseException) -> None:
        thread.kill(error, block=False)


class GeventWorker(GreenWorker):
    def __init__(self, context: Any) -> None:
        super().__init__(context, GeventKit())
