"""The worker classes sync and gthread: threads that serve, and one that beats and obeys."""

from __future__ import annotations

import signal
import threading
from typing import Any

from .control_loop import ControlLoop
from .fork_guard import guard_forks
from .rotation import Rotation
from .vitals import beat_of
from .wsgi_host import WsgiHost

# INT and QUIT to the whole group reach the arbiter too, whose word comes first.
_QUIT_DELAY = 0.1


class WsgiWorker:
    """Made by boot when the app is there. `sync` serves in the main thread, as apps expect."""

    def __init__(self, context: Any, threads: int) -> None:
        self._context = context
        self._start: dict[str, Any] = context.start
        self._threads = threads
        self._is_ready = False

    def run(self) -> None:
        context = self._context
        name = "sync" if self._start_class() == "sync" else "gthread"
        self._name = name
        if self._start["purpose"] == "check":
            context.ready(name)
        self._prepare()
        lanes = self._host.threads
        if name == "sync":
            threading.Thread(target=self._control, name="tsgun-control", daemon=True).start()
            lanes[0].run()
        for number, lane in enumerate(lanes):
            threading.Thread(target=lane.run, name=f"tsgun-{number}", daemon=True).start()
        self._control()

    def _start_class(self) -> str:
        is_sync = self._threads == 1 and self._start["workerClass"] != "gthread"
        return "sync" if is_sync else "gthread"

    def _prepare(self) -> None:
        loop = self._loop = ControlLoop()
        context = self._context
        self._host = WsgiHost(context, self._threads, loop)
        self._rotation = Rotation(self._host, context.channel.send, self._leave, loop.call_later)
        loop.on_wake = self._look
        loop.watch_signals(
            {
                signal.SIGTERM: lambda: context.ask_to_leave("was sent SIGTERM"),
                signal.SIGINT: self._interrupt,
                signal.SIGQUIT: self._interrupt,
            }
        )
        loop.add_reader(context.channel.fileno(), self._obey_all)
        guard_forks(context.channel, lambda: [*loop.descriptors, *self._host.descriptors()])

    def _control(self) -> None:
        self._host.dial()
        self._obey_all()
        self._keep_beating()
        self._loop.run()

    def _look(self) -> None:
        """A thread has done something that concerns all."""
        if not self._is_ready and self._host.is_open:
            self._is_ready = True
            self._context.ready(self._name)
        limit = self._start["requestLimit"]
        if limit and self._host.requests >= limit:
            self._beat()

    def _obey_all(self) -> None:
        for order in self._context.channel.read_orders():
            self._rotation.obey(order, self._leave)

    def _keep_beating(self) -> None:
        """Only while somebody could take a request, or has answered one."""
        if self._host.is_alive():
            self._beat()
        self._loop.call_later(self._start["beatIntervalMs"] / 1000, self._keep_beating)

    def _beat(self) -> None:
        self._context.channel.send(beat_of(self._host, 0))

    def _interrupt(self) -> None:
        self._context.run_hook("worker_int")
        self._loop.call_later(_QUIT_DELAY, self._leave)

    def _leave(self) -> None:
        self._context.run_hook("worker_exit")
        self._beat()  # so that no request is missing in the totals
        self._context.leave({"type": "drained"})
