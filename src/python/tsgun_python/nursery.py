"""The process that imports a preloaded app once, and forks the workers of its generation."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import importlib
import os
import signal
import sys
import threading
from typing import Any

from . import boot
from .channel import Channel
from .context import Context
from .fork import Birthplace, Inheritance, fork_worker
from .load_app import AppError


def main() -> None:
    """Imports as a worker would, and then does what it is told until its channel ends."""
    stack = os.environ.get("TSGUN_STACK_FD")
    boot.watch_stacks()
    channel = Channel(int(os.environ.pop("NODE_CHANNEL_FD")))
    boot.ignore_foreign_signals()
    _set_signals(lambda *_: None)  # a terminal sends them to everybody; the arbiter knows when
    order = channel.wait_for_start()
    context = Context(order["start"], channel)
    try:
        boot.prepare(context)
        boot.load(context)
        _import_ahead(context)
    except AppError as error:
        context.fail("app", str(error), error.stack)
    _warn_of_threads(context)
    place = Birthplace(**order["door"], capture=order["capture"], arbiter=order["arbiter"])
    inheritance = _serve(context, place)
    _close(channel.fileno(), stack)
    _become_worker(context, inheritance)
    _run(context)


def _import_ahead(context: Context) -> None:
    """What every worker needs as well, so that it is in memory once and there at once."""
    name = boot.pick_class(context)
    for module in _MODULES.get(name, ("wsgi_worker",)):
        importlib.import_module(f".{module}", __package__)
    if name == "asgi" and context.start["asgi"]["loop"] != "asyncio":
        with contextlib.suppress(ImportError):
            importlib.import_module("uvloop")
    gc.collect()
    gc.freeze()


_MODULES = {
    "asgi": ("asgi_worker",),
    "gevent": ("gevent_worker",),
    "eventlet": ("eventlet_worker",),
}


def _serve(context: Context, place: Birthplace) -> Inheritance:
    """Returns only in a worker."""
    context.who = ""
    context.title("nursery")
    while True:
        order = context.channel.wait_for_start()
        try:
            inheritance = fork_worker(place, order["child"])
        except OSError as error:
            context.fail("boot", str(error))
        if inheritance is not None:
            return inheritance


def _become_worker(context: Context, inheritance: Inheritance) -> None:
    """From here on it is as if it had been spawned, but for what it has in memory."""
    os.set_inheritable(inheritance.stack, False)
    faulthandler.register(signal.SIGUSR2, file=inheritance.stack, all_threads=True, chain=False)
    _set_signals(signal.SIG_DFL)
    context.channel = Channel(inheritance.channel)
    context.start = context.channel.wait_for_start()
    slot = context.start["slot"]
    os.environ["TSGUN_WORKER_SLOT"] = str(slot)
    context.who = f"w{slot} "
    context.title("booting")
    _renew_green(sys.modules)


def _run(context: Context) -> None:
    try:
        boot.begin(context)
        boot.run(context)
    except AppError as error:
        context.fail("app", str(error), error.stack)


def _set_signals(handler: Any) -> None:
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, handler)


def _close(*descriptors: Any) -> None:
    """The arbiter knows of the nursery's end by the end of these."""
    for descriptor in descriptors:
        if descriptor is not None:
            os.close(int(descriptor))


def _renew_green(modules: Any) -> None:
    """What gevent and eventlet wait with must not be shared with the nursery."""
    if "gevent.monkey" in modules and modules["gevent.monkey"].is_module_patched("socket"):
        modules["gevent"].reinit()
    if "eventlet.hubs" in modules and "eventlet.patcher" in modules:
        if modules["eventlet.patcher"].is_monkey_patched("socket"):
            modules["eventlet.hubs"].use_hub()


def _warn_of_threads(context: Context) -> None:
    names = [thread.name for thread in threading.enumerate()][1:]
    if names:
        listed = ", ".join(names[:5])
        context.log(
            "warning",
            f"preload_app: the app has started threads ({listed}) as it was imported, "
            "which forked workers do not have",
        )
