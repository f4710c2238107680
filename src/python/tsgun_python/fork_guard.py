"""An app may fork. Its child must not speak in our name, nor keep our connections open."""

from __future__ import annotations

import contextlib
import os
from typing import Callable, Iterable


def guard_forks(descriptors: Callable[[], Iterable[int]]) -> None:
    """Closes them in every child, before anything else happens there."""

    def close() -> None:
        for descriptor in descriptors():
            # Whoever uses it next finds out, and only the child is harmed.
            with contextlib.suppress(OSError):
                os.close(descriptor)

    os.register_at_fork(after_in_child=close)
