"""From `package.module:name` to the app, or to words for what is wrong."""

from __future__ import annotations

import ast
import importlib
import os
import sys
import traceback
from typing import Any

_OURS = os.path.dirname(os.path.abspath(__file__))


class AppError(Exception):
    """The app cannot be served. `stack` is its own traceback, if it has come so far."""

    def __init__(self, message: str, stack: str = "") -> None:
        super().__init__(message)
        self.stack = stack


def load_app(spec: str) -> Any:
    """`module`, `module:name`, `module:factory(args)` or `module:object.attribute`."""
    module_name, _, expression = spec.partition(":")
    module = _import(module_name)
    app = _evaluate(module, expression) if expression else _default(module)
    if not callable(app):
        raise AppError(f'The app "{spec}" is not callable: it is {type(app).__name__}')
    return app


def _import(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(error.name + ".")):
            raise AppError(f'No module is named "{error.name}" in {_places()}') from error
        raise _failure(name, error) from error
    except BaseException as error:  # SystemExit as well: the app has not come to be
        raise _failure(name, error) from error


def _failure(name: str, error: BaseException) -> AppError:
    what = traceback.format_exception_only(type(error), error)[-1].strip()
    return AppError(f'Cannot import "{name}": {what}', app_stack(error))


def _places() -> str:
    return ", ".join(place or "." for place in sys.path[:2])


def _default(module: Any) -> Any:
    for name in ("application", "app"):
        if hasattr(module, name):
            return getattr(module, name)
    raise AppError(f'The module "{module.__name__}" has neither "application" nor "app"')


def _evaluate(module: Any, expression: str) -> Any:
    try:
        tree = ast.parse(expression, mode="eval").body
    except SyntaxError:
        tree = None
    call = tree if isinstance(tree, ast.Call) else None
    found = _attribute(module, call.func if call else tree, expression)
    if call is None:
        return found
    try:
        if any(key.arg is None for key in call.keywords):
            raise ValueError("**")
        args = [ast.literal_eval(arg) for arg in call.args]
        named = {str(key.arg): ast.literal_eval(key.value) for key in call.keywords}
    except (TypeError, ValueError):
        raise AppError(f'The arguments in "{expression}" have to be literals') from None
    try:
        return found(*args, **named)
    except BaseException as error:
        raise _failure(f"{module.__name__}:{expression}", error) from error


def _attribute(module: Any, tree: Any, expression: str) -> Any:
    if isinstance(tree, ast.Name):
        names = [tree.id]
    elif isinstance(tree, ast.Attribute):
        names = ast.unparse(tree).split(".")
    else:
        raise AppError(f'"{expression}" is neither a name nor a call of one')
    found = module
    for name in names:
        if not hasattr(found, name):
            raise AppError(f'"{module.__name__}" has no "{".".join(names)}"')
        found = getattr(found, name)
    return found


def app_stack(error: BaseException) -> str:
    """Its traceback without our own frames, and without those of the import system around them."""
    trace = error.__traceback__
    while trace is not None and _is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace)).rstrip()


def _is_ours(name: str) -> bool:
    return name.startswith((_OURS, "<frozen importlib")) or name.endswith("importlib/__init__.py")
