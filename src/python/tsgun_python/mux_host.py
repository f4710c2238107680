"""What workers with a loop have in common: one connection to the gateway for all requests."""

from __future__ import annotations

import socket
from typing import Any, Callable, Protocol

from .dial import Backoff, dial
from .fork_guard import leave_if_forked

# How long who rests waits for the welcome of a gateway that has perhaps just come.
_PATIENCE = 0.5


class MuxLink(Protocol):
    """One connection to a gateway."""

    streams: dict[int, Any]
    welcomed: bool
    # The host wants to hear when nothing is under way.
    waits_for_end: bool

    def rest(self, resting: bool) -> None: ...

    def fileno(self) -> int: ...


class MuxHost:
    """Keeps a connection to the gateway, and knows when nothing is under way."""

    def __init__(self, start: dict[str, Any]) -> None:
        self.start = start
        self.capacity: int = start["workerConnections"]
        self.on_idle: Callable[[], None] = lambda: None
        self.on_limit: Callable[[], None] = lambda: None
        self._limit: int = start["requestLimit"]
        self._begun = 0
        self._link: Any = None
        # Of gateways that have died; their requests may still be ending.
        self._past: list[Any] = []
        self._backoff = Backoff()
        self._resting = False
        self._gateway_idle = False

    def connect(self, sock: socket.socket) -> MuxLink:
        """Makes a link of a socket that is connected. It calls `lost` at its end."""
        raise NotImplementedError

    def call_later(self, seconds: float, function: Callable[[], None]) -> None:
        raise NotImplementedError

    def descriptors(self) -> list[int]:
        """Of its connections."""
        return [link.fileno() for link in self._links()]

    @property
    def in_flight(self) -> int:
        """Calls of the app, also those that go on after their answer."""
        return sum(len(link.streams) for link in self._links())

    @property
    def requests(self) -> int:
        """Calls that have ended."""
        return self._begun - self.in_flight

    def dial(self) -> None:
        leave_if_forked()
        if self._link is not None or self._resting:
            return
        try:
            self._link = self.connect(dial(self.start["link"]["name"]))
        except OSError:
            self.call_later(self._backoff.next(), self.dial)

    def rest(self) -> None:
        """Begins nothing new; `on_idle` follows, also when it has rested for long."""
        link = self._link
        if link is None:
            self._gateway_idle = True  # there is nobody who could send anything
        elif not link.welcomed:
            self.call_later(_PATIENCE, self._give_up)
        elif not self._resting:
            link.rest(True)
        self._resting = True
        self.look()

    def _give_up(self) -> None:
        """The last gateway may have left for good: its socket takes connections all the same."""
        link = self._link
        if not self._resting or (link is not None and link.welcomed):
            return
        if self.is_known():
            return self.call_later(_PATIENCE, self._give_up)
        self._gateway_idle = True
        self.look()

    def is_known(self) -> bool:
        """Some gateway has said welcome on what is connected."""
        return self._link is not None and self._link.welcomed

    def resume(self) -> None:
        """Takes part again."""
        if not self._resting:
            return
        self._resting = False
        self._gateway_idle = False
        for link in self._links():
            link.waits_for_end = False
        if self._link is None:
            self.dial()
        elif self._link.welcomed:
            self._link.rest(False)

    # What links call.

    def count(self, begun: int) -> None:
        """So many requests have begun."""
        before = self._begun
        self._begun += begun
        if before < self._limit <= self._begun:
            self.on_limit()

    def look(self) -> None:
        """Something has ended: is it all?"""
        self._past = [link for link in self._past if link.streams]
        for link in self._links():
            link.waits_for_end = True
        if self._resting and self._gateway_idle and self.in_flight == 0:
            self.on_idle()

    def hear_idle(self) -> None:
        self._gateway_idle = self._resting
        self.look()

    def hear_welcome(self, link: Any) -> None:
        self._backoff.reset()
        if self._resting:
            link.rest(True)

    def lost(self, link: Any) -> None:
        """The gateway has died, and another one will listen where it did."""
        self._past.append(link)
        if link is not self._link:
            return
        self._link = None
        if self._resting:
            self._gateway_idle = True
            self.look()
        else:
            self.call_later(self._backoff.next(), self.dial)

    def _links(self) -> list[Any]:
        return self._past if self._link is None else [self._link, *self._past]
