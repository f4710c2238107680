"""A FastAPI app: HTTP, an event stream and a WebSocket."""

from __future__ import annotations

import asyncio
from typing import AsyncIterator

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import HTMLResponse, StreamingResponse

PAGE = """<!doctype html>
<title>Echo</title>
<input id="word" autofocus> <pre id="log"></pre>
<script>
  const socket = new WebSocket(`ws://${location.host}/echo`);
  socket.onmessage = ({ data }) => { log.textContent += data + "\\n"; };
  word.onchange = () => { socket.send(word.value); word.value = ""; };
</script>
"""

app = FastAPI()


@app.get("/", response_class=HTMLResponse)
async def page() -> str:
    return PAGE


@app.get("/hello/{name}")
async def hello(name: str) -> dict[str, str]:
    return {"hello": name}


@app.get("/events")
async def events() -> StreamingResponse:
    async def ticks() -> AsyncIterator[str]:
        number = 0
        while True:
            yield f"data: tick {number}\n\n"
            number += 1
            await asyncio.sleep(1)

    return StreamingResponse(ticks(), media_type="text/event-stream")


@app.websocket("/echo")
async def echo(socket: WebSocket) -> None:
    await socket.accept()
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect:
        pass
