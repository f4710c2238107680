"""What the app logs goes to the error log with its level and its traceback."""

from __future__ import annotations

import logging
from typing import Callable

Log = Callable[[str, str], None]

_LEVELS = (
    (logging.CRITICAL, "critical"),
    (logging.ERROR, "error"),
    (logging.WARNING, "warning"),
    (logging.INFO, "info"),
)

# What one message can be.
_LONGEST = 60 * 1024


class ArbiterHandler(logging.Handler):
    """The arbiter writes the log; time, worker and pid are its business."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._log(level_name(record.levelno), self.format(record)[:_LONGEST])
        except Exception:
            self.handleError(record)


def level_name(number: int) -> str:
    return next((name for least, name in _LEVELS if number >= least), "debug")


def level_number(name: str) -> int:
    return next((least for least, known in _LEVELS if known == name), logging.DEBUG)
