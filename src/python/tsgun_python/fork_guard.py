"""An app may fork. Its child must not speak in our name, nor keep our connections open."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import Callable, Iterable

# Whether this is such a child.
forked = False


def guard_forks(descriptors: Callable[[], Iterable[int]]) -> None:
    """Cuts them off in every child, before anything else happens there."""

    def cut() -> None:
        global forked
        forked = True
        # Not just closed: the next file that the child opens would have the number of a connection.
        dead, other = socket.socketpair()
        other.close()
        with dead:
            for descriptor in descriptors():
                with contextlib.suppress(OSError):
                    os.dup2(dead.fileno(), descriptor, inheritable=False)

    os.register_at_fork(after_in_child=cut)


def leave_if_forked() -> None:
    """Called where a child has come back to us: there is nothing that it could do here."""
    if forked:
        os._exit(0)
