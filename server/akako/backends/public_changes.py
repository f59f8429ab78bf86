"""Receive notifications of changes to public data from PostgreSQL (LISTEN)."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Protocol

import asyncpg
import structlog

from akako.kernel.db.hosts import Connector, one_each
from akako.kernel.db.pool import CONNECT_SECONDS

log = structlog.get_logger(__name__)

CHANNEL = "akako_public"
HEARTBEAT_SECONDS = 1.0  # between two checks of the connection
RETRY_SECONDS = 1.0


class Listener(Protocol):
    def drop(self) -> None:
        """Handle a change to public data."""

    def resume(self) -> None:
        """Handle the start of complete notifications."""

    def suspend(self) -> None:
        """Handle the loss of notifications."""


async def listen(url: str, listener: Listener) -> None:
    """Call the listener until cancelled. It is suspended while there is no connection."""
    connect = Connector(one_each(url))
    while True:
        try:
            await _listen(connect, listener)
        except (
            asyncpg.PostgresError,
            asyncpg.InterfaceError,
            asyncpg.InternalClientError,
            OSError,
            TimeoutError,
        ) as error:
            log.info("public_changes_disconnected", error=type(error).__name__)
        finally:
            listener.suspend()
        await asyncio.sleep(RETRY_SECONDS)


async def _listen(connect: Connector, listener: Listener) -> None:
    lost = asyncio.Event()

    def end(connection: object) -> None:
        listener.suspend()
        lost.set()

    connection = await connect(
        timeout=CONNECT_SECONDS,
        command_timeout=HEARTBEAT_SECONDS,
        server_settings={"application_name": "akako listener"},
    )
    try:
        connection.add_termination_listener(end)
        await connection.add_listener(CHANNEL, lambda *_: listener.drop())
        listener.resume()
        while not lost.is_set():
            # A connection that was cut without a packet is detected by a query only.
            await connection.execute("select 1")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(lost.wait(), HEARTBEAT_SECONDS)
    finally:
        connection.terminate()
