"""What a worker has of the world around it."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from typing import Any, NoReturn

from . import fork_guard
from .channel import Channel


class Context:
    """The start order, the line to the arbiter, and the app when it is loaded."""

    def __init__(self, start: dict[str, Any], channel: Channel) -> None:
        self.start = start
        self.who = f"w{start['slot']} "
        self.channel = channel
        self.app: Any = None
        # Of a gunicorn.conf.py.
        self.names: dict[str, Any] | None = None
        self.hooks: Any = None
        self._told = False

    def log(self, level: str, message: str) -> None:
        if fork_guard.forked:
            print(message, file=sys.stderr)  # which reaches the log as well, if not its level
            return
        self.channel.send({"type": "log", "level": level, "message": message})

    def title(self, state: str) -> None:
        """What ps and top show; at most 15 bytes are kept."""
        try:
            with open("/proc/self/comm", "w", encoding="utf-8") as file:
                file.write(f"tsgun: {self.who}{state}")
        except OSError:
            pass

    def ready(self, kind: str) -> None:
        message = {"type": "ready", "kind": kind}
        if self.start["purpose"] == "check":
            self.leave(message)
        self.title("ready")
        self.channel.send(message)

    def fail(self, kind: str, message: str, stack: str = "") -> NoReturn:
        """Tells why, and leaves. A stack begins with the reason, as those of Node.js do."""
        words = {"type": "failed", "kind": kind, "message": message}
        self.leave({**words, "stack": f"{message}\n{stack}"} if stack else words, 1)

    def ask_to_leave(self, why: str) -> None:
        """The arbiter starts a successor first."""
        if not self._told:
            self._told = True
            self.channel.send({"type": "leaving", "why": why})

    def run_hook(self, name: str) -> None:
        if self.hooks is not None:
            self.hooks.run(name)

    def leave(self, last: dict[str, Any], code: int = 0) -> NoReturn:
        """Threads of the app do not keep the process, but what it wants done at the end is done."""
        if code == 0:
            with contextlib.suppress(BaseException):  # it was told where the app expects it
                atexit._run_exitfuncs()
        self.channel.send_last(last)
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                pass
        os._exit(code)
