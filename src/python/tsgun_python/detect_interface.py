"""Whether an app is WSGI or ASGI, from the callable alone."""

from __future__ import annotations

import functools
import inspect
from typing import Any


def detect_interface(app: Any) -> str:
    """`wsgi` or `asgi`. A class that makes apps of a scope (ASGI 2) is taken for WSGI."""
    app = inspect.unwrap(app) if inspect.isroutine(app) else app
    while isinstance(app, functools.partial):
        app = app.func
    if inspect.iscoroutinefunction(app):
        return "asgi"
    if inspect.isclass(app) or inspect.isroutine(app):
        return _by_parameters(app)
    call = inspect.unwrap(type(app).__call__)
    if inspect.iscoroutinefunction(call):
        return "asgi"
    return _by_parameters(app)


def _by_parameters(app: Any) -> str:
    """Plain functions can return a coroutine as well; then only their parameters tell."""
    try:
        names = list(inspect.signature(app).parameters)
    except (TypeError, ValueError):
        return "wsgi"
    return "asgi" if names[-3:] == ["scope", "receive", "send"] else "wsgi"
