"""A WSGI app that threads serve: their lanes, and the connection that speaks for all of them."""

from __future__ import annotations

import socket
import time
import traceback
from typing import Any, Callable

from .control_loop import ControlLoop
from .dial import Backoff, hello
from .frames import HEADER, HEADER_SIZE, IDLE, MAGIC, REST, WELCOME
from .mux_host import MuxHost
from .wsgi_environ import base_environ
from .wsgi_lane import WsgiLane

# Between two looks whether threads have done what comes after an answer.
_LOOK_AGAIN = 0.01


class LaneThread:
    """What is known of a thread without asking it."""

    def __init__(self, host: WsgiHost) -> None:
        self.host = host
        self.lane: WsgiLane | None = None
        self.welcomed = False
        self.busy = False
        self.served = 0
        # Whether somebody wants to know after each request.
        self.watched = host.start["requestLimit"] > 0

    def run(self) -> None:
        """For ever: a lane ends with the client of its request, and another one is dialled."""
        backoff = Backoff()
        while True:
            self.welcomed = False
            try:
                self._run_lane()
            except OSError:
                pass  # LaneClosed is one as well
            except BaseException:
                self.host.log("critical", f"A thread has failed\n{traceback.format_exc().rstrip()}")
            self.busy = False
            if self.welcomed:
                backoff.reset()
            else:
                time.sleep(backoff.next())

    def _run_lane(self) -> None:
        host = self.host
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect("\0" + host.start["link"]["name"])
            sock.sendall(hello(host.start, "wsgi", 0, "lane"))
            self.lane = WsgiLane(sock, host.log)
            self.lane.wait_for_welcome()
            self.welcomed = True
            host.loop.wake()
            self.lane.serve(host.app, host.base, host.sendfile, self)

    def tell(self) -> None:
        """After each request, if it is watched."""
        self.host.loop.wake()


class MainLink:
    """The connection on which only rest and idle are spoken of."""

    def __init__(self, sock: socket.socket, host: WsgiHost) -> None:
        self.streams: dict[int, Any] = {}
        self.welcomed = False
        self.waits_for_end = False
        self._sock = sock
        self._host = host
        self._rest = b""
        host.loop.add_reader(sock.fileno(), self._read)

    def fileno(self) -> int:
        return self._sock.fileno()

    def rest(self, resting: bool) -> None:
        self.write(HEADER.pack(MAGIC, REST, 0, 0, 0, 1 if resting else 0))

    def write(self, data: bytes) -> None:
        """A few bytes now and then, for which there is always room."""
        try:
            self._sock.sendall(data)
        except OSError:
            pass  # its end is read as well

    def _read(self) -> None:
        try:
            data = self._sock.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._host.loop.remove_reader(self._sock.fileno())
            self._sock.close()
            return self._host.lost(self)
        data = self._rest + data
        while len(data) >= HEADER_SIZE:
            self._hear(HEADER.unpack_from(data)[1])
            data = data[HEADER_SIZE:]
        self._rest = data

    def _hear(self, kind: int) -> None:
        if kind == WELCOME:
            self.welcomed = True
            self._host.hear_welcome(self)
            self._host.loop.wake()  # perhaps that was all
        elif kind == IDLE:
            self._host.hear_idle()


class WsgiHost(MuxHost):
    """Outlives all of them."""

    def __init__(self, context: Any, threads: int, loop: ControlLoop) -> None:
        super().__init__(context.start)
        self.loop = loop
        self.app = context.app
        self.log = context.log
        self.base = base_environ(context.start, threads > 1)
        self.sendfile: bool = context.start["wsgi"]["sendfile"]
        self.threads = [LaneThread(self) for _ in range(threads)]
        self._served_before = -1

    @property
    def in_flight(self) -> int:
        return sum(thread.busy for thread in self.threads)

    @property
    def requests(self) -> int:
        return sum(thread.served for thread in self.threads)

    @property
    def is_open(self) -> bool:
        """All connections were welcomed."""
        main = self._link
        return main is not None and main.welcomed and all(t.welcomed for t in self.threads)

    def is_known(self) -> bool:
        return super().is_known() or any(thread.welcomed for thread in self.threads)

    def is_alive(self) -> bool:
        """Somebody is idle, or has done something since this was asked last."""
        served, before = self.requests, self._served_before
        self._served_before = served
        return served != before or self.in_flight < len(self.threads)

    def descriptors(self) -> list[int]:
        """Of all connections."""
        lanes = [thread.lane.fileno() for thread in self.threads if thread.lane is not None]
        return [*lanes, *super().descriptors()]

    def connect(self, sock: socket.socket) -> MainLink:
        link = MainLink(sock, self)
        link.write(hello(self.start, "wsgi", 0))
        return link

    def call_later(self, seconds: float, function: Callable[[], None]) -> None:
        self.loop.call_later(seconds, function)

    def hear_welcome(self, link: MainLink) -> None:
        super().hear_welcome(link)
        self.loop.wake()

    def look(self) -> None:
        super().look()
        if self._resting and self._gateway_idle and self.in_flight > 0:
            self.call_later(_LOOK_AGAIN, self.look)
