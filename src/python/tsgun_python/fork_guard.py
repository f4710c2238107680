"""An app may fork. Its child must not speak in our name, nor keep our connections open."""

from __future__ import annotations

import contextlib
import os
from typing import Callable, Iterable


# Whether this is such a child.
forked = False


def guard_forks(descriptors: Callable[[], Iterable[int]]) -> None:
    """Closes them in every child, before anything else happens there."""

    def close() -> None:
        global forked
        forked = True
        for descriptor in descriptors():
            # Whoever uses it next finds out, and only the child is harmed.
            with contextlib.suppress(OSError):
                os.close(descriptor)

    os.register_at_fork(after_in_child=close)


def leave_if_forked() -> None:
    """Called where a child has come back to us: there is nothing that it could do here."""
    if forked:
        os._exit(0)
