"""What is measured, as WSGI and as ASGI; the same file for every server."""

from __future__ import annotations

from typing import Any, Callable, Iterable

Environ = dict[str, Any]
Start = Callable[..., Any]

TEXT = b"Hello, World!\n"
PLAIN = ("Content-Type", "text/plain")
HEADERS = [PLAIN, ("Content-Length", str(len(TEXT)))]
PART = b"0123456789abcdef" * 4096


def hello(environ: Environ, start: Start) -> Iterable[bytes]:
    start("200 OK", HEADERS)
    return [TEXT]


def transfer(environ: Environ, start: Start) -> Iterable[bytes]:
    """Takes a body and says how long it was, or sends `?n` MiB."""
    if environ["REQUEST_METHOD"] == "POST":
        total = 0
        while part := environ["wsgi.input"].read(65_536):
            total += len(part)
        start("200 OK", [PLAIN])
        return [str(total).encode()]
    count = int(environ["QUERY_STRING"] or 0) * 16
    if count == 0:
        return hello(environ, start)
    start("200 OK", [("Content-Length", str(count * len(PART)))])
    return (PART for _ in range(count))


ASGI_HEAD = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/plain"), (b"content-length", b"14")],
}
ASGI_BODY = {"type": "http.response.body", "body": TEXT}


async def hello_asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    await send(ASGI_HEAD)
    await send(ASGI_BODY)
