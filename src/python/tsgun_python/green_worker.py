"""The worker classes gevent and eventlet: green threads that serve, beat and obey."""

from __future__ import annotations

import signal
import threading
import time
from typing import Any

from .fork_guard import guard_forks
from .green_host import GreenHost, GreenKit
from .rotation import Rotation
from .vitals import Lag, beat_of

# INT and QUIT to the whole group reach the arbiter too, whose word comes first.
_QUIT_DELAY = 0.1


class GreenWorker:
    """Made by boot when the app is there. `run` returns when it has done its work."""

    def __init__(self, context: Any, kit: GreenKit) -> None:
        self._context = context
        self._kit = kit
        self._start: dict[str, Any] = context.start
        self._left = threading.Event()
        self._host = GreenHost(context, kit)
        self._host.on_limit = self._beat
        send, call_later = context.channel.send, self._host.call_later
        self._rotation = Rotation(self._host, send, self._left.set, call_later)
        self._lag = Lag(self._start["beatIntervalMs"] / 1000)

    def run(self) -> None:
        context = self._context
        if self._start["purpose"] == "check":
            context.ready(self._kit.name)
        self._watch_signals()
        guard_forks(context.channel, self._host.descriptors)
        self._kit.spawn(self._read_orders)
        self._kit.spawn(self._keep_beating)
        self._kit.spawn(self._open)
        self._left.wait()
        context.run_hook("worker_exit")
        self._beat()  # so that no request is missing in the totals

    def _open(self) -> None:
        self._host.open()
        self._context.ready(self._kit.name)

    def _read_orders(self) -> None:
        channel = self._context.channel
        while True:
            for order in channel.read_orders():
                self._rotation.obey(order, self._left.set)
            self._kit.wait_readable(channel.fileno())

    def _keep_beating(self) -> None:
        """Proves from the loop that does the work that the loop turns."""
        while True:
            self._beat()
            time.sleep(self._lag.every)
            self._lag.tick()

    def _beat(self) -> None:
        self._context.channel.send(beat_of(self._host, self._lag.take()))

    def _watch_signals(self) -> None:
        def leave(*_: Any) -> None:
            self._context.ask_to_leave("was sent SIGTERM")

        def interrupt(*_: Any) -> None:
            self._context.run_hook("worker_int")
            self._host.call_later(_QUIT_DELAY, self._left.set)

        signal.signal(signal.SIGTERM, leave)
        signal.signal(signal.SIGINT, interrupt)
        signal.signal(signal.SIGQUIT, interrupt)
