"""The whole ASGI worker as a process: boot, orders, signals, and how it leaves."""

from __future__ import annotations

import os
import signal
import tempfile
import textwrap
import time
import unittest
from typing import Any

from fake_arbiter import FakeArbiter
from fake_gateway import GET
from tsgun_python import frames

APP = """
    import asyncio, logging, os, time

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            return await lifespan(receive, send)
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"hello"})

    async def lifespan(receive, send):
        await receive()
        logging.getLogger("my.app").warning("starts")
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("ends", flush=True)
        logging.getLogger("my.app").error("ends")
        await send({"type": "lifespan.shutdown.complete"})

    async def failing(scope, receive, send):
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    async def slow(scope, receive, send):
        assert scope["type"] == "http"
        await asyncio.sleep(60)

    async def blocking(scope, receive, send):
        assert scope["type"] == "http"
        time.sleep(0.6)
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    async def hanging(scope, receive, send):
        hang_in_here()

    def hang_in_here():
        time.sleep(60)

    async def forking(scope, receive, send):
        assert scope["type"] == "http"
        if os.fork() == 0:
            await asyncio.sleep(float(scope["query_string"]))
        await app(scope, receive, send)
"""

DRAIN = {"type": "drain", "emptyBacklog": False, "linger": "brief", "graceMs": 5000}


class WorkerTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        with open(os.path.join(self.folder, "app.py"), "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(APP))

    def worker(self, app: str = "app:app", **start: Any) -> FakeArbiter:
        arbiter = FakeArbiter(app=app, chdir=self.folder, **start)
        arbiter.__enter__()
        self.addCleanup(arbiter.__exit__)
        return arbiter

    def test_serves_and_leaves(self) -> None:
        arbiter = self.worker(loglevel="info")
        link = arbiter.accept()
        self.assertEqual(arbiter.hear("ready")["kind"], "asgi")
        self.assertEqual(link.hello["interface"], "asgi")
        link.request(1)
        self.assertEqual(link.frame().payload, b"200 hello")
        arbiter.send(DRAIN)
        self.assertEqual(link.frame().kind, frames.REST)
        link.send(frames.IDLE)
        arbiter.hear("drained")
        self.assertEqual(arbiter.exit_code(), 0)
        logged = [(one["level"], one["message"]) for one in arbiter.told if one["type"] == "log"]
        self.assertEqual(logged, [("warning", "starts"), ("error", "ends")])
        beats = [one for one in arbiter.told if one["type"] == "beat"]
        self.assertEqual((beats[-1]["requests"], beats[-1]["inFlight"]), (1, 0))
        self.assertGreater(beats[-1]["rssBytes"], 1_000_000)

    def test_uvloop_when_it_is_there(self) -> None:
        try:
            import uvloop  # noqa: F401
        except ImportError:
            arbiter = self.worker(asgi={"loop": "uvloop"})
            failed = arbiter.hear("failed")
            self.assertEqual(failed["kind"], "boot")
            self.assertIn("needs the package uvloop", failed["message"])
            return
        arbiter = self.worker(asgi={"loop": "auto"})
        link = arbiter.accept()
        arbiter.hear("ready")
        link.request(1)
        self.assertEqual(link.frame().payload, b"200 hello")
        link.close()
        link = arbiter.accept()
        arbiter.process.send_signal(signal.SIGTERM)
        self.assertEqual(arbiter.hear("leaving")["why"], "was sent SIGTERM")
        arbiter.send(DRAIN)
        link.frame(frames.REST)
        link.send(frames.IDLE)
        arbiter.hear("drained")

    def test_startup_that_fails(self) -> None:
        arbiter = self.worker("app:failing")
        failed = arbiter.hear("failed")
        self.assertEqual((failed["kind"], "no database" in failed["message"]), ("app", True))
        self.assertEqual(arbiter.exit_code(), 1)

    def test_check_loads_the_app_and_leaves(self) -> None:
        arbiter = self.worker(purpose="check", link=None)
        self.assertEqual(arbiter.hear("ready")["kind"], "asgi")
        self.assertEqual(arbiter.exit_code(), 0)

    def test_parks_and_comes_back(self) -> None:
        arbiter = self.worker()
        link = arbiter.accept()
        arbiter.hear("ready")
        for _ in range(2):
            arbiter.send({"type": "park", "linger": "brief", "graceMs": 1000})
            self.assertEqual(link.frame(frames.REST).code, 1)
            link.send(frames.IDLE)
            arbiter.hear("parked")
            arbiter.send({"type": "park", "linger": "brief", "graceMs": 1000})
            arbiter.hear("parked")
            arbiter.send({"type": "unpark"})
            self.assertEqual(link.frame(frames.REST).code, 0)
            arbiter.hear("unparked")

    def test_leaves_when_its_time_is_over(self) -> None:
        arbiter = self.worker("app:slow")
        link = arbiter.accept()
        arbiter.hear("ready")
        link.request(1)
        arbiter.send({**DRAIN, "graceMs": 200})
        arbiter.hear("drained")
        self.assertEqual(arbiter.exit_code(), 0)

    def test_quit_and_interrupt(self) -> None:
        for order in ("quit", signal.SIGINT, signal.SIGQUIT):
            arbiter = self.worker("app:slow")
            arbiter.accept().request(1)
            arbiter.hear("ready")
            if isinstance(order, str):
                arbiter.send({"type": order})
            else:
                arbiter.process.send_signal(order)
            arbiter.hear("drained")
            self.assertEqual(arbiter.exit_code(), 0)

    def test_arbiter_that_dies(self) -> None:
        arbiter = self.worker()
        arbiter.accept()
        arbiter.hear("ready")
        arbiter._socket.close()
        self.assertEqual(arbiter.exit_code(), 0)

    def test_foreign_signals(self) -> None:
        arbiter = self.worker()
        link = arbiter.accept()
        arbiter.hear("ready")
        for name in ("HUP", "USR1", "TTIN", "TTOU", "WINCH", "PIPE"):
            arbiter.process.send_signal(getattr(signal, f"SIG{name}"))
        link.request(1)
        self.assertEqual(link.frame().payload, b"200 hello")

    def test_lag_is_told(self) -> None:
        arbiter = self.worker("app:blocking")
        link = arbiter.accept()
        arbiter.hear("ready")
        link.request(1)
        link.frame()
        most = max(arbiter.hear("beat")["lagMs"] for _ in range(5))
        self.assertGreater(most, 300)

    def test_hung_lifespan_shows_its_stack(self) -> None:
        arbiter = self.worker("app:hanging")
        arbiter.hear("beat")
        text = b""
        while b"hang_in_here" not in text:
            arbiter.process.send_signal(signal.SIGUSR2)
            text += os.read(arbiter.stacks, 65536)

    def test_fork_in_the_app(self) -> None:
        for loop in ("asyncio", "auto"):
            arbiter = self.worker("app:forking", asgi={"loop": loop})
            link = arbiter.accept()
            arbiter.hear("ready")
            for stream, pause in enumerate(("0", "0", "0.05", "0"), 1):
                link.request(stream, ["GET", f"/?{pause}", *GET[2:]])
                frame = link.frame()
                self.assertEqual((frame.stream, frame.payload), (stream, b"200 hello"))
                time.sleep(0.1)

    def test_report(self) -> None:
        arbiter = self.worker()
        arbiter.accept()
        arbiter.hear("ready")
        arbiter.send({"type": "report", "id": 4})
        self.assertEqual(arbiter.hear("requests"), {"type": "requests", "id": 4, "requests": []})


if __name__ == "__main__":
    unittest.main()
