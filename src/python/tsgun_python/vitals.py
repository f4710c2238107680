"""What a worker with a loop tells of itself with every beat."""

from __future__ import annotations

import os
import time
from typing import Any

from .mux_host import MuxHost


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
