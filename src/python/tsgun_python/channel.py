"""The line to the arbiter: JSON, a message a line, both ways on one socket."""

from __future__ import annotations

import json
import os
import threading

# By name, because gevent and eventlet take them away.
from select import POLLIN, POLLOUT, poll
from typing import Any

# More is never owed to an arbiter that does not read; what is logged then is lost, and counted.
_MOST_PENDING = 1024 * 1024
_READ_SIZE = 64 * 1024


class Channel:
    """Never makes a thread that serves wait. The end of the channel is the end of this process."""

    def __init__(self, descriptor: int) -> None:
        # On the bare descriptor, so that nothing that is made green can change what happens here.
        os.set_blocking(descriptor, False)
        os.set_inheritable(descriptor, False)
        self.lost = 0
        self._descriptor = descriptor
        self._lock = threading.RLock()  # a signal handler may come between
        self._pending = bytearray()
        self._read = b""
        self._early: list[dict[str, Any]] = []

    def fileno(self) -> int:
        return self._descriptor

    def forget(self) -> None:
        """In a child that was forked: whoever used these is not here to give them back."""
        self._lock = threading.RLock()
        self._pending = bytearray()

    def send(self, message: dict[str, Any]) -> None:
        line = _encode(message)
        is_log = message["type"] == "log"
        with self._lock:
            size = len(self._pending) + len(line)
            if size > _MOST_PENDING and (is_log or size > 2 * _MOST_PENDING):
                self.lost += 1
                return
            if self.lost and is_log:
                text = f"{self.lost} messages of this worker were too many, and are lost"
                self._pending += _encode({"type": "log", "level": "warning", "message": text})
                self.lost = 0
            self._pending += line
            self._push()

    def send_last(self, message: dict[str, Any], seconds: float = 5.0) -> None:
        """Waits until it has left this process, or nobody wants it."""
        self.send(message)
        poller = poll()
        poller.register(self._descriptor, POLLOUT)
        while self._pending and poller.poll(seconds * 1000):
            with self._lock:
                self._push()

    def read_orders(self) -> list[dict[str, Any]]:
        """Those that have come; does not wait."""
        early, self._early = self._early, []
        try:
            data = os.read(self._descriptor, _READ_SIZE)
        except BlockingIOError:
            return early
        except OSError:
            data = b""
        if not data:
            os._exit(0)  # nobody is left who could replace us
        *lines, self._read = (self._read + data).split(b"\n")
        return early + [json.loads(line) for line in lines if line]

    def wait_for_start(self) -> dict[str, Any]:
        """The first order of all. What came with it is read later."""
        if self._early:
            return self._early.pop(0)
        poller = poll()
        poller.register(self._descriptor, POLLIN)
        while True:
            poller.poll()
            orders = self.read_orders()
            if orders:
                self._early = orders[1:]
                return orders[0]

    def _push(self) -> None:
        try:
            while self._pending:
                del self._pending[: os.write(self._descriptor, self._pending)]
        except BlockingIOError:
            pass  # the next one takes it along
        except OSError:
            self._pending.clear()


def _encode(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"
