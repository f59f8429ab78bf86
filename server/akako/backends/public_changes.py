"""News of public changes, from any process that makes one: PostgreSQL's LISTEN."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Protocol

import asyncpg
import structlog

from akako.kernel.hosts import Connector, one_each
from akako.kernel.pool import CONNECT_SECONDS

log = structlog.get_logger(__name__)

CHANNEL = "akako_public"
BEAT_SECONDS = 1.0  # after which a silent connection is asked whether it still lives
RETRY_SECONDS = 1.0


class Listener(Protocol):
    def drop(self) -> None:
        """Something public changed."""

    def resume(self) -> None:
        """From now on every change is heard of."""

    def suspend(self) -> None:
        """Changes may go unheard."""


async def listen(url: str, listener: Listener) -> None:
    """Tell the listener, until cancelled. A lost connection suspends it until there is another."""
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
            log.info("public_changes_unheard", error=type(error).__name__)
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
        command_timeout=BEAT_SECONDS,
        server_settings={"application_name": "akako listener"},
    )
    try:
        connection.add_termination_listener(end)
        await connection.add_listener(CHANNEL, lambda *_: listener.drop())
        listener.resume()
        while not lost.is_set():
            # A line that was cut in silence is noticed by asking, not by waiting.
            await connection.execute("select 1")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(lost.wait(), BEAT_SECONDS)
    finally:
        connection.terminate()
