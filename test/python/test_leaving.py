"""What a worker does for its app when it leaves, and for the children of the app."""

from __future__ import annotations

import signal
import tempfile
import textwrap
import unittest
from pathlib import Path

from fake_arbiter import FakeArbiter, FakeLink
from test_green_worker import DRAIN, head
from tsgun_python import frames

APP = """
    import atexit, logging, os, signal, sys, time

    @atexit.register
    def at_exit():
        logging.getLogger("app").warning("said at exit")
        print("printed at exit", file=sys.stderr)

    @atexit.register
    def at_exit_too():
        raise ValueError("raised at exit")

    def app(environ, start_response):
        start_response("200 OK", [])
        if environ["PATH_INFO"] == "/fork":
            pid = os.fork()
            if pid == 0:
                logging.getLogger("app").error("said by the child")
                sys.stderr.flush()
                os._exit(0)
            os.waitpid(pid, 0)
        if environ["PATH_INFO"] == "/kill":
            pid = os.fork()
            if pid == 0:
                time.sleep(5)
                os._exit(0)
            time.sleep(0.2)  # a signal to a process that has just been forked may be lost
            os.kill(pid, signal.SIGTERM)
            return [b"%d" % os.waitpid(pid, 0)[1]]
        if environ["PATH_INFO"] == "/put_away":
            signal.set_wakeup_fd(-1)  # as uvloop does
        return [b"done"]
"""


class LeavingTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        Path(folder.name, "app.py").write_text(textwrap.dedent(APP), encoding="utf-8")
        self.arbiter = FakeArbiter(chdir=folder.name)
        self.arbiter.__enter__()
        self.addCleanup(self.arbiter.__exit__)

    def links(self) -> dict[str, FakeLink]:
        """Of a worker that is ready."""
        links = [self.arbiter.accept(), self.arbiter.accept()]
        self.arbiter.hear("ready")
        return {link.hello["connection"]: link for link in links}

    def stderr(self) -> str:
        return self.arbiter.process.stderr.read().decode()

    def test_does_at_exit_what_the_app_wants(self) -> None:
        main = self.links()["main"]
        self.arbiter.send(DRAIN)
        self.assertEqual(main.frame().kind, frames.REST)
        main.send(frames.IDLE)
        self.arbiter.hear("drained")
        self.assertEqual(self.arbiter.exit_code(), 0)
        logged = [one["message"] for one in self.arbiter.told if one["type"] == "log"]
        self.assertEqual(logged, ["said at exit"])
        stderr = self.stderr()
        self.assertIn("printed at exit", stderr)
        self.assertIn("raised at exit", stderr)

    def test_hears_signals_when_the_app_has_put_the_wakeup_descriptor_away(self) -> None:
        lane = self.links()["lane"]
        lane.request(1, head("/put_away"))
        lane.frame()
        self.arbiter.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.arbiter.hear("leaving")["why"], "was sent SIGTERM")

    def test_children_of_the_app_end_by_a_signal(self) -> None:
        lane = self.links()["lane"]
        lane.request(1, head("/kill"))
        self.assertTrue(lane.frame().payload.endswith(b"%d" % signal.SIGTERM))

    def test_children_of_the_app_log_to_stderr(self) -> None:
        lane = self.links()["lane"]
        lane.request(1, head("/fork"))
        self.assertTrue(lane.frame().payload.endswith(b"done"))
        self.arbiter.send({"type": "quit"})
        self.arbiter.hear("drained")
        self.assertIn("said by the child", self.stderr())
        logged = [one["message"] for one in self.arbiter.told if one["type"] == "log"]
        self.assertNotIn("said by the child", logged)


if __name__ == "__main__":
    unittest.main()
