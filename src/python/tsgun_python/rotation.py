"""What the arbiter asks of a worker: to rest, to park, to come back, to leave."""

from __future__ import annotations

from typing import Any, Callable

from .mux_host import MuxHost


class Rotation:
    """Whether a worker takes its share of the requests, and how it stops doing so."""

    def __init__(
        self,
        host: MuxHost,
        send: Callable[[dict[str, Any]], None],
        leave: Callable[[], None],
        call_later: Callable[[float, Callable[[], None]], Any],
    ) -> None:
        self.phase = "serving"
        self._host = host
        self._send = send
        self._leave = leave
        self._call_later = call_later
        host.on_idle = self._idle

    def obey(self, order: dict[str, Any], quit_now: Callable[[], None]) -> None:
        """Whatever it is; what concerns only gateways is passed over."""
        kind = order["type"]
        if kind == "drain":
            self.drain(order["graceMs"] / 1000)
        elif kind == "park":
            self.park()
        elif kind == "unpark":
            self.unpark()
        elif kind == "quit":
            quit_now()
        elif kind == "report":
            # The gateway knows what is in flight.
            self._send({"type": "requests", "id": order["id"], "requests": []})

    def drain(self, grace: float) -> None:
        """Leaves when nothing is under way, or after `grace` seconds; asked again only sooner."""
        self._call_later(grace, self._leave)
        self.phase = "draining"
        self._host.rest()

    def park(self) -> None:
        """Out of rotation, and says so; asked again it says it again."""
        if self.phase != "draining":
            self.phase = "parking"
            self._host.rest()

    def unpark(self) -> None:
        if self.phase == "draining":
            return
        self.phase = "serving"
        self._host.resume()
        self._send({"type": "unparked"})

    def _idle(self) -> None:
        if self.phase == "parking":
            self.phase = "parked"
            self._send({"type": "parked"})
        elif self.phase == "draining":
            self._leave()
