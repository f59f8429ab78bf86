"""The background jobs of all rooms, and when they run."""

from __future__ import annotations

from functools import partial

from akako.analytics import rollup
from akako.assembly import Backends, patient_database
from akako.kernel.db.jobs import Job
from akako.kernel.http import idempotency
from akako.notifications import announcing
from akako.notifications import queries as notification_queries
from akako.notifications import service as notifications
from akako.ops import reconciliation, retention
from akako.settings import Settings
from akako.storage import sweeper
from akako.storage.queries import CLEAN_UP
from akako.uploads import service as uploads_service
from akako.web.sessions.queries import delete_expired
from akako.webhooks import queries as webhook_queries


def jobs(backends: Backends, settings: Settings) -> list[Job]:
    """Return the background jobs and their schedules."""

    async def reconcile() -> None:
        # The people of development are in no directory that could know who is gone.
        if backends.directory is not None and settings.clerk_issuer:
            await reconciliation.reconcile_unattended(
                backends.db, backends.directory, backends.policy
            )

    async def sweep() -> None:
        await uploads_service.sweep(backends.db, backends.uploads)
        await sweeper.sweep(backends.db, backends.store)

    async def roll_up() -> None:
        async with patient_database(settings) as db:
            await rollup.roll_up(db, settings.time_zone)

    days = {"audit_days": settings.audit_days, "outbox_days": settings.outbox_days}
    clean_up = partial(sweeper.clean_up, backends.db, backends.store)
    return [
        Job("identity.reconcile", reconcile, cron="17 3 * * *"),
        Job(CLEAN_UP, clean_up, retries=None, retry_seconds=30),
        Job("library.sweep", sweep, cron="41 * * * *"),
        Job("uploads.sweep", partial(uploads_service.sweep, backends.db, backends.uploads)),
        Job(
            "idempotency.forget", partial(idempotency.delete_expired, backends.db), cron="7 * * * *"
        ),
        Job(
            "webhooks.forget",
            partial(webhook_queries.delete_expired, backends.db),
            cron="27 * * * *",
        ),
        Job(notifications.ANNOUNCE, partial(announcing.announce, backends.db)),
        Job("notifications.resume", partial(announcing.resume, backends.db), cron="*/5 * * * *"),
        Job(
            "notifications.expire",
            partial(notification_queries.delete_expired, backends.db),
            cron="47 * * * *",
        ),
        Job("web.expire", partial(delete_expired, backends.db), cron="47 * * * *"),
        Job("analytics.roll_up", roll_up, cron="*/5 * * * *"),
        Job("audit.expire", partial(retention.expire, backends.db, **days), cron="37 4 * * *"),
    ]
