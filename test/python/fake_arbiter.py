"""A real worker process, with a test in the places of arbiter and gateway."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from fake_gateway import GET, Frame, encode
from tsgun_python import frames
from tsgun_python.frames import HEADER

PACKAGE_FOLDER = Path(frames.__file__).parent.parent
TIME_LIMIT = 10.0


class FakeArbiter:
    """`with FakeArbiter(app="module:name", chdir=...) as arbiter`."""

    def __init__(self, **start: Any) -> None:
        self.listener = socket.socket(socket.AF_UNIX)
        name = f"tsgun-test-{os.getpid()}-{id(self)}"
        self.listener.bind("\0" + name)
        self.listener.listen()
        self.listener.settimeout(TIME_LIMIT)
        self._start = start_order(name, start)
        self._text = b""
        self._links: list[FakeLink] = []
        self.told: list[dict[str, Any]] = []

    def __enter__(self) -> FakeArbiter:
        self._socket, theirs = socket.socketpair()
        self._socket.settimeout(TIME_LIMIT)
        self.stacks, stack = os.pipe()
        environment = {**os.environ, "NODE_CHANNEL_FD": str(theirs.fileno())}
        self.process = subprocess.Popen(
            (sys.executable, "-m", "tsgun_python"),
            cwd=PACKAGE_FOLDER,
            env={**environment, "TSGUN_STACK_FD": str(stack)},
            pass_fds=(theirs.fileno(), stack),
            stderr=subprocess.PIPE,
        )
        theirs.close()
        os.close(stack)
        self.send(self._start)
        return self

    def __exit__(self, *_: Any) -> None:
        self.process.kill()
        self.process.communicate()
        for closed in (self._socket, self.listener, *self._links):
            closed.close()
        os.close(self.stacks)

    def send(self, message: dict[str, Any]) -> None:
        self._socket.sendall(json.dumps(message).encode() + b"\n")

    def hear(self, kind: str) -> dict[str, Any]:
        """The next message of this type; the others are kept in `told`."""
        deadline = time.monotonic() + TIME_LIMIT
        while time.monotonic() < deadline:
            while b"\n" not in self._text:
                data = self._socket.recv(65536)
                if not data:
                    raise AssertionError(f"no {kind}: {self.told} {self.stderr()}")
                self._text += data
            line, _, self._text = self._text.partition(b"\n")
            message: dict[str, Any] = json.loads(line)
            self.told.append(message)
            if message["type"] == kind:
                return message
        raise AssertionError(f"no {kind}: {self.told}")

    def accept(self) -> FakeLink:
        """The worker's connection, welcomed."""
        link = FakeLink(self.listener.accept()[0])
        self._links.append(link)
        return link

    def exit_code(self) -> int:
        return self.process.wait(TIME_LIMIT)

    def stderr(self) -> str:
        return self.process.communicate()[1].decode()


class FakeLink:
    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(TIME_LIMIT)
        self._socket = sock
        self._file = sock.makefile("rb")
        self.hello = json.loads(self.frame(frames.HELLO).payload)
        self.send(frames.WELCOME, code=frames.LINK_VERSION)

    def send(self, kind: int, stream: int = 0, payload: bytes = b"", **more: int) -> None:
        self._socket.sendall(encode(kind, stream, payload, **more))

    def request(self, stream: int, fields: list[str] = GET, **more: Any) -> None:
        head = "\n".join(fields).encode("latin-1")
        options = {"flags": frames.END, "code": len(head), **more}
        body = options.pop("body", b"")
        self.send(frames.REQUEST, stream, head + body, **options)

    def frame(self, kind: int | None = None) -> Frame:
        """The next one; with `kind` the next of these."""
        while True:
            _, found, flags, stream, length, code = HEADER.unpack(self._file.read(HEADER.size))
            frame = Frame(found, flags, stream, code, self._file.read(length))
            if kind in (None, found):
                return frame

    def close(self) -> None:
        self._file.close()
        self._socket.close()


def start_order(name: str, changes: dict[str, Any]) -> dict[str, Any]:
    asgi = {"loop": "asyncio", "lifespan": "auto", "rootPath": "", "disconnectGraceMs": 200}
    return {
        "type": "start",
        "role": "python",
        "child": 5,
        "slot": 0,
        "generation": 1,
        "purpose": "serve",
        "app": "app",
        "chdir": ".",
        "pythonPath": [],
        "workerClass": "auto",
        "threads": 1,
        "workerConnections": 10,
        "link": {"name": name, "token": "secret"},
        "procName": "test",
        "identity": None,
        "umask": None,
        "beatIntervalMs": 100,
        "timeoutMs": 30_000,
        "gracefulTimeoutMs": 5_000,
        "requestLimit": 0,
        "loglevel": "debug",
        "spew": False,
        "wsgi": {"multiprocess": True, "sendfile": True},
        "software": "tsgun/0.0.0",
        "config": None,
        **changes,
        "asgi": {**asgi, **changes.get("asgi", {})},
    }
