"""A `gunicorn.conf.py`, executed as Gunicorn does; the config host and the workers share this."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
import traceback
from types import ModuleType
from typing import Any, Callable, Dict, Mapping, Optional, Tuple

Hook = Callable[..., Any]

# The numbers of arguments that each hook may take; the first that fits is what it gets.
ARBITER_HOOKS: Dict[str, Tuple[int, ...]] = {
    "on_starting": (1,),
    "on_reload": (1,),
    "when_ready": (1,),
    "pre_fork": (2,),
    "pre_exec": (1,),
    "child_exit": (2,),
    "nworkers_changed": (3,),
    "on_exit": (1,),
}
WORKER_HOOKS: Dict[str, Tuple[int, ...]] = {
    "post_fork": (2,),
    "post_worker_init": (1,),
    "worker_int": (1,),
    "worker_abort": (1,),
    "worker_exit": (2,),
    "pre_request": (2,),
    "post_request": (4, 3, 2),
}
HOOKS: Dict[str, Tuple[int, ...]] = {**ARBITER_HOOKS, **WORKER_HOOKS}


def load(location: str) -> Dict[str, Any]:
    """The names that `PATH`, `file:PATH` or `python:MODULE` define."""
    if location.startswith("python:"):
        return vars(importlib.import_module(location[len("python:") :]))
    path = location[len("file:") :] if location.startswith("file:") else location
    return vars(_execute(os.path.abspath(path)))


def find_hook(names: Mapping[str, Any], name: str) -> Optional[Hook]:
    """The hook of this name, which may be told as `package.module.function`."""
    value = names.get(name)
    if value is None:
        return None
    if isinstance(value, str):
        value = _resolve(name, value)
    if not callable(value):
        raise TypeError(f"{name} has to be a function, or the name of one, not {value!r}")
    if arity(value, HOOKS[name]) is None:
        takes = " or ".join(map(str, sorted(HOOKS[name])))
        raise TypeError(f"{name} has to take {takes} arguments: {name}{inspect.signature(value)}")
    return value


def arity(hook: Hook, counts: Tuple[int, ...]) -> Optional[int]:
    """The first of these numbers of arguments that a hook can be called with."""
    try:
        signature = inspect.signature(hook)
    except (TypeError, ValueError):  # written in C
        return counts[0]
    return next((count for count in counts if _takes(signature, count)), None)


def explain(error: BaseException) -> str:
    """A traceback as the operator wants it: without the frames that are not theirs."""
    trace = error.__traceback__
    while trace is not None and _is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace)).rstrip()


def _execute(path: str) -> ModuleType:
    # Not through the import system: it keeps bytecode, and takes an edit within a second for none.
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec", dont_inherit=True)
    module = ModuleType("__config__")
    module.__file__ = path
    sys.modules["__config__"] = module
    exec(code, vars(module))  # noqa: S102
    return module


def _resolve(name: str, dotted: str) -> Any:
    module, _, attribute = dotted.rpartition(".")
    if not module:
        raise TypeError(f"{name} has to be a function, or the name of one, not {dotted!r}")
    return getattr(importlib.import_module(module), attribute)


def _takes(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


_OWN_FOLDER = os.path.dirname(os.path.abspath(__file__))


def _is_ours(filename: str) -> bool:
    return filename.startswith(("<frozen ", _OWN_FOLDER)) or filename == importlib.__file__
