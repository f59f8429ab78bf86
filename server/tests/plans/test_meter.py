"""The meter against a real database, with a clock that the tests set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from akako.backends.database.pool import Pool
from akako.kernel.core.access import Actor
from akako.kernel.core.errors import QuotaExceeded
from akako.kernel.core.ports import Claims
from akako.plans import queries
from akako.plans.meter import LEASE, LeasingMeter
from akako.plans.schemas import API_CALLS

FREE = 1000
APP = "https://app.example.com"
CLAIMS = Claims(subject="user_1", expires_at=0.0)


class Clock:
    """The time that a test says it is."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def db(new_database: Callable[[], str]) -> AsyncIterator[Pool]:
    pool = Pool(new_database())
    yield pool
    await pool.close()


@pytest.fixture
async def meter(db: Pool, clock: Clock) -> AsyncIterator[LeasingMeter]:
    meter = LeasingMeter(db, first_party=[APP], clock=clock)
    yield meter
    await meter.close()


def actor(plan: str = "FREE", organization: str | None = None) -> Actor:
    return Actor(user_id="u1", clerk_id="user_1", roles=(), plan=plan, organization_id=organization)


async def charge(meter: LeasingMeter, db: Pool, who: Actor | None = None) -> dict[str, str]:
    headers = await meter.charge(db, who or actor(), CLAIMS)
    return {name.decode(): value.decode() for name, value in headers}


async def used(db: Pool, month: date, subject: str = "user:u1") -> int:
    return (await queries.read_usage(db, subject, month)).get(API_CALLS, 0)


async def spend(db: Pool, clock: Clock, amount: int, subject: str = "user:u1") -> None:
    month = clock.now.date().replace(day=1)
    assert await queries.take(db, subject, month, API_CALLS, amount, 2**62) is not None


async def test_every_response_has_the_remaining_quota(meter: LeasingMeter, db: Pool) -> None:
    remaining = [int((await charge(meter, db))["x-quota-remaining"]) for _ in range(3 * LEASE)]
    assert remaining == list(range(FREE - 1, FREE - 1 - 3 * LEASE, -1))


@pytest.mark.parametrize(
    ("last", "reset"),
    [
        (datetime(2026, 2, 28, 23, 59, 59, 999_999, UTC), datetime(2026, 3, 1, tzinfo=UTC)),
        (datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC)),
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
async def test_a_new_month_begins_at_the_second(
    meter: LeasingMeter, db: Pool, clock: Clock, last: datetime, reset: datetime
) -> None:
    clock.now = last
    await spend(db, clock, FREE - 1)
    headers = await charge(meter, db)
    assert headers["x-quota-remaining"] == "0"
    assert headers["x-quota-reset"] == str(int(reset.timestamp()))
    with pytest.raises(QuotaExceeded) as refused:
        await charge(meter, db)
    assert refused.value.details["resetAt"] == int(reset.timestamp())
    assert refused.value.headers["Retry-After"] == "1"
    clock.now = reset
    assert (await charge(meter, db))["x-quota-remaining"] == str(FREE - 1)
    await meter.close()
    assert await used(db, last.date().replace(day=1)) == FREE
    assert await used(db, reset.date()) == 1


async def test_several_processes_never_give_out_more_than_there_is(db: Pool, clock: Clock) -> None:
    meters = [LeasingMeter(db, clock=clock) for _ in range(4)]
    await spend(db, clock, FREE - 150)

    async def attempt(number: int) -> bool:
        try:
            await charge(meters[number % 4], db)
        except QuotaExceeded:
            return False
        return True

    passed = sum(await asyncio.gather(*(attempt(number) for number in range(400))))
    unspent = sum(meter.unspent("user:u1", date(2026, 11, 1)) for meter in meters)
    assert passed + unspent == 150
    assert unspent <= 4 * LEASE
    for meter in meters:
        await meter.return_idle(everything=True)
    late = sum([await attempt(number) for number in range(unspent + 10)])
    assert passed + late == 150


class Slow(Pool):
    """A pool whose next reservation is committed, and returns after the usage has been read."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.taken, self.is_read = asyncio.Event(), asyncio.Event()
        self.is_read.set()

    async def fetchval(self, sql: str, *values: object) -> Any:
        found = await super().fetchval(sql, *values)
        self.taken.set()
        await self.is_read.wait()
        return found

    async def fetch(self, sql: str, *values: object) -> Any:
        found = await super().fetch(sql, *values)
        self.is_read.set()
        return found


async def test_a_reservation_that_is_being_made_is_not_usage(
    new_database: Callable[[], str], clock: Clock
) -> None:
    db, month = Slow(new_database()), date(2026, 11, 1)
    meter = LeasingMeter(db, clock=clock)
    await charge(meter, db)  # starts a reservation in the background
    db.taken.clear()
    db.is_read.clear()
    await db.taken.wait()
    assert (await meter.read_usage(db, "user:u1", month))[API_CALLS] == 1
    assert meter.unspent("user:u1", month) == LEASE
    await meter.close()
    assert await used(db, month) == 1
    await db.close()


async def test_the_last_call_is_given_out_once(db: Pool, clock: Clock) -> None:
    meters = [LeasingMeter(db, clock=clock) for _ in range(5)]
    await spend(db, clock, FREE - 1)
    outcomes = await asyncio.gather(
        *(charge(meters[n % 5], db) for n in range(50)), return_exceptions=True
    )
    refused = [each for each in outcomes if isinstance(each, QuotaExceeded)]
    assert len(refused) == 49
    assert await used(db, date(2026, 11, 1)) == FREE


async def test_a_call_given_back_can_be_made_again(
    meter: LeasingMeter, db: Pool, clock: Clock
) -> None:
    await spend(db, clock, FREE - 1)
    for _ in range(3):
        assert (await charge(meter, db))["x-quota-remaining"] == "0"
        meter.refund(actor(), CLAIMS)
    await charge(meter, db)
    with pytest.raises(QuotaExceeded):
        await charge(meter, db)


async def test_what_is_leased_and_not_made_goes_back(meter: LeasingMeter, db: Pool) -> None:
    for _ in range(5):
        await charge(meter, db)
    await meter.close()
    assert await used(db, date(2026, 11, 1)) == 5


async def test_a_plan_applies_from_the_next_call(
    meter: LeasingMeter, db: Pool, clock: Clock
) -> None:
    await spend(db, clock, FREE)
    with pytest.raises(QuotaExceeded):
        await charge(meter, db)
    assert (await charge(meter, db, actor("PRO")))["x-quota-remaining"] == str(10_000 - FREE - 1)
    assert await charge(meter, db, actor("ENTERPRISE")) == {"x-quota-limit": "unlimited"}
    with pytest.raises(QuotaExceeded) as refused:
        await charge(meter, db)
    assert refused.value.details["plan"] == "FREE"


async def test_an_organisation_has_one_account_for_all(meter: LeasingMeter, db: Pool) -> None:
    first, second = actor(organization="org_1"), actor(organization="org_1")
    assert (await charge(meter, db, first))["x-quota-remaining"] == str(FREE - 1)
    assert (await charge(meter, db, second))["x-quota-remaining"] == str(FREE - 2)
    assert (await charge(meter, db, actor(organization="org_2")))["x-quota-remaining"] == "999"
    await meter.close()
    assert await used(db, date(2026, 11, 1), "organization:org_1") == 2
    assert await used(db, date(2026, 11, 1)) == 0


async def test_the_products_own_pages_are_not_counted(meter: LeasingMeter, db: Pool) -> None:
    own = Claims(subject="user_1", expires_at=0.0, authorized_party=APP)
    assert await meter.charge(db, actor(), own) == []
    meter.refund(actor(), own)
    await meter.close()
    assert await used(db, date(2026, 11, 1)) == 0


async def test_a_call_given_back_in_a_new_month_is_not_a_call_more(
    meter: LeasingMeter, db: Pool, clock: Clock
) -> None:
    await charge(meter, db)
    clock.now += timedelta(days=30)
    meter.refund(actor(), CLAIMS)
    remaining = [int((await charge(meter, db))["x-quota-remaining"]) for _ in range(3)]
    assert remaining == [FREE - 1, FREE - 2, FREE - 3]


async def test_refused_calls_are_counted_by_day(
    meter: LeasingMeter, db: Pool, clock: Clock
) -> None:
    await charge(meter, db)
    for _ in range(2):
        meter.refuse(actor(), CLAIMS)
    meter.refuse(actor(), Claims("user_1", 0.0, first_party=True))
    await meter.save_calls()
    meter.refuse(actor(), CLAIMS)
    await meter.save_calls()
    row = await db.fetchrow(
        "select calls, refused from usage_days where day = $1", clock.now.date()
    )
    assert row is not None
    assert tuple(row) == (1, 3)
    callers = await db.fetch("select calls from usage_callers")
    assert [each["calls"] for each in callers] == [1]


async def test_a_reader_waits_for_a_save_under_way(meter: LeasingMeter, db: Pool) -> None:
    await charge(meter, db)
    async with db.transaction() as other:
        await other.execute("lock table usage_days in access exclusive mode")
        saving = asyncio.create_task(meter.save_calls())
        waiting = "select count(*) from pg_locks where not granted"
        while not await other.fetchval(waiting):
            await asyncio.sleep(0.01)
        reading = asyncio.create_task(meter.save_calls())
        done, _ = await asyncio.wait([saving, reading], timeout=0.2)
        assert not done
    await reading
    assert await db.fetchval("select sum(calls) from usage_days") == 1
