"""A Starlette app with state from its lifespan and a WebSocket."""

from __future__ import annotations

import contextlib
from typing import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket


@contextlib.asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    app.state.greeting = "Hello from Starlette"
    yield


async def hello(request: Request) -> JSONResponse:
    return JSONResponse({"greeting": request.app.state.greeting})


async def shout(socket: WebSocket) -> None:
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(text.upper())


app = Starlette(
    lifespan=lifespan,
    routes=[Route("/", hello), WebSocketRoute("/shout", shout)],
)
