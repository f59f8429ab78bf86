"""Receive notifications from PostgreSQL (LISTEN): of changes to public data, and of events."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from functools import partial
from typing import Protocol

import asyncpg
import structlog

from akako.backends.database.hosts import Connector, one_each
from akako.backends.database.pool import CONNECT_SECONDS

log = structlog.get_logger(__name__)

CHANNEL = "akako_public"
EVENTS = "akako_outbox"
HEARTBEAT_SECONDS = 1.0  # between two checks of the connection
RETRY_SECONDS = 1.0


class Listener(Protocol):
    def drop(self) -> None:
        """Handle a notification."""

    def resume(self) -> None:
        """Handle the start of complete notifications."""

    def suspend(self) -> None:
        """Handle the loss of notifications."""


async def listen(url: str, listeners: Mapping[str, Listener]) -> None:
    """Call the listener of each channel until cancelled.

    They are suspended while there is no connection.
    """
    connect = Connector(one_each(url))
    while True:
        try:
            await _listen(connect, listeners)
        except (
            asyncpg.PostgresError,
            asyncpg.InterfaceError,
            asyncpg.InternalClientError,
            OSError,
            TimeoutError,
        ) as error:
            log.info("public_changes_disconnected", error=type(error).__name__)
        finally:
            _suspend(listeners)
        await asyncio.sleep(RETRY_SECONDS)


def _drop(listener: Listener, *_: object) -> None:
    listener.drop()


def _suspend(listeners: Mapping[str, Listener]) -> None:
    for listener in listeners.values():
        listener.suspend()


async def _listen(connect: Connector, listeners: Mapping[str, Listener]) -> None:
    lost = asyncio.Event()

    def end(connection: object) -> None:
        _suspend(listeners)
        lost.set()

    connection = await connect(
        timeout=CONNECT_SECONDS,
        command_timeout=HEARTBEAT_SECONDS,
        server_settings={"application_name": "akako listener"},
    )
    try:
        connection.add_termination_listener(end)
        for channel, listener in listeners.items():
            await connection.add_listener(channel, partial(_drop, listener))
            listener.resume()
        while not lost.is_set():
            # A connection that was cut without a packet is detected by a query only.
            await connection.execute("select 1")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(lost.wait(), HEARTBEAT_SECONDS)
    finally:
        connection.terminate()
