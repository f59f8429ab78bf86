"""Count API calls against the monthly quota without a round trip per call.

A process reserves some calls of a quota subject in the database and counts them in memory. The
next reservation is made in the background before the current one is used up. Near the limit a
reservation is one call, so that all processes together grant exactly the quota. A crashed process
loses at most LEASE calls per subject; an orderly stop returns them.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime

import structlog

from akako.kernel.core.access import Actor
from akako.kernel.core.errors import QuotaExceeded, ServiceUnavailable
from akako.kernel.core.ports import Claims
from akako.kernel.db.database import AWAY, Database
from akako.kernel.http.responses import Headers
from akako.plans import queries
from akako.plans.months import month_of, next_month
from akako.plans.schemas import API_CALLS, PLANS

log = structlog.get_logger(__name__)

LEASE = 20
CAREFUL_BELOW = 5 * LEASE  # with fewer calls left, each call is counted in the database
IDLE_SECONDS = 10.0
UNLIMITED = 2**62
READS = 3  # of the usage, while reservations are made at the same time


class _Lease:
    """The reserved calls of this process, and the total in the database."""

    def __init__(self, month: date) -> None:
        self.month = month
        self.left = 0
        self.total = 0
        self.fills = 0
        self.touched = time.monotonic()
        self.filling: asyncio.Task[None] | None = None
        self.lock = asyncio.Lock()


def _now() -> datetime:
    return datetime.now(UTC)


class LeasingMeter:
    """Counts calls. `first_party`: origins of our own pages, whose calls are not metered."""

    def __init__(
        self,
        db: Database,
        *,
        first_party: Collection[str] = (),
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._db = db
        self._first_party = frozenset(first_party)
        self._clock = clock
        self._leases: dict[str, _Lease] = {}
        # By subject, user and UTC day.
        self._made: Counter[tuple[str, str, date]] = Counter()
        self._refused: Counter[tuple[str, str, date]] = Counter()
        self._saving = asyncio.Lock()

    async def charge(self, db: Database, actor: Actor, claims: Claims) -> Headers:
        """Count one call; return the quota headers. Raises QuotaExceeded."""
        if claims.first_party or claims.authorized_party in self._first_party:
            return []
        subject = actor.subject
        lease = self._lease(subject)
        plan_limit = PLANS[actor.plan].api_calls
        limit = UNLIMITED if plan_limit is None else plan_limit
        if not self._spend(lease, limit):
            async with lease.lock:
                while not self._spend(lease, limit):
                    await self._fill(subject, lease, limit)
                    if lease.left <= 0:
                        raise _exceeded(actor, lease, limit, self._clock())
        if lease.left <= LEASE // 4 and lease.filling is None and self._ample(lease, limit):
            lease.filling = asyncio.get_running_loop().create_task(
                self._fill_ahead(subject, lease, limit)
            )
        self._made[self._key(actor)] += 1
        return _headers(lease, plan_limit)

    def refund(self, actor: Actor, claims: Claims) -> None:
        """Refund one call whose response does not count."""
        if claims.first_party or claims.authorized_party in self._first_party:
            return
        lease = self._lease(actor.subject)
        if lease.total:  # otherwise the call was counted in a previous month
            lease.left += 1
        self._made[self._key(actor)] -= 1

    def refuse(self, actor: Actor, claims: Claims) -> None:
        """Count one call that was refused with 429."""
        if not (claims.first_party or claims.authorized_party in self._first_party):
            self._refused[self._key(actor)] += 1

    def _key(self, actor: Actor) -> tuple[str, str, date]:
        return actor.subject, actor.user_id, self._clock().astimezone(UTC).date()

    async def save_calls(self) -> None:
        """Add the calls of this process to the daily usage in the database.

        They are added every few seconds and when usage is read. A crashed process loses the rest.
        Who reads waits for a save under way: its calls are neither in memory nor in the database.
        """
        async with self._saving:
            await self._save_calls()

    async def _save_calls(self) -> None:
        made, self._made = self._made, Counter()
        refused, self._refused = self._refused, Counter()
        rows = [
            queries.Calls(*key, made[key], refused[key])
            for key in sorted({*made, *refused})
            if made[key] or refused[key]
        ]
        if not rows:
            return
        try:
            await queries.add_calls(self._db, rows)
        except (ServiceUnavailable, *AWAY):
            self._made.update(made)
            self._refused.update(refused)
            log.info("usage_not_saved", rows=len(rows))

    def unspent(self, subject: str, month: date) -> int:
        """Return how many reserved calls have not been made yet."""
        lease = self._leases.get(subject)
        return lease.left if lease and lease.month == month else 0

    async def read_usage(self, db: Database, subject: str, month: date) -> dict[str, int]:
        """Return the usage by kind, without reserved calls that have not been made yet.

        A reservation is in the database before it is in memory. If one is made during the read, the
        usage is read again.
        """
        used: dict[str, int] = {}
        for _ in range(READS):
            lease = self._leases.get(subject)
            fills = lease.fills if lease else 0
            used = await queries.read_usage(db, subject, month)
            if not lease or (lease.fills == fills and not lease.lock.locked()):
                break
        calls = used.get(API_CALLS, 0) - self.unspent(subject, month)
        return {**used, API_CALLS: max(0, calls)}

    def _lease(self, subject: str) -> _Lease:
        month = month_of(self._clock())
        lease = self._leases.get(subject)
        if lease is None or lease.month != month:
            lease = self._leases[subject] = _Lease(month)
        lease.touched = time.monotonic()
        return lease

    def _spend(self, lease: _Lease, limit: int) -> bool:
        # A smaller plan invalidates the reservations of the previous one.
        if lease.left <= 0 or lease.total - lease.left >= limit:
            return False
        lease.left -= 1
        return True

    def _ample(self, lease: _Lease, limit: int) -> bool:
        return limit - lease.total > CAREFUL_BELOW

    async def _fill(self, subject: str, lease: _Lease, limit: int) -> None:
        amount = LEASE if lease.total and self._ample(lease, limit) else 1
        total = await queries.take(self._db, subject, lease.month, API_CALLS, amount, limit)
        if total is None and amount > 1:
            amount = 1
            total = await queries.take(self._db, subject, lease.month, API_CALLS, amount, limit)
        if total is None:
            lease.total, lease.left = max(lease.total, limit), 0
        else:
            lease.total, lease.left = total, lease.left + amount
        lease.fills += 1

    async def _fill_ahead(self, subject: str, lease: _Lease, limit: int) -> None:
        try:
            async with lease.lock:
                await self._fill(subject, lease, limit)
        except (ServiceUnavailable, *AWAY):
            log.info("quota_lease_failed")
        finally:
            lease.filling = None

    async def return_idle(self, *, everything: bool = False) -> None:
        """Return unused reservations of inactive subjects to the database."""
        before = time.monotonic() - IDLE_SECONDS
        for subject, lease in list(self._leases.items()):
            if everything or lease.touched < before:
                del self._leases[subject]
                await self._return(subject, lease)
        await self.save_calls()

    async def _return(self, subject: str, lease: _Lease) -> None:
        if lease.filling is not None:
            await lease.filling
        calls, lease.left = lease.left, 0
        if calls <= 0:
            return
        try:
            await queries.give_back(self._db, subject, lease.month, API_CALLS, calls)
        except (ServiceUnavailable, *AWAY):
            log.info("quota_lease_lost", calls=calls)

    async def close(self) -> None:
        """Return all reservations when the server stops."""
        await self.return_idle(everything=True)


def _headers(lease: _Lease, limit: int | None) -> Headers:
    if limit is None:
        return [(b"x-quota-limit", b"unlimited")]
    remaining = max(0, limit - lease.total + lease.left)
    reset = int(next_month(lease.month).timestamp())
    return [
        (b"x-quota-limit", b"%d" % limit),
        (b"x-quota-remaining", b"%d" % remaining),
        (b"x-quota-reset", b"%d" % reset),
    ]


def _exceeded(actor: Actor, lease: _Lease, limit: int, now: datetime) -> QuotaExceeded:
    reset = next_month(lease.month).timestamp()
    problem = QuotaExceeded(
        API_CALLS,
        actor.plan,
        limit,
        limit,
        int(reset),
        max(1, math.ceil(reset - now.timestamp())),
    )
    problem.headers |= {
        "X-Quota-Limit": str(limit),
        "X-Quota-Remaining": "0",
        "X-Quota-Reset": str(int(reset)),
    }
    return problem
