"""How a nursery makes a worker: forked twice, so that the arbiter becomes its parent."""

# Functions are imported by name before gevent or eventlet put others in their place.

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from os import fork, waitpid
from socket import AF_UNIX, SOCK_STREAM, socket
from time import monotonic, sleep
from typing import Any, Dict, NamedTuple, Optional

_PR_SET_PDEATHSIG = 1
# The kernel gives the worker its new parent as soon as the one between has left.
_LONGEST_WAIT = 5.0

_libc: Any = ctypes.CDLL(None, use_errno=True)


class Birthplace(NamedTuple):
    """What the arbiter has told the nursery of itself."""

    name: str
    token: str
    capture: bool
    arbiter: int


class Inheritance(NamedTuple):
    """What a spawned worker would have got from its parent; these are connections."""

    channel: int
    stack: int


def fork_worker(place: Birthplace, child: int) -> Optional[Inheritance]:
    """Returns None in the nursery, and in the worker what it has to begin with."""
    sys.stdout.flush()
    sys.stderr.flush()
    between = fork()
    if between:
        if _status_of(between):
            raise OSError("Cannot fork: no process or memory is left")
        return None
    try:
        if fork():
            os._exit(0)
    except OSError:
        os._exit(1)
    try:
        _change_parent(place.arbiter)
        inheritance = _dial_all(place, child)
    except OSError:
        os._exit(1)  # the arbiter has gone
    return inheritance


def _status_of(between: int) -> int:
    try:
        return waitpid(between, 0)[1]
    except ChildProcessError:
        return 0  # the app does not want to hear of children, or gevent has waited for all of them


def _change_parent(arbiter: int) -> None:
    """Waits for the arbiter to be our parent, and dies with it from then on."""
    until = monotonic() + _LONGEST_WAIT
    while os.getppid() != arbiter:
        if monotonic() > until:
            raise OSError("the arbiter has not become our parent")
        sleep(0.0005)
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != arbiter:
        raise OSError("the arbiter has gone")


def _dial_all(place: Birthplace, child: int) -> Inheritance:
    if place.capture:
        for purpose, descriptor in (("stdout", 1), ("stderr", 2)):
            connection = _dial(place, child, purpose)
            os.dup2(connection, descriptor)
            os.close(connection)
    stack = _dial(place, child, "stack")
    return Inheritance(_dial(place, child, "channel"), stack)


def _dial(place: Birthplace, child: int, purpose: str) -> int:
    connection = socket(AF_UNIX, SOCK_STREAM)
    connection.connect("\0" + place.name)
    words: Dict[str, Any] = {"token": place.token, "child": child, "purpose": purpose}
    connection.sendall(json.dumps(words).encode() + b"\n")
    return connection.detach()
