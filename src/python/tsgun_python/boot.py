"""From the start order to a worker that serves."""

from __future__ import annotations

import faulthandler
import gc
import logging
import os
import signal
import sys
from typing import Any

from .channel import Channel
from .context import Context
from .load_app import AppError, load_app
from .log_handler import ArbiterHandler, level_number


def main() -> None:
    """The main module of a worker."""
    watch_stacks()
    channel = Channel(int(os.environ.pop("NODE_CHANNEL_FD")))
    ignore_foreign_signals()
    context = Context(channel.wait_for_start(), channel)
    try:
        prepare(context)
        begin(context)
        load(context)
        run(context)
    except AppError as error:
        context.fail("app", str(error), error.stack)


def watch_stacks() -> None:
    """First of all: the arbiter asks by SIGUSR2 where a worker hangs, even as it imports."""
    descriptor = os.environ.pop("TSGUN_STACK_FD", None)
    if descriptor is not None:
        os.set_inheritable(int(descriptor), False)
        faulthandler.register(signal.SIGUSR2, file=int(descriptor), all_threads=True, chain=False)


def ignore_foreign_signals() -> None:
    """They are meant for the arbiter. Not SIG_IGN, which what the app starts would inherit."""
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGTTIN, signal.SIGTTOU, signal.SIGWINCH):
        signal.signal(number, lambda *_: None)


def prepare(context: Context) -> None:
    """Everything that the app relies on, and that has to be there before it is imported."""
    start = context.start
    patch = _green_module(start["workerClass"])
    if patch is not None:
        patch.patch(context)
    mismatch = verify_identity(start["identity"])
    if mismatch:
        context.fail("boot", f"Cannot start a worker: {mismatch}")
    context.title("booting")
    if start["umask"] is not None:
        os.umask(start["umask"])
    # Python has put the folder of our package there.
    del sys.path[0]
    os.chdir(start["chdir"])
    sys.path[:0] = [start["chdir"], *start["pythonPath"]]
    root = logging.getLogger()
    root.addHandler(ArbiterHandler(context.log))
    root.setLevel(level_number(start["loglevel"]))
    if start["config"] is not None:
        read_conf(context)


def read_conf(context: Context) -> None:
    """What a `gunicorn.conf.py` has for workers."""
    from .conf_file import explain
    from .hooks import load_conf

    config = context.start["config"]
    try:
        context.names = load_conf(config)
    except BaseException as error:  # SystemExit as well: the file cannot be used
        context.fail("boot", f'Cannot use "{config["path"]}": {error}', explain(error))


def begin(context: Context) -> None:
    """What is each worker's own, also where the app was there before it."""
    if context.names is None or context.start["purpose"] == "check":
        return
    from .conf_file import explain
    from .hooks import Hooks

    context.hooks = Hooks(context.start, context.names)
    try:
        context.hooks.call("post_fork")
    except BaseException as error:
        context.fail("boot", f'Hook "post_fork" failed: {error}', explain(error))


def load(context: Context) -> None:
    context.app = load_app(context.start["app"])
    gc.collect()
    gc.freeze()  # what is there now is there to stay


def run(context: Context) -> None:
    """Serves until it is told to leave."""
    name = pick_class(context)
    if context.hooks is not None:
        from .request_hooks import around

        context.app = around(context.app, context.hooks, name == "asgi")
        context.hooks.serve(context.app)
    pick_worker(context, name).run()
    context.leave({"type": "drained"})


def pick_class(context: Context) -> str:
    """What `auto` comes to, now that the app is there."""
    from .detect_interface import detect_interface

    name: str = context.start["workerClass"]
    is_asgi = detect_interface(context.app) == "asgi"
    if name != "auto":
        if is_asgi and name != "asgi":
            context.log("warning", f"The app is ASGI, and {name} workers serve WSGI")
        return name
    if is_asgi:
        return "asgi"
    return "gthread" if context.start["threads"] > 1 else "sync"


def pick_worker(context: Context, name: str) -> Any:
    if name == "asgi":
        from .asgi_worker import AsgiWorker

        return AsgiWorker(context)
    if name == "gevent":
        from .gevent_worker import GeventWorker

        return GeventWorker(context)
    if name == "eventlet":
        from .eventlet_worker import EventletWorker

        return EventletWorker(context)
    from .wsgi_worker import WsgiWorker

    return WsgiWorker(context, context.start["threads"] if name == "gthread" else 1)


def _green_module(name: str) -> Any:
    if name == "gevent":
        from . import gevent_worker

        return gevent_worker
    if name == "eventlet":
        from . import eventlet_worker

        return eventlet_worker
    return None


def verify_identity(wanted: dict[str, Any] | None) -> str | None:
    """What is wrong when this process is not exactly whom it should be."""
    if wanted is None:
        return None
    if {*os.getresuid()} != {wanted["uid"]}:
        return f"it runs as uid {os.getuid()}/{os.geteuid()}, not {wanted['uid']}"
    if {*os.getresgid()} != {wanted["gid"]}:
        return f"it runs as gid {os.getgid()}/{os.getegid()}, not {wanted['gid']}"
    groups, expected = {*os.getgroups()} - {wanted["gid"]}, {*wanted["groups"]} - {wanted["gid"]}
    if groups - expected:
        return f"it still has the supplementary groups {_list(groups - expected)}"
    if expected - groups:
        return f"it lacks the supplementary groups {_list(expected - groups)}"
    return None


def _list(groups: set[int]) -> str:
    return ", ".join(str(group) for group in sorted(groups))
