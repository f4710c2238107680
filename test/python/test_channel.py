"""The line to the arbiter, also when nobody reads it."""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import threading
import time
import unittest
from typing import Any

from tsgun_python.channel import Channel


def said(sock: socket.socket, until: bytes) -> list[dict[str, Any]]:
    """Everything up to a line that has this in it."""
    data = b""
    while until not in data or not data.endswith(b"\n"):
        data += sock.recv(1 << 20)
    return [json.loads(line) for line in data.splitlines()]


class ChannelTest(unittest.TestCase):
    def setUp(self) -> None:
        self.ours, theirs = socket.socketpair()
        self.ours.settimeout(10)
        self.channel = Channel(theirs.detach())
        self.addCleanup(self.ours.close)
        self.addCleanup(os.close, self.channel.fileno())

    def test_orders_in_any_pieces(self) -> None:
        data = b'{"type":"start","x":1}\n{"type":"drain"}\n{"type":"quit"}\n'
        sender = threading.Thread(target=lambda: [self.ours.sendall(bytes((b,))) for b in data])
        sender.start()
        orders = [self.channel.wait_for_start()["type"]]
        while len(orders) < 3:
            select.select([self.channel.fileno()], [], [], 1)
            orders += [order["type"] for order in self.channel.read_orders()]
        sender.join()
        self.assertEqual(orders, ["start", "drain", "quit"])

    def test_what_comes_with_the_start_is_kept(self) -> None:
        self.ours.sendall(b'{"type":"start"}\n{"type":"drain"}\n')
        self.assertEqual(self.channel.wait_for_start(), {"type": "start"})
        self.assertEqual(self.channel.read_orders(), [{"type": "drain"}])
        self.assertEqual(self.channel.read_orders(), [])

    def test_an_arbiter_that_does_not_read_holds_nobody_up(self) -> None:
        begun = time.monotonic()
        for _ in range(100_000):
            self.channel.send({"type": "log", "level": "info", "message": "x" * 100})
        self.channel.send({"type": "beat"})
        self.assertLess(time.monotonic() - begun, 10)
        lost = self.channel.lost
        self.assertGreater(lost, 50_000)
        last = threading.Thread(target=self.channel.send_last, args=({"type": "drained"},))
        last.start()
        messages = said(self.ours, b'"drained"')
        last.join()
        # What is no log has come all the same.
        self.assertEqual([m["type"] for m in messages[-2:]], ["beat", "drained"])
        self.assertEqual(len(messages), 100_000 - lost + 2)
        self.channel.send({"type": "log", "level": "info", "message": "the last"})
        told, after = said(self.ours, b"the last")
        self.assertIn(f"{lost} messages", told["message"])
        self.assertEqual((told["level"], after["message"]), ("warning", "the last"))

    def test_threads_do_not_mix_their_lines(self) -> None:
        def talk(number: int) -> None:
            for at in range(200):
                self.channel.send({"type": "log", "message": f"{number} {at} " + "y" * 500})

        threads = [threading.Thread(target=talk, args=(number,)) for number in range(5)]
        for thread in threads:
            thread.start()
        reader: list[Any] = []
        reading = threading.Thread(target=lambda: reader.extend(said(self.ours, b"the end")))
        reading.start()
        for thread in threads:
            thread.join()
        self.channel.send_last({"type": "the end"})
        reading.join()
        self.assertEqual(len(reader), 1001)

    def test_an_arbiter_that_has_gone(self) -> None:
        self.ours.close()
        self.channel.send({"type": "beat"})
        self.channel.send_last({"type": "drained"})
        pid = os.fork()
        if pid == 0:
            sys.stdout = None  # type: ignore[assignment]
            self.channel.read_orders()
            os._exit(7)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)


if __name__ == "__main__":
    unittest.main()
