"""An app may fork. Its child must not speak in our name, nor keep our connections open."""

from __future__ import annotations

import contextlib
import os
from typing import Callable, Iterable

from .channel import Channel

# Whether this is such a child.
forked = False


def guard_forks(channel: Channel, connections: Callable[[], Iterable[int]]) -> None:
    """Takes all of them away from every child, before anything else happens there."""

    def part() -> None:
        global forked
        forked = True
        channel.forget()
        # Not closed: the next file that the child opens would be in the place of one.
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (channel.fileno(), *connections()):
            with contextlib.suppress(OSError):
                os.dup2(nothing, descriptor, inheritable=False)
        os.close(nothing)

    os.register_at_fork(after_in_child=part)


def leave_if_forked() -> None:
    """Called where a child has come back to us: there is nothing that it could do here."""
    if forked:
        os._exit(0)
