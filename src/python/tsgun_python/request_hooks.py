"""`pre_request` and `post_request`, around the app: who has none of them pays nothing."""

from __future__ import annotations

from typing import Any, Callable, Iterable, Iterator

from .conf_file import HOOKS, arity
from .hooks import Hooks

App = Callable[..., Any]


def around(app: App, hooks: Hooks, is_asgi: bool) -> App:
    """The app, with these hooks before and after each request if there are any."""
    if hooks.find("pre_request") is None and hooks.find("post_request") is None:
        return app
    return _around_asgi(app, hooks) if is_asgi else _around_wsgi(app, hooks)


class Request:
    """`req`: what there is of Gunicorn's."""

    def __init__(self, method: str, uri: str, headers: list[tuple[str, str]], **more: Any) -> None:
        self.method = method
        self.uri = uri
        self.path, _, self.query = uri.partition("?")
        self.headers = headers
        self.version: tuple[int, ...] = more["version"]
        self.scheme: str = more["scheme"]
        self.remote_addr: tuple[str, int] = more["client"]
        self.peer_addr = self.remote_addr


class Response:
    """`resp`: what has become of the request."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        self.sent = 0
        self.headers_sent = False

    @property
    def status_code(self) -> int:
        return int(self.status.split(" ", 1)[0] or 0)


class _Exchange:
    """One request, from the first hook to the last."""

    def __init__(self, hooks: Hooks, request: Request, environ: Any) -> None:
        self.response = Response()
        self._hooks = hooks
        self._request = request
        self._environ = environ
        hooks.worker.nr += 1
        self._run("pre_request", request)

    def end(self) -> None:
        hook = self._hooks.find("post_request")
        if hook is None:
            return
        count = arity(hook, HOOKS["post_request"]) or 2
        self._run("post_request", *(self._request, self._environ, self.response)[: count - 1])

    def _run(self, name: str, *args: Any) -> None:
        hook = self._hooks.find(name)
        if hook is None:
            return
        try:
            hook(self._hooks.worker, *args)
        except Exception as error:
            self._hooks.complain(name, error)


def _around_wsgi(app: App, hooks: Hooks) -> App:
    def call(environ: dict[str, Any], start_response: App) -> Any:
        exchange = _Exchange(hooks, _of_environ(environ), environ)
        response = exchange.response

        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            response.status, response.headers = status, headers
            return start_response(status, headers, *exc_info)

        try:
            return _Chunks(app(environ, start), exchange)
        except BaseException:
            exchange.end()
            raise

    return call


class _Chunks:
    """What the app returns; its end is the end of the request."""

    def __init__(self, chunks: Iterable[bytes], exchange: _Exchange) -> None:
        self._chunks = chunks
        self._exchange = exchange

    def __iter__(self) -> Iterator[bytes]:
        response = self._exchange.response
        for chunk in self._chunks:
            response.headers_sent = True
            response.sent += len(chunk)
            yield chunk

    def close(self) -> None:
        try:
            close = getattr(self._chunks, "close", None)
            if close is not None:
                close()
        finally:
            self._exchange.end()


def _of_environ(environ: dict[str, Any]) -> Request:
    headers = [
        (name[5:].replace("_", "-"), value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    ]
    return Request(
        environ["REQUEST_METHOD"],
        environ.get("RAW_URI", environ["PATH_INFO"]),
        headers,
        version=_version(environ.get("SERVER_PROTOCOL", "HTTP/1.1")[5:]),
        scheme=environ["wsgi.url_scheme"],
        client=(environ.get("REMOTE_ADDR", ""), int(environ.get("REMOTE_PORT") or 0)),
    )


def _around_asgi(app: App, hooks: Hooks) -> App:
    async def call(scope: dict[str, Any], receive: App, send: App) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)
        exchange = _Exchange(hooks, _of_scope(scope), scope)

        async def watch(message: dict[str, Any]) -> None:
            _note(exchange.response, message)
            await send(message)

        try:
            await app(scope, receive, watch)
        finally:
            exchange.end()

    return call


def _note(response: Response, message: dict[str, Any]) -> None:
    if message["type"] == "http.response.start":
        response.status = str(message["status"])
        response.headers = [_texts(field) for field in message.get("headers", ())]
        response.headers_sent = True
    elif message["type"] == "http.response.body":
        response.sent += len(message.get("body", b""))


def _of_scope(scope: dict[str, Any]) -> Request:
    query = scope["query_string"].decode("latin-1")
    path = scope["raw_path"].decode("latin-1")
    return Request(
        scope["method"],
        f"{path}?{query}" if query else path,
        [(name.upper(), value) for name, value in map(_texts, scope["headers"])],
        version=_version(scope["http_version"]),
        scheme=scope["scheme"],
        client=scope["client"] or ("", 0),
    )


def _texts(field: Any) -> tuple[str, str]:
    name, value = field
    return bytes(name).decode("latin-1"), bytes(value).decode("latin-1")


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())
