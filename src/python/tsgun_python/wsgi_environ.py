"""The environ of a request, from the head that the gateway sent (PEP 3333)."""

from __future__ import annotations

import os
import sys
from typing import Any
from urllib.parse import unquote_to_bytes

from .wsgi_file import FileWrapper


def base_environ(start: dict[str, Any], multithread: bool) -> dict[str, Any]:
    """What is the same for every request."""
    return {
        "SCRIPT_NAME": os.environ.get("SCRIPT_NAME", ""),
        "SERVER_SOFTWARE": start["software"],
        "wsgi.version": (1, 0),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": multithread,
        "wsgi.multiprocess": start["wsgi"]["multiprocess"],
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "wsgi.file_wrapper": FileWrapper,
    }


def make_environ(base: dict[str, Any], head: bytes) -> dict[str, Any]:
    """Without `wsgi.input` and `wsgi.early_hints`, which belong to the connection."""
    parts = head.decode("latin-1").split("\n")
    environ = base.copy()
    environ.update(zip(parts[::2], parts[1::2]))
    path = environ["PATH_INFO"]
    if "%" in path:
        path = unquote_to_bytes(path.encode("latin-1")).decode("latin-1")
        environ["PATH_INFO"] = path
    mount = base["SCRIPT_NAME"]
    if mount and environ["SCRIPT_NAME"] is mount and path.startswith(mount):
        environ["PATH_INFO"] = path[len(mount) :]
    return environ
