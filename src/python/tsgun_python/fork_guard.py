"""An app may fork. Its child must not speak in our name, nor keep our connections open."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Callable, Iterable

from .channel import Channel

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1)

# Whether this is such a child.
forked = False


def guard_forks(channel: Channel, connections: Callable[[], Iterable[int]]) -> None:
    """Takes all of them away from every child, before anything else happens there."""

    def part() -> None:
        global forked
        forked = True
        _forget_signals()
        channel.forget()
        # Not closed: the next file that the child opens would be in the place of one.
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (channel.fileno(), *connections()):
            with contextlib.suppress(OSError):
                os.dup2(nothing, descriptor, inheritable=False)
        os.close(nothing)

    os.register_at_fork(after_in_child=part)


def _forget_signals() -> None:
    """Whoever ends the child by a signal does not mean us."""
    signal.set_wakeup_fd(-1)
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)


def leave_if_forked() -> None:
    """Called where a child has come back to us: there is nothing that it could do here."""
    if forked:
        os._exit(0)
