"""From words to an app: what can be named, what is said of what cannot, and its interface."""

from __future__ import annotations

import functools
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path
from typing import Any

from tsgun_python.detect_interface import detect_interface
from tsgun_python.load_app import AppError, load_app

FILES = {
    "good.py": """
        def application(*_): return "application"
        def app(*_): return "app"
        def create(name="default", *, debug=False):
            return lambda *_: f"{name} {debug}"
        class Box:
            class inner:
                @staticmethod
                def app(*_): return "inner"
        number = 7
        def gives_none(): pass
        def fails(): raise RuntimeError("no database")
    """,
    "only_app.py": "def app(*_): return 'only'",
    "neither.py": "x = 1",
    "raises.py": "def inner():\n    raise RuntimeError('no settings')\ninner()",
    "leaves.py": "import sys\nsys.exit(3)",
    "lacks.py": "import a_library_that_nobody_has",
    "wrong.py": "def app(:\n",
    "pack/__init__.py": "",
    "pack/web.py": """
        class Site:
            @staticmethod
            def app(*_): return "packed"
        site = Site()
    """,
}


class LoadTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        for name, text in FILES.items():
            path = Path(folder.name, name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        sys.path.insert(0, folder.name)
        cls.addClassCleanup(sys.path.remove, folder.name)

    def test_what_can_be_named(self) -> None:
        for spec, answer in {
            "good": "application",
            "good:app": "app",
            "only_app": "only",
            "good:create()": "default False",
            "good:create('x', debug=True)": "x True",
            'good:create(name="a:b")': "a:b False",
            "good:Box.inner.app": "inner",
            "pack.web:site.app": "packed",
        }.items():
            with self.subTest(spec):
                self.assertEqual(load_app(spec)({}, None), answer)

    def test_what_is_said_of_what_cannot(self) -> None:
        for spec, message in {
            "nowhere": 'No module is named "nowhere"',
            "pack.nowhere": 'No module is named "pack.nowhere"',
            "nowhere.at.all": 'No module is named "nowhere"',
            "neither": 'The module "neither" has neither "application" nor "app"',
            "good:nothing": '"good" has no "nothing"',
            "good:Box.nothing.app": '"good" has no "Box.nothing.app"',
            "good:number": 'The app "good:number" is not callable: it is int',
            "good:gives_none()": "is not callable: it is NoneType",
            "good:create(name)": "have to be literals",
            "good:create(**{'name': 'x'})": "have to be literals",
            "good:create(*['x'])": "have to be literals",
            "good:create(1, 2, 3)": "TypeError",
            "good:1 + 1": "is neither a name nor a call of one",
            "good:app app": "is neither a name nor a call of one",
            "good:fails()": "RuntimeError: no database",
            "raises": 'Cannot import "raises": RuntimeError: no settings',
            "leaves": 'Cannot import "leaves": SystemExit: 3',
            "lacks": "No module named 'a_library_that_nobody_has'",
            "wrong": "SyntaxError",
        }.items():
            with self.subTest(spec), self.assertRaises(AppError) as caught:
                load_app(spec)
            self.assertIn(message, str(caught.exception))
            self.assertNotIn("\n", str(caught.exception))

    def test_the_traceback_is_the_apps(self) -> None:
        with self.assertRaises(AppError) as caught:
            load_app("raises")
        lines = caught.exception.stack.splitlines()
        self.assertEqual(lines[0], "Traceback (most recent call last):")
        self.assertIn('raises.py", line 3, in <module>', lines[1])
        self.assertEqual(lines[-1], "RuntimeError: no settings")
        self.assertNotIn("importlib", caught.exception.stack)


async def asgi(scope: Any, receive: Any, send: Any) -> None: ...


def wsgi(environ: Any, start_response: Any) -> list[bytes]:
    return []


def returns_coroutine(scope: Any, receive: Any, send: Any) -> Any:
    return asgi(scope, receive, send)


def decorated(function: Any) -> Any:
    @functools.wraps(function)
    def inner(*args: Any) -> Any:
        return function(*args)

    return inner


class AsgiObject:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...

    async def method(self, scope: Any, receive: Any, send: Any) -> None: ...


class WsgiObject:
    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        return []

    def method(self, environ: Any, start_response: Any) -> list[bytes]:
        return []


class WsgiClass:
    """An instance is what the call gives, as in PEP 3333."""

    def __init__(self, environ: Any, start_response: Any) -> None: ...


class InterfaceTest(unittest.TestCase):
    def test_asgi(self) -> None:
        for app in (
            asgi,
            AsgiObject(),
            AsgiObject().method,
            functools.partial(asgi),
            functools.partial(functools.partial(AsgiObject())),
            decorated(asgi),
            returns_coroutine,
            lambda scope, receive, send: asgi(scope, receive, send),
        ):
            with self.subTest(app):
                self.assertEqual(detect_interface(app), "asgi")

    def test_wsgi(self) -> None:
        partial, method = functools.partial(wsgi), WsgiObject().method
        for app in (wsgi, WsgiObject(), method, partial, decorated(wsgi), WsgiClass, print):
            with self.subTest(app):
                self.assertEqual(detect_interface(app), "wsgi")


if __name__ == "__main__":
    unittest.main()
