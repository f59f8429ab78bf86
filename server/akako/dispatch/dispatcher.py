"""Deliver events from every process: distribute, claim, send, record.

State lives in the database, so that any process can continue what another one began. This loop only
decides when to look: after a notification, after an attempt, when a retry is due, and every few
seconds in case a notification was lost.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

import asyncpg
import msgspec
import structlog

from akako.dispatch import claims, distribution
from akako.dispatch.claims import Claimed, Disabled, Result
from akako.dispatch.delivery_metrics import DELIVERY_SECONDS, OUTCOMES
from akako.dispatch.event_types import payload
from akako.dispatch.sealing import Seal, SecretUnreadable
from akako.dispatch.sending import Reply, Sender, signed_headers
from akako.kernel.core.errors import ServiceUnavailable
from akako.kernel.db import audit
from akako.kernel.db.database import AWAY, RETRYABLE, Database
from akako.kernel.telemetry import metrics

log = structlog.get_logger(__name__)

POLL_SECONDS = 5.0
LINGER_SECONDS = 0.01  # in which the results of several attempts gather
PAUSE_SECONDS = 1.0  # after an error of the database
GRACE_SECONDS = 5.0  # for requests in flight when the server stops
JITTER = 0.1
CHANCE = random.Random()  # noqa: S311 - it spreads retries

Notify = Callable[[Database, Disabled], Awaitable[object]]


class Dispatcher:
    """The loop of one process. `notify` runs in the transaction that disables an endpoint."""

    def __init__(self, db: Database, sender: Sender, seal: Seal, notify: Notify) -> None:
        self._db = db
        self._sender = sender
        self._seal = seal
        self._notify = notify
        self._wake = asyncio.Event()
        self._look = True  # whether there may be new events
        self._results: list[Result] = []
        self._running: dict[asyncio.Task[None], Claimed] = {}

    def drop(self) -> None:
        """Handle a notification: there are new events or due deliveries."""
        self._look = True
        self._wake.set()

    def resume(self) -> None:
        """Handle the start of notifications."""
        self.drop()

    def suspend(self) -> None:
        """Handle the loss of notifications: polling continues."""

    async def run(self) -> None:
        """Deliver until cancelled. Attempts that do not end in time are left to other processes."""
        try:
            while True:
                await self._turn()
        finally:
            await self._stop()

    async def _turn(self) -> None:
        self._wake.clear()
        try:
            if self._look:
                self._look = False
                while await distribution.distribute(self._db):
                    await self._exchange()
            await self._exchange()
        except RETRYABLE:
            self._look = True
        except (ServiceUnavailable, *AWAY) as error:
            log.warning("webhook_dispatcher_waits", error=type(error).__name__)
            await self._pause()
        except Exception:
            log.exception("webhook_dispatcher_failed")
            metrics.alert("webhook_dispatcher_failed")
            await self._pause()
        else:
            await self._sleep()

    async def _pause(self) -> None:
        self._look = True
        await asyncio.sleep(PAUSE_SECONDS)

    async def _sleep(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self._wake.wait()
            await asyncio.sleep(LINGER_SECONDS)
            return
        self._look = True

    async def _exchange(self) -> None:
        """Record the results so far, and claim deliveries, in one transaction."""
        results = self._results[:]
        async with self._db.transaction() as tx:
            rows = await self._record(tx, results) if results else []
            claimed = await claims.claim(tx)
        del self._results[: len(results)]
        self._report(rows)
        for each in claimed:
            task = asyncio.create_task(self._attempt(each))
            self._running[task] = each
            task.add_done_callback(self._finish)

    async def _record(self, tx: Database, results: list[Result]) -> list[asyncpg.Record]:
        rows = await claims.record(tx, results)
        known = {row["id"] for row in rows}
        counted = [each for each in results if each.delivery.id in known]
        for disabled in await claims.record_endpoints(tx, counted) if counted else ():
            log.warning("webhook_endpoint_disabled", endpoint=disabled.id, reason=disabled.reason)
            metrics.alert("webhook_endpoint_disabled")
            reason = {"disabledReason": disabled.reason}
            resource = "webhook_endpoint"
            await audit.record(
                tx, None, f"{resource}.disabled", resource, disabled.id, after=reason
            )
            await self._tell(tx, disabled)
        return rows

    async def _tell(self, tx: Database, disabled: Disabled) -> None:
        """Notify administrators. An error must not prevent that attempts are recorded."""
        try:
            async with tx.transaction():
                await self._notify(tx, disabled)
        except asyncpg.PostgresError as error:
            log.error("webhook_notification_failed", error=type(error).__name__)  # noqa: TRY400

    def _report(self, rows: list[asyncpg.Record]) -> None:
        loop = asyncio.get_running_loop()
        for row in rows:
            OUTCOMES.labels("retried" if row["retry_in"] else row["status"].lower()).inc()
            if row["retry_in"]:
                loop.call_later(row["retry_in"], self._wake.set)

    def _finish(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._wake.set()

    async def _attempt(self, claimed: Claimed) -> None:
        reply = await self._send(claimed)
        if reply.delivered:
            DELIVERY_SECONDS.observe(reply.seconds)
        self._results.append(
            Result(
                delivery=claimed,
                delivered=reply.delivered,
                jitter=CHANCE.uniform(1 - JITTER, 1 + JITTER),
                response_status=reply.status,
                response_body=reply.body,
                duration_ms=round(reply.seconds * 1_000),
                error=reply.error,
            )
        )

    async def _send(self, claimed: Claimed) -> Reply:
        content = payload(claimed.event_type, claimed.announced_at, claimed.data)
        body = msgspec.json.encode(content)
        secrets = []
        for sealed in claimed.secrets:
            with suppress(SecretUnreadable):
                secrets.append(self._seal.open(claimed.endpoint_id, sealed))
        if not secrets:
            log.error("webhook_secret_unreadable", endpoint=claimed.endpoint_id)
            metrics.alert("webhook_secret_unreadable")
            return Reply(error="The secret cannot be decrypted; rotate it")
        headers = signed_headers(claimed.event_id, body, secrets)
        return await self._sender.send(claimed.url, headers, body)

    async def _stop(self) -> None:
        """Give attempts time to end, record them, and release the others."""
        if self._running:
            await asyncio.wait(self._running, timeout=GRACE_SECONDS)
        left = dict(self._running)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)
        with suppress(ServiceUnavailable, asyncpg.PostgresError, *AWAY):
            async with self._db.transaction() as tx:
                if self._results:
                    await self._record(tx, self._results)
                await claims.release(tx, list(left.values()))
        await self._sender.close()
