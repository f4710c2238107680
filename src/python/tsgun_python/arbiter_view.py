"""What arbiter-side hooks get: objects in the shape of Gunicorn's, of what the arbiter said."""

from __future__ import annotations

import logging
from typing import Any, Dict, List, Optional

from .cfg import Address, Cfg, parse_address


def gunicorn_log() -> logging.Logger:
    """`log` of a server or worker; hooks of Gunicorn also reach into it for its two parts."""
    log = logging.getLogger("gunicorn.error")
    setattr(log, "error_log", log)
    setattr(log, "access_log", logging.getLogger("gunicorn.access"))
    return log


class ServerView:
    """The arbiter: `server`."""

    def __init__(self, told: Dict[str, Any], cfg: Cfg) -> None:
        self.pid: int = told["pid"]
        self.version: str = told["version"]
        self.num_workers: int = told["workers"]
        self.generation: int = told["generation"]
        self.address: List[Address] = [parse_address(one) for one in told["addresses"]]
        self.cfg = cfg
        self.log = gunicorn_log()
        self.proc_name: str = cfg.proc_name or cfg.wsgi_app or cfg.default_proc_name


class WorkerView:
    """A worker that is to be started, or that has ended: `worker`."""

    def __init__(self, told: Dict[str, Any], cfg: Cfg) -> None:
        self.slot: int = told["slot"]
        # Counts up with each worker, as in Gunicorn; the slot where the number is not known.
        self.age: int = told.get("child", self.slot)
        self.generation: Optional[int] = told.get("generation")
        # Gunicorn's word for a worker that has no pid yet.
        self.pid: Any = told.get("pid", "[booting]")
        self.exitcode: Optional[int] = told.get("code")
        self.signal: Optional[str] = told.get("signal")
        self.reason: Optional[str] = told.get("reason")
        self.cfg = cfg
        self.log = gunicorn_log()
        self.booted = "pid" in told

    def __str__(self) -> str:
        return f"<Worker {self.pid}>"
