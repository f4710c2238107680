"""A gunicorn.conf.py in a worker: the file, `cfg`, its hooks, and its logging."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import textwrap
import unittest
from typing import Any, Dict, List

from tsgun_python import conf_file
from tsgun_python.cfg import Cfg, parse_address
from tsgun_python.hooks import Hooks, load_conf
from tsgun_python.request_hooks import around

START = {"child": 7, "slot": 1, "generation": 2, "timeoutMs": 30_000}


def hooks_of(text: str, **settings: Any) -> Hooks:
    """The hooks in this text, as a worker has them."""
    names: Dict[str, Any] = {}
    exec(textwrap.dedent(text), names)
    told = [name for name in conf_file.WORKER_HOOKS if name in names]
    start = {**START, "config": {"hooks": told, "settings": settings}}
    return Hooks(start, names)


class TestFile(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "gunicorn.conf.py")

    def write(self, text: str) -> None:
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(text)

    def test_is_executed_as_gunicorn_does(self) -> None:
        self.write("import os\nname = __name__\nfile = __file__\n")
        names = conf_file.load("file:" + self.path)
        self.assertEqual((names["name"], names["file"]), ("__config__", self.path))
        self.assertIn("__builtins__", names)

    def test_leaves_no_bytecode_and_is_read_anew(self) -> None:
        self.write("workers = 1\n")
        self.assertEqual(conf_file.load(self.path)["workers"], 1)
        self.write("workers = 2\n")
        self.assertEqual(conf_file.load(self.path)["workers"], 2)
        self.assertEqual(os.listdir(os.path.dirname(self.path)), ["gunicorn.conf.py"])

    def test_may_import_what_lies_beside_it_for_as_long_as_it_loads(self) -> None:
        self.write("import beside_this_conf as other\n")
        folder = os.path.dirname(self.path)
        with open(os.path.join(folder, "beside_this_conf.py"), "w", encoding="utf-8"):
            pass
        before = sys.path[:]
        load_conf({"path": self.path, "importFrom": folder})
        self.assertEqual(sys.path, before)
        with self.assertRaises(ModuleNotFoundError):
            del sys.modules["beside_this_conf"]
            load_conf({"path": self.path, "importFrom": ""})


class TestCfg(unittest.TestCase):
    def test_knows_what_runs_then_the_file_then_the_defaults(self) -> None:
        cfg = Cfg({"workers": 9, "request_timeout": 5}, {"workers": 2, "keepalive": 7, "own": 1})
        self.assertEqual((cfg.workers, cfg.keepalive, cfg.timeout), (9, 7, 30))
        self.assertEqual((cfg.request_timeout, cfg.is_ssl), (5, False))
        with self.assertRaisesRegex(AttributeError, "No configuration setting for: own"):
            _ = cfg.own

    def test_has_what_gunicorn_makes_of_settings(self) -> None:
        cfg = Cfg({"raw_env": ["A=1=2"], "bind": ["[::1]:80", "unix:/x", "fd://3"]}, {})
        self.assertEqual(cfg.env, {"A": "1=2"})
        self.assertEqual(cfg.address, [("::1", 80), "/x", "fd://3"])
        self.assertEqual(parse_address("0.0.0.0:8000"), ("0.0.0.0", 8000))


class TestHooks(unittest.TestCase):
    def test_a_hook_that_raises_is_told_and_nothing_else(self) -> None:
        hooks = hooks_of("def worker_int(worker): raise ValueError('no')")
        with self.assertLogs("gunicorn.error", "ERROR") as logs:
            hooks.run("worker_int")
        self.assertIn('Hook "worker_int" failed: Traceback', logs.output[0])
        self.assertIn("ValueError: no", logs.output[0])

    def test_hooks_get_what_gunicorn_gives_them(self) -> None:
        hooks = hooks_of(
            """
            seen = []
            def post_fork(server, worker): seen.append((server.cfg.workers, worker.age))
            def post_worker_init(worker): seen.append((worker.wsgi, worker.booted))
            """,
            workers=3,
        )
        hooks.call("post_fork")
        hooks.serve("the app")
        seen = hooks.find("post_fork").__globals__["seen"]  # type: ignore[union-attr]
        self.assertEqual(seen, [(3, 7), ("the app", False)])
        self.assertTrue(hooks.worker.booted)

    def test_the_arity_of_post_request_is_two_to_four(self) -> None:
        for text, count in (("w, r", 2), ("w, r, e", 3), ("w, r, e, a", 4), ("*args", 4)):
            hook = eval(f"lambda {text}: None")
            self.assertEqual(conf_file.arity(hook, conf_file.HOOKS["post_request"]), count)
        self.assertIsNone(conf_file.arity(lambda w: None, conf_file.HOOKS["post_request"]))


class TestRequestHooks(unittest.TestCase):
    TEXT = """
        seen = []
        def pre_request(worker, req):
            seen.append(("pre", req.method, req.path, req.query, worker.nr))
        def post_request(worker, req, environ, resp):
            seen.append(("post", resp.status, resp.status_code, resp.sent))
        """

    def call(self, hooks: Hooks, app: Any) -> List[Any]:
        environ = {
            "REQUEST_METHOD": "GET",
            "RAW_URI": "/a?b",
            "PATH_INFO": "/a",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "HTTP_X_ONE": "1",
        }
        chunks = around(app, hooks, False)(environ, lambda *_: None)
        try:
            self.assertEqual(list(chunks), [b"one", b"two"])
        finally:
            chunks.close()
        return hooks.find("pre_request").__globals__["seen"]  # type: ignore[union-attr]

    def test_they_run_before_the_app_and_after_its_end(self) -> None:
        closed: List[int] = []

        class Chunks(list):  # type: ignore[type-arg]
            def close(self) -> None:
                closed.append(1)

        def app(environ: Any, start: Any) -> Any:
            start("201 Created", [])
            return Chunks([b"one", b"two"])

        seen = self.call(hooks_of(self.TEXT), app)
        self.assertEqual(seen, [("pre", "GET", "/a", "b", 1), ("post", "201 Created", 201, 6)])
        self.assertEqual(closed, [1])

    def test_an_app_that_raises_has_ended_as_well(self) -> None:
        hooks = hooks_of(self.TEXT)

        def app(environ: Any, start: Any) -> Any:
            raise KeyError("gone")

        with self.assertRaises(KeyError):
            self.call(hooks, app)
        seen = hooks.find("pre_request").__globals__["seen"]  # type: ignore[union-attr]
        self.assertEqual(seen[-1], ("post", "", 0, 0))

    def test_nobody_pays_for_hooks_that_are_not_there(self) -> None:
        def app(environ: Any, start: Any) -> Any:
            return []

        self.assertIs(around(app, hooks_of("def worker_int(worker): pass"), False), app)


class TestLogConfig(unittest.TestCase):
    def test_parts_that_are_left_out_are_gunicorns(self) -> None:
        from tsgun_python.log_config import apply_log_config

        handlers = logging.getLogger().handlers[:]
        self.addCleanup(lambda: setattr(logging.getLogger(), "handlers", handlers))
        mine = {"mine": {"class": "logging.NullHandler"}}
        own = {"handlers": mine, "root": {"handlers": ["mine"]}}
        self.assertTrue(apply_log_config({"logconfig_dict": own}))
        self.assertIsInstance(logging.getLogger().handlers[0], logging.NullHandler)
        self.assertTrue(logging.getLogger("gunicorn.error").handlers)
        logging.getLogger("gunicorn.error").handlers.clear()
        self.assertFalse(apply_log_config({}))


if __name__ == "__main__":
    unittest.main()
