"""What went wrong in a request, as the people who wrote the app want to read it."""

from __future__ import annotations

import os
import traceback

from .asgi_head import BadAnswer

_FOLDER = os.path.dirname(__file__) + os.sep


def describe_error(error: BaseException) -> str:
    """The app's part of the traceback; what it has only returned needs none."""
    told = traceback.TracebackException.from_exception(error)
    lines = list(told.stack)
    while lines and lines[0].filename.startswith(_FOLDER):
        del lines[0]
    if isinstance(error, BadAnswer):
        while lines and lines[-1].filename.startswith(_FOLDER):
            del lines[-1]
        if not lines:
            return f": {error}"
    if lines:
        told.stack = traceback.StackSummary.from_list(lines)
    return "\n" + "".join(told.format()).rstrip()
