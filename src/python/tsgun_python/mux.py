"""What workers with a loop have in common: the order in which they rest, park and leave."""

from __future__ import annotations

import os
import time
from typing import Any, Callable, Protocol

Send = Callable[[dict[str, Any]], None]


class MuxHost(Protocol):
    """Whatever serves the app over one connection that carries all its requests."""

    on_idle: Callable[[], None]

    @property
    def in_flight(self) -> int: ...

    @property
    def requests(self) -> int: ...

    def rest(self) -> None:
        """Begins nothing new; `on_idle` follows when nothing is under way."""

    def resume(self) -> None:
        """Takes part again."""


class Rotation:
    """Whether a worker takes its share of the requests, and how it stops doing so."""

    def __init__(
        self,
        host: MuxHost,
        send: Send,
        leave: Callable[[], None],
        call_later: Callable[[float, Callable[[], None]], Any],
    ) -> None:
        self.phase = "serving"
        self._host = host
        self._send = send
        self._leave = leave
        self._call_later = call_later
        host.on_idle = self._idle

    def drain(self, grace: float) -> None:
        """Leaves when nothing is under way, or after `grace` seconds. Asked again it can only be sooner."""
        self._call_later(grace, self._leave)
        self.phase = "draining"
        self._host.rest()

    def park(self) -> None:
        """Out of rotation, and says so; asked again it says it again."""
        if self.phase != "draining":
            self.phase = "parking"
            self._host.rest()

    def unpark(self) -> None:
        if self.phase == "draining":
            return
        self.phase = "serving"
        self._host.resume()
        self._send({"type": "unparked"})

    def _idle(self) -> None:
        if self.phase == "parking":
            self.phase = "parked"
            self._send({"type": "parked"})
        elif self.phase == "draining":
            self._leave()


class Lag:
    """How late a loop comes to what it has planned."""

    def __init__(self, every: float) -> None:
        self.every = every
        self._due = time.monotonic() + every
        self._most = 0.0

    def tick(self) -> None:
        """Called once in `every` seconds, and later when the loop is busy."""
        now = time.monotonic()
        self._most = max(self._most, now - self._due)
        self._due = now + self.every

    def take(self) -> int:
        """The longest delay since it was asked last, in milliseconds."""
        most, self._most = self._most, 0.0
        return round(max(0.0, most) * 1000)


_PAGE = os.sysconf("SC_PAGE_SIZE")


def beat_of(host: MuxHost, lag: int) -> dict[str, Any]:
    """The gateway knows how long requests took."""
    return {
        "type": "beat",
        "inFlight": host.in_flight,
        "requests": host.requests,
        "connections": 0,
        "rssBytes": resident_bytes(),
        "lagMs": lag,
        "cpuMs": round(time.process_time() * 1000),
        "latencies": [],
    }


def resident_bytes() -> int:
    """0 when the app has left no descriptor to read it through."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE
    except OSError:
        return 0
