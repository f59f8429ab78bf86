"""Business rules of plans and usage."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from akako.kernel.core import etags
from akako.kernel.core.access import Actor
from akako.kernel.core.errors import PreconditionFailed, QuotaExceeded
from akako.kernel.db import audit
from akako.kernel.db.database import Database
from akako.kernel.http.responses import Headers
from akako.plans import queries
from akako.plans.meter import LeasingMeter
from akako.plans.months import month_of, next_month
from akako.plans.schemas import API_CALLS, FILE_UPLOADS, PLANS, Organization, Quota, Usage


def _usage(limit: int | None, used: int) -> Usage:
    return Usage(limit, used, None if limit is None else max(0, limit - used))


async def get_quota(db: Database, actor: Actor, meter: LeasingMeter | None = None) -> Quota:
    """Return the usage of this month. Without a meter, it includes reserved calls."""
    now = datetime.now(UTC)
    month = month_of(now)
    read = meter.read_usage if meter else queries.read_usage
    used = await read(db, actor.subject, month)
    plan = PLANS[actor.plan]
    return Quota(
        plan=actor.plan,
        period=f"{month:%Y-%m}",
        reset_at=next_month(month),
        api_calls=_usage(plan.api_calls, used.get(API_CALLS, 0)),
        file_uploads=_usage(plan.file_uploads, used.get(FILE_UPLOADS, 0)),
    )


async def set_organization_plan(
    db: Database, actor: Actor, organization_id: str, *, plan: str, if_match: str | None
) -> Organization:
    async with db.transaction() as tx:
        before = await queries.find_organization(tx, organization_id)
        if if_match is not None and before is None:
            raise PreconditionFailed(None)
        etags.require(if_match, before)
        organization = await queries.put_organization(tx, organization_id, plan)
        await audit.record(
            tx,
            actor,
            "organization.plan",
            "organization",
            organization_id,
            before=before and {"plan": before.plan},
            after={"plan": plan},
        )
        return organization


async def hold_uploads(tx: Database, actor: Actor) -> None:
    """Serialize transactions that count uploads of the actor's quota subject."""
    month = month_of(datetime.now(UTC))
    await queries.take(tx, actor.subject, month, FILE_UPLOADS, 0, 2**62)


async def check_upload(db: Database, actor: Actor, *, under_way: int) -> None:
    """Raise QuotaExceeded unless one more upload fits beside those that are `under_way`.

    Uploads of first-party origins have no quota.
    """
    limit = PLANS[actor.plan].file_uploads
    if limit is None or actor.first_party:
        return
    month = month_of(datetime.now(UTC))
    used = (await queries.read_usage(db, actor.subject, month)).get(FILE_UPLOADS, 0)
    if used + under_way >= limit:
        raise _spent(actor, limit, used)


async def count_upload(tx: Database, actor: Actor) -> Headers:
    """Count a stored upload, in the transaction that makes it visible; return quota headers.

    Uploads of first-party origins are not counted and have no quota headers.

    Raises:
        QuotaExceeded: Concurrent uploads have used up the month's quota.
    """
    if actor.first_party:
        return []
    limit = PLANS[actor.plan].file_uploads
    month = month_of(datetime.now(UTC))
    bound = 2**62 if limit is None else limit
    used = await queries.take(tx, actor.subject, month, FILE_UPLOADS, 1, bound)
    if used is None:
        raise _spent(actor, bound, bound)
    await queries.add_upload(tx, actor.subject)
    return _headers(limit, used)


def _headers(limit: int | None, used: int) -> Headers:
    if limit is None:
        return [(b"x-upload-quota-limit", b"unlimited")]
    reset = int(next_month(month_of(datetime.now(UTC))).timestamp())
    return [
        (b"x-upload-quota-limit", b"%d" % limit),
        (b"x-upload-quota-remaining", b"%d" % max(0, limit - used)),
        (b"x-upload-quota-reset", b"%d" % reset),
    ]


def _spent(actor: Actor, limit: int, used: int) -> QuotaExceeded:
    now = datetime.now(UTC)
    reset = next_month(month_of(now)).timestamp()
    wait = max(1, math.ceil(reset - now.timestamp()))
    problem = QuotaExceeded(FILE_UPLOADS, actor.plan, limit, used, int(reset), wait)
    for name, value in _headers(limit, used):
        problem.headers[name.decode()] = value.decode()
    return problem
