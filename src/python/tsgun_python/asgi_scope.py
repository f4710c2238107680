"""The scope of a request, from the head that the gateway sent."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes

ASGI = {"version": "3.0", "spec_version": "2.5"}

_EXTENSIONS: dict[str, Any] = {
    "http.response.early_hint": {},
    "http.response.informational": {},
}
_WITH_TRAILERS: dict[str, Any] = {**_EXTENSIONS, "http.response.trailers": {}}


def http_scope(
    parts: list[bytes], root_path: str, state: dict[str, Any] | None
) -> dict[str, Any]:
    """`parts` are the fields of the head (protocol/link)."""
    method, target, version, scheme, client, client_port, server, server_port = parts[:8]
    raw_path, _, query = target.partition(b"?")
    extensions = _WITH_TRAILERS if b"te" in parts and wants_trailers(parts) else _EXTENSIONS
    scope = {
        "type": "http",
        "asgi": ASGI,
        "http_version": version.decode("latin-1"),
        "method": method.decode("latin-1"),
        "scheme": scheme.decode("latin-1"),
        "path": decode_path(raw_path) if b"%" in raw_path else raw_path.decode("utf-8", "replace"),
        "raw_path": raw_path,
        "query_string": query,
        "root_path": root_path,
        "headers": list(zip(parts[8::2], parts[9::2])),
        "client": (client.decode("latin-1"), int(client_port or 0)) if client else None,
        "server": (server.decode("latin-1"), int(server_port or 0)) if server else None,
        "extensions": extensions.copy(),
    }
    if state is not None:
        scope["state"] = state.copy()
    return scope


def websocket_scope(
    parts: list[bytes], root_path: str, state: dict[str, Any] | None
) -> dict[str, Any]:
    """The same for the handshake of a WebSocket."""
    scope = http_scope(parts, root_path, state)
    scope["type"] = "websocket"
    scope["scheme"] = "wss" if scope["scheme"] in ("https", "wss") else "ws"
    scope["subprotocols"] = _subprotocols(scope["headers"])
    scope["extensions"] = {"websocket.http.response": {}}
    del scope["method"]
    return scope


def decode_path(raw: bytes) -> str:
    """Never with surrogates, which nobody could print or store."""
    return unquote_to_bytes(raw).decode("utf-8", "replace")


def wants_trailers(parts: list[bytes]) -> bool:
    """Whether the client has said that it takes trailers (RFC 9110, 6.5.1)."""
    for name, value in zip(parts[8::2], parts[9::2]):
        if name == b"te" and b"trailers" in value.lower():
            return parts[2] != b"1.0"
    return False


def _subprotocols(headers: Any) -> list[str]:
    names: list[str] = []
    for name, value in headers:
        if name == b"sec-websocket-protocol":
            names += [part.strip() for part in value.decode("latin-1").split(",")]
    return [name for name in names if name]
