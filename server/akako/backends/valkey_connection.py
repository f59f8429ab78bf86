"""A pipelined connection to Valkey or Redis.

All commands of one iteration of the event loop are sent in one write, and replies are matched in
order. In a burst this costs a fraction of one call at a time through a client (decision 0014).
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from typing import cast
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import hiredis

DEFAULT_PORT = 6379
WITH_TLS = {"rediss", "valkeys"}

# The time limit of 50 ms is counted in ticks of the event loop: after a stall of this process, a
# reply that has already arrived is still read, instead of counting as late.
TICK_SECONDS = 0.01
REPLY_TICKS = 5

Argument = str | int | bytes


class ValkeyConnection(asyncio.Protocol):
    """An open connection. When it is lost or too slow, it closes and all pending commands fail."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._reader = hiredis.Reader()
        self._pending: deque[asyncio.Future[object]] = deque()
        self._unsent: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._ticks = 0
        self.closed = False

    def send(self, *command: Argument) -> asyncio.Future[object]:
        """Send a command; the result is the reply. An error reply is a value of type ReplyError."""
        result: asyncio.Future[object] = self._loop.create_future()
        if self.closed:
            result.set_exception(ConnectionError("the connection is closed"))
            return result
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(hiredis.pack_command(command))  # type: ignore[arg-type]
        self._pending.append(result)
        return result

    def close(self, reason: Exception | None = None) -> None:
        self.closed = True
        if self._watch:
            self._watch.cancel()
        if self._transport:
            self._transport.abort()
        while self._pending:
            result = self._pending.popleft()
            if not result.done():
                result.set_exception(reason or ConnectionError("the connection was closed"))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(
            asyncio.Transport, transport
        )  # the transport of uvloop is not a subclass of asyncio.Transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.close(ConnectionError("the connection was lost"))

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        self._ticks = 0
        try:
            while (reply := self._reader.gets()) is not False and self._pending:
                result = self._pending.popleft()
                if not result.done():  # cancelled requests still have a reply
                    result.set_result(reply)
        except hiredis.ProtocolError as error:
            self.close(error)

    def _flush(self) -> None:
        sent, self._unsent = b"".join(self._unsent), []
        if self.closed:
            return
        assert self._transport
        self._transport.write(sent)
        if self._watch is None:
            self._ticks = 0
            self._watch = self._loop.call_later(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        """Close the connection when replies are pending and none has arrived for too long."""
        self._watch = None
        if not self._pending:
            return
        self._ticks += 1
        if self._ticks > REPLY_TICKS:
            self.close(TimeoutError("the server did not reply in time"))
            return
        self._watch = self._loop.call_later(TICK_SECONDS, self._tick)


async def connect(url: str) -> ValkeyConnection:
    """Open a connection.

    Args:
        url: `redis[s]://[user:password@]host[:port][/number]`, `valkey[s]://…`, or
            `unix:///path[?db=number]`.

    Raises:
        OSError: if the server cannot be reached or rejects the login.
    """
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    connection: ValkeyConnection
    _, connection = await _opener(parts, loop)
    try:
        await _log_in(parts, connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _opener(parts: SplitResult, loop: asyncio.AbstractEventLoop):  # type: ignore[no-untyped-def]
    make: Callable[[], ValkeyConnection] = lambda: ValkeyConnection(loop)  # noqa: E731
    if parts.scheme == "unix":
        return loop.create_unix_connection(make, unquote(parts.path))
    context = ssl.create_default_context() if parts.scheme in WITH_TLS else None
    return loop.create_connection(
        make, parts.hostname or "127.0.0.1", parts.port or DEFAULT_PORT, ssl=context
    )


async def _log_in(parts: SplitResult, connection: ValkeyConnection) -> None:
    number = parts.path.strip("/")
    if parts.scheme == "unix":
        number = parse_qs(parts.query).get("db", [""])[0]
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    commands: list[tuple[str, ...]] = []
    if password:
        commands.append(("AUTH", user, password) if user else ("AUTH", password))
    if number not in ("", "0"):
        commands.append(("SELECT", number))
    for command in commands:
        reply = await connection.send(*command)
        if isinstance(reply, hiredis.ReplyError):
            raise ConnectionError(f"the server rejected {command[0]}")
