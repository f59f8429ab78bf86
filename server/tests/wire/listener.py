"""uvicorn with our protocol on a real socket in the process of the test, with chosen limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from uvicorn import Config
from uvicorn.server import ServerState

from akako.wire.connections import Connections
from akako.wire.protocol import BUFFERED_BYTES, BoundedProtocol

Application = Callable[..., Awaitable[None]]
GET = b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n"


class Listener:
    """A running server: its connections, tasks and received requests."""

    def __init__(self, port: int, state: Any, log: list[str]) -> None:
        self.port = port
        self.connections: set[BoundedProtocol] = state.connections
        self.tasks: set[asyncio.Task[None]] = state.tasks
        self.log = log  # paths of the requests that reached the application

    async def open(self, data: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        return reader, writer

    async def ask(self, data: bytes, *, seconds: float = 10) -> bytes:
        """Send bytes; return everything received until the server closes the connection."""
        reader, writer = await self.open(data)
        try:
            return await asyncio.wait_for(reader.read(), seconds)
        finally:
            writer.close()

    async def until(self, condition: Callable[[], bool], *, seconds: float = 10) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.01)


async def respond(send: Any, body: bytes, *, status: int = 200) -> None:
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def listening(
    app: Application | None = None, connections: Connections | None = None
) -> AsyncIterator[Listener]:
    """Serve `app`, or an application that responds with the path and body of the request."""
    log: list[str] = []

    async def echo(scope: Any, receive: Any, send: Any) -> None:
        log.append(scope["path"])
        if app:
            await app(scope, receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            body, more = body + message["body"], message["more_body"]
        await respond(send, scope["raw_path"] + b" " + body)

    state = ServerState()
    config = Config(
        echo,
        ws="none",
        log_config=None,
        access_log=False,
        h11_max_incomplete_event_size=BUFFERED_BYTES,
    )
    factory = partial(
        BoundedProtocol,
        connections or Connections(1000),
        config=config,
        server_state=state,
        app_state={},
    )
    server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0)
    try:
        yield Listener(server.sockets[0].getsockname()[1], state, log)
    finally:
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        for task in list(state.tasks):
            task.cancel()
        await asyncio.gather(*state.tasks, return_exceptions=True)
        await asyncio.sleep(0)
