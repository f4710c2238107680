"""
The process that a `gunicorn.conf.py` is loaded in, beside the arbiter, so that the operator's code
can neither block nor break it: tells what the file sets, and runs its arbiter-side hooks
(src/protocol/config-host.ts). Its arguments are a folder to be in, one to import from, if any, and
the file.
"""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import sys
import threading
from types import FrameType, ModuleType
from typing import Any, Dict, List, Optional

from . import conf_file
from .arbiter_view import ServerView, WorkerView, gunicorn_log
from .cfg import Cfg


class Channel:
    """Our end of the channel: lines of JSON, written whole by whatever thread."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, True)
        os.set_inheritable(descriptor, False)
        self._read = os.fdopen(descriptor, "rb", closefd=False)
        self._write = os.fdopen(descriptor, "wb", buffering=0, closefd=False)
        self._lock = threading.Lock()

    def say(self, **message: Any) -> None:
        line = memoryview(json.dumps(message).encode() + b"\n")
        with self._lock:
            while line:
                line = line[self._write.write(line) :]

    def __iter__(self) -> Any:
        return map(json.loads, self._read)


class ChannelHandler(logging.Handler):
    """What hooks log goes to the error log, with its level."""

    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self._channel = channel

    def emit(self, record: logging.LogRecord) -> None:
        level = next((n for n in _LEVELS if record.levelno >= getattr(logging, n)), "DEBUG")
        self._channel.say(type="log", level=level.lower(), message=self.format(record))


_LEVELS = ("CRITICAL", "ERROR", "WARNING", "INFO")


class Host:
    """A loaded file and what runs its hooks."""

    def __init__(self, names: Dict[str, Any]) -> None:
        self._names = names
        self._cfg = Cfg({}, names)
        self.hooks: Dict[str, conf_file.Hook] = {}
        for name in conf_file.HOOKS:
            hook = conf_file.find_hook(names, name)
            if hook is not None:
                self.hooks[name] = hook

    def learn(self, settings: Dict[str, Any]) -> None:
        """How the settings came out in the end; the command line may have changed them."""
        self._cfg = Cfg(settings, self._names)

    def run(self, name: str, server: Dict[str, Any], *extra: Any) -> None:
        args: List[Any] = list(extra)
        if name in ("pre_fork", "child_exit"):
            args = [WorkerView(extra[0], self._cfg)]
        self.hooks[name](ServerView(server, self._cfg), *args)


def plain(value: Any) -> Any:
    """A value as JSON can have it; what it cannot have is told as Python writes it."""
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, os.PathLike):
        return plain(os.fspath(value))
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return {"python": repr(value)[:200]}
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def describe(names: Dict[str, Any], hooks: Dict[str, conf_file.Hook]) -> Dict[str, Any]:
    """What is said of a file that was loaded: its values, and the names of its functions."""
    values: Dict[str, Any] = {}
    functions = [camel(name) for name in hooks]
    for name, value in names.items():
        if name.startswith("_") or name in hooks or isinstance(value, ModuleType):
            continue
        if callable(value) and not isinstance(value, type):
            functions.append(camel(name))
        else:
            values[name] = plain(value)
    return {"values": values, "functions": functions}


def camel(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)


def snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda match: "_" + match[0].lower(), name)


def main(folder: str, import_from: str, location: str) -> None:
    channel = Channel(int(os.environ.pop("NODE_CHANNEL_FD")))
    _stay_through_signals()
    # Python has put the folder of our package there; the file expects its own.
    sys.path[:1] = [import_from] if import_from else []
    os.chdir(folder)
    logging.getLogger().addHandler(ChannelHandler(channel))
    gunicorn_log().setLevel(logging.DEBUG)  # the error log knows what it wants
    try:
        names = conf_file.load(location)
        host = Host(names)
        _take_environment(names.get("raw_env"))
        channel.say(type="config", **describe(names, host.hooks))
    except BaseException as error:  # SystemExit as well: the file cannot be used
        what = f"{type(error).__name__}: {error}"
        channel.say(type="failed", message=what, stack=f"{what}\n{conf_file.explain(error)}")
        return
    for message in channel:
        obey(host, channel, message)


def obey(host: Host, channel: Channel, message: Dict[str, Any]) -> None:
    if message["type"] == "settings":
        return host.learn(message["settings"])
    number = message["id"]
    try:
        host.run(snake(message["name"]), *message["args"])
    except BaseException as error:  # a hook that leaves does not take the others along
        return channel.say(type="hook-failed", id=number, stack=conf_file.explain(error))
    channel.say(type="hook-done", id=number)


def _stay_through_signals() -> None:
    # A terminal sends them to everybody; the arbiter says when it is over. Not ignored, because
    # what hooks start would inherit that.
    def ignore(_number: int, _frame: Optional[FrameType]) -> None:
        pass

    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ignore)


def _take_environment(pairs: Any) -> None:
    """As in Gunicorn, where hooks of the master see what workers see."""
    for pair in [pairs] if isinstance(pairs, str) else pairs or []:
        name, _, value = str(pair).partition("=")
        if name:
            os.environ[name] = value


if __name__ == "__main__":
    main(*sys.argv[1:4])
    # Threads that the file has started do not keep a process that nobody needs any more.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
