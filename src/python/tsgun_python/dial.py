"""How a worker with a loop reaches its gateway, and how long it waits before it tries again."""

from __future__ import annotations

import json
import os
import socket
from typing import Any

from .frames import HEADER, HELLO, LINK_VERSION, MAGIC

_FIRST_DELAY = 0.01
_LONGEST_DELAY = 1.0


def dial(name: str) -> socket.socket:
    """Raises OSError, also when the backlog is full; nothing else would have to be waited for."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.connect("\0" + name)
    except OSError:
        sock.close()
        raise
    return sock


def hello(
    start: dict[str, Any], interface: str, capacity: int, connection: str = "main"
) -> bytes:
    """The first frame on each connection."""
    words = {
        "version": LINK_VERSION,
        "token": start["link"]["token"],
        "child": start["child"],
        "slot": start["slot"],
        "pid": os.getpid(),
        "generation": start["generation"],
        "connection": connection,
        "interface": interface,
        "capacity": capacity,
    }
    payload = json.dumps(words).encode()
    return HEADER.pack(MAGIC, HELLO, 0, 0, len(payload), 0) + payload


class Backoff:
    """Doubles from one attempt to the next; `reset` when one has worked."""

    def __init__(self) -> None:
        self._delay = _FIRST_DELAY

    def reset(self) -> None:
        self._delay = _FIRST_DELAY

    def next(self) -> float:
        delay = self._delay
        self._delay = min(delay * 2, _LONGEST_DELAY)
        return delay
