"""Logging of the app as a `gunicorn.conf.py` wants it: logconfig and its siblings."""

from __future__ import annotations

import json
import logging.config
import os
from typing import Any, Dict, Mapping

# What Gunicorn starts from, so that a file that leaves parts out means the same.
_BASE: Dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "root": {"level": "INFO", "handlers": ["console"]},
    "loggers": {
        "gunicorn.error": {"level": "INFO", "handlers": ["error_console"], "propagate": True},
        "gunicorn.access": {"level": "INFO", "handlers": ["console"], "propagate": True},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "generic",
            "stream": "ext://sys.stdout",
        },
        "error_console": {
            "class": "logging.StreamHandler",
            "formatter": "generic",
            "stream": "ext://sys.stderr",
        },
    },
    "formatters": {
        "generic": {
            "format": "%(asctime)s [%(process)d] [%(levelname)s] %(message)s",
            "datefmt": "[%Y-%m-%d %H:%M:%S %z]",
            "class": "logging.Formatter",
        }
    },
}


def apply_log_config(names: Mapping[str, Any]) -> bool:
    """Takes the names of the file; false when it says nothing of logging. Raises what is wrong."""
    if names.get("logconfig_dict"):
        logging.config.dictConfig(_complete(names["logconfig_dict"]))
    elif names.get("logconfig_json"):
        with open(names["logconfig_json"], encoding="utf-8") as file:
            logging.config.dictConfig(_complete(json.load(file)))
    elif names.get("logconfig"):
        path = os.path.abspath(names["logconfig"])
        defaults = {"__file__": path, "here": os.path.dirname(path)}
        logging.config.fileConfig(path, defaults, disable_existing_loggers=False)
    else:
        return False
    return True


def _complete(config: Mapping[str, Any]) -> Dict[str, Any]:
    """With the parts of Gunicorn that others in it may refer to."""
    whole = {**_BASE, **config}
    for section in ("loggers", "handlers", "formatters"):
        whole[section] = {**_BASE[section], **config.get(section, {})}
    return whole
