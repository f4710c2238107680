"""A WSGI app that is served by green threads, and its connection to the gateway."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any, Callable, Protocol

from .dial import hello
from .green_link import GreenLink
from .green_stream import GreenStream
from .mux_host import MuxHost
from .wsgi_call import WsgiCall
from .wsgi_environ import base_environ, make_environ
from .wsgi_input import body_of


class GreenKit(Protocol):
    """What gevent and eventlet call by different names."""

    name: str

    def spawn(self, function: Callable[..., None], *args: Any) -> Any:
        """Starts a green thread."""

    def kill(self, thread: Any, error: BaseException) -> None:
        """Raises `error` in a green thread, the next time that it waits."""

    def wait_readable(self, descriptor: int) -> None: ...


class RequestTimeout(BaseException):
    """Raised in the app where it waits when its request is out of time."""


class GreenHost(MuxHost):
    """Outlives its connections."""

    def __init__(self, context: Any, kit: GreenKit) -> None:
        super().__init__(context.start)
        self.kit = kit
        self.log = context.log
        self._app = context.app
        self._context = context
        self._base = base_environ(context.start, multithread=True)
        self._sendfile: bool = context.start["wsgi"]["sendfile"]
        self._welcomed = threading.Event()

    def open(self) -> None:
        """Returns when requests can come."""
        self.dial()
        self._welcomed.wait()

    def connect(self, sock: socket.socket) -> GreenLink:
        sock.setblocking(True)
        link = GreenLink(sock, self)
        sock.sendall(hello(self.start, "wsgi", self.capacity))
        self.kit.spawn(link.read)
        return link

    def call_later(self, seconds: float, function: Callable[[], None]) -> None:
        def later() -> None:
            time.sleep(seconds)
            function()

        self.kit.spawn(later)

    def hear_welcome(self, link: GreenLink) -> None:
        super().hear_welcome(link)
        self._welcomed.set()

    def serve(self, stream: GreenStream) -> None:
        environ = make_environ(self._base, stream.head)
        environ["wsgi.input"] = body_of(stream)
        WsgiCall(environ, stream, stream.number, self.log).run(self._app, self._sendfile)

    def interrupt(self, stream: GreenStream) -> None:
        """Its client has had its answer: what the app has still to say is where it was."""
        if stream.begun:
            self.kit.kill(stream.thread, RequestTimeout("The request is out of time"))
