"""The small loop of the thread that obeys while others serve: descriptors, timers, and signals."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
import select
import signal
import time
from typing import Any, Callable

_READ_SIZE = 4096


class ControlLoop:
    """Runs in one thread. The others only `wake` it."""

    def __init__(self) -> None:
        self.on_wake: Callable[[], None] = lambda: None
        self._wakes, self._waker = os.pipe()
        for descriptor in (self._wakes, self._waker):
            os.set_blocking(descriptor, False)
        self._poll = select.poll()
        self._readers: dict[int, Callable[[], None]] = {}
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._signals: dict[int, Callable[[], None]] = {}
        self.add_reader(self._wakes, self._woken)

    @property
    def descriptors(self) -> tuple[int, int]:
        return self._wakes, self._waker

    def add_reader(self, descriptor: int, function: Callable[[], None]) -> None:
        self._readers[descriptor] = function
        self._poll.register(descriptor, select.POLLIN)

    def remove_reader(self, descriptor: int) -> None:
        del self._readers[descriptor]
        self._poll.unregister(descriptor)

    def call_later(self, seconds: float, function: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._count), function))

    def watch_signals(self, handlers: dict[int, Callable[[], None]]) -> None:
        """In the main thread. They are heard also while that is deep in a library of the app."""
        self._signals = handlers
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        for number in handlers:
            signal.signal(number, self._hear)

    def wake(self) -> None:
        """From any thread."""
        try:
            os.write(self._waker, b"\0")
        except OSError:
            pass  # so many others are there already

    def run(self) -> None:
        """For ever."""
        while True:
            for descriptor, _ in self._poll.poll(self._wait_ms()):
                reader = self._readers.get(descriptor)
                if reader is not None:
                    reader()
            self._run_timers()

    def _wait_ms(self) -> float | None:
        if not self._timers:
            return None
        return max(0.0, (self._timers[0][0] - time.monotonic()) * 1000) + 1

    def _run_timers(self) -> None:
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            heapq.heappop(self._timers)[2]()

    def _woken(self) -> None:
        for number in os.read(self._wakes, _READ_SIZE):
            handler = self._signals.get(number)
            if handler is not None:
                handler()
        self.on_wake()

    def _hear(self, number: int, _frame: Any) -> None:
        """The wakeup descriptor has told already, unless a library of the app has put it away."""
        found = signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        if found == self._waker:
            return
        with contextlib.suppress(OSError):
            os.write(self._waker, bytes((number,)))
        if found >= 0:
            signal.set_wakeup_fd(found)  # it is in use
