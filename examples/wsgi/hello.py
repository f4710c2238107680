"""A plain WSGI app: no framework, no library."""

from __future__ import annotations

import os
from typing import Any, Callable, Iterable


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    text = f"Hello from WSGI, pid {os.getpid()}, path {environ['PATH_INFO']}\n"
    body = text.encode("latin-1")
    headers = [("Content-Type", "text/plain; charset=latin-1"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]
