"""The worker-side hooks of a `gunicorn.conf.py`, and what they get."""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import Any

from . import conf_file
from .arbiter_view import gunicorn_log
from .cfg import Cfg
from .log_config import apply_log_config

# What they get beside the worker comes first, as in Gunicorn.
_WITH_SERVER = ("post_fork", "worker_exit")


def load_conf(config: dict[str, Any]) -> dict[str, Any]:
    """The names in the file, which is loaded once where the app is; raises whatever is wrong."""
    before = sys.path[:]
    sys.path[:0] = [config["importFrom"]] if config["importFrom"] else []
    try:
        names = conf_file.load(config["path"])
    finally:
        sys.path[:] = before
    apply_log_config(names)
    return names


class Worker:
    """`worker`: what hooks written for Gunicorn look at."""

    def __init__(self, start: dict[str, Any], cfg: Cfg) -> None:
        self.pid = os.getpid()
        self.ppid = os.getppid()
        self.age: int = start["child"]
        self.slot: int = start["slot"]
        self.generation: int = start["generation"]
        self.timeout: float = start["timeoutMs"] / 1000
        # The app when it is loaded, which Gunicorn calls `wsgi`.
        self.app: Any = None
        self.wsgi: Any = None
        self.cfg = cfg
        self.log = gunicorn_log()
        self.alive = True
        self.booted = False
        self.aborted = False
        # Requests so far, where hooks for requests count them.
        self.nr = 0

    def __str__(self) -> str:
        return f"<Worker {self.pid}>"


class Server:
    """`server`: of the arbiter, a worker knows little more than its pid."""

    def __init__(self, worker: Worker) -> None:
        self.pid = worker.ppid
        self.cfg = worker.cfg
        self.log = worker.log
        self.address = worker.cfg.address
        self.num_workers = worker.cfg.workers


class Hooks:
    """Runs them. What goes wrong in one is logged, and nothing else, but for `post_fork`."""

    def __init__(self, start: dict[str, Any], names: dict[str, Any]) -> None:
        config = start["config"]
        self.worker = Worker(start, Cfg(config["settings"], names))
        self._server = Server(self.worker)
        self._hooks: dict[str, conf_file.Hook] = {}
        for name in config["hooks"]:
            hook = conf_file.find_hook(names, name)
            if hook is not None:
                self._hooks[name] = hook
        if "worker_abort" in self._hooks:
            signal.signal(signal.SIGABRT, self._abort)

    def serve(self, app: Any) -> None:
        """The app is loaded, and requests come next."""
        self.worker.app = self.worker.wsgi = app
        self.run("post_worker_init")
        self.worker.booted = True

    def run(self, name: str) -> None:
        try:
            self.call(name)
        except Exception as error:
            self.complain(name, error)

    def call(self, name: str) -> None:
        """The same, but what goes wrong is the caller's."""
        hook = self._hooks.get(name)
        if hook is None:
            return
        if name in _WITH_SERVER:
            hook(self._server, self.worker)
        else:
            hook(self.worker)

    def find(self, name: str) -> conf_file.Hook | None:
        return self._hooks.get(name)

    def complain(self, name: str, error: BaseException) -> None:
        logging.getLogger("gunicorn.error").error(
            'Hook "%s" failed: %s', name, conf_file.explain(error)
        )

    def _abort(self, _number: int, _frame: Any) -> None:
        """The arbiter has given us up; it has our stack already."""
        self.worker.alive = False
        self.worker.aborted = True
        self.run("worker_abort")
