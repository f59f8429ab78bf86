"""Large schools: what is too much to be counted for a request comes from the last roll-up."""

from __future__ import annotations

import statistics
from datetime import UTC, date, datetime, timedelta

import asyncpg
import psycopg
import pytest

from akako.analytics import queries, service, totals
from akako.analytics.daily import roll
from akako.analytics.days import Bucket, Interval, Range, TimeZone, end_of, start_of
from akako.analytics.rollup import roll_up
from akako.backends.database.pool import Pool
from tests.factories import create_subject, create_topic, create_user

ZONE = "UTC"
DECIDED = 1_500  # more than LIVE_MOMENTS
FEW = 100


async def decide(db: Pool, number: int, *, day: date, seconds: int, prefix: str) -> None:
    """Approve a number of requests on a day, each after one second more than the one before."""
    await db.execute(
        """
        insert into enrollment_moments (enrollment_id, kind, at, seconds)
        select $1 || n, 'approved', $2::date::timestamp at time zone 'utc', $3::int + n
        from generate_series(1, $4) n
        """,
        prefix,
        day,
        seconds,
        number,
    )


async def figures(db: Pool, day: date, interval: str) -> asyncpg.Record:
    first = start_of(day, interval)  # type: ignore[arg-type]
    last = end_of(day, interval)  # type: ignore[arg-type]
    (row,) = await queries.read_enrollments(db, ZONE, [Bucket(first, first, last)])
    return row


@pytest.mark.parametrize("interval", ["day", "week", "month"])
async def test_many_decisions_come_from_the_last_roll_up(db: Pool, interval: str) -> None:
    today = datetime.now(UTC).date()
    await decide(db, DECIDED, day=today, seconds=0, prefix="a")
    live = await figures(db, today, interval)
    expected = statistics.median(range(1, DECIDED + 1))
    assert (live["approved"], live["seconds"]) == (DECIDED, expected)
    await roll_up(db, ZONE)
    assert dict(await figures(db, today, interval)) == dict(live)
    await decide(db, DECIDED, day=today, seconds=DECIDED, prefix="b")
    await db.execute("delete from analytics_medians where last_day < $1", today)
    await roll_up(db, ZONE)
    rolled = await figures(db, today, interval)
    assert rolled["approved"] == 2 * DECIDED
    assert rolled["seconds"] == statistics.median(range(1, 2 * DECIDED + 1))


NOTE = """
insert into enrollment_moments (enrollment_id, kind, at, seconds)
values ($1, 'approved', now(), 60)
"""


async def test_today_is_live_after_a_roll_up(db: Pool) -> None:
    """The roll-up counts the day until some minutes ago; the rest is counted at each request."""
    today = datetime.now(UTC).date()
    await decide(db, DECIDED, day=today, seconds=0, prefix="a")
    await roll_up(db, ZONE)
    before = (await figures(db, today, "day"))["approved"]
    assert before == DECIDED
    for number in range(3):
        await db.execute(NOTE, f"new{number}")
        assert (await figures(db, today, "day"))["approved"] == before + number + 1
    await roll_up(db, ZONE)
    assert (await figures(db, today, "day"))["approved"] == before + 3
    await db.execute("update analytics_open_days set approved = approved + 7")
    assert (await figures(db, today, "day"))["approved"] == before + 10


async def test_a_late_moment_of_today_is_counted_at_once(db: Pool) -> None:
    today = datetime.now(UTC).date()
    await decide(db, FEW, day=today, seconds=0, prefix="a")
    await roll_up(db, ZONE)
    await decide(db, 1, day=today, seconds=0, prefix="late")
    for _ in range(2):
        assert (await figures(db, today, "day"))["approved"] == FEW + 1
        await roll_up(db, ZONE)
    await db.execute("delete from enrollment_moments where enrollment_id like 'late%'")
    for _ in range(2):
        assert (await figures(db, today, "day"))["approved"] == FEW
        await roll_up(db, ZONE)


@pytest.mark.parametrize("interval", ["day", "week", "month"])
async def test_few_decisions_are_live(db: Pool, interval: str) -> None:
    today = datetime.now(UTC).date()
    await decide(db, FEW, day=today, seconds=0, prefix="a")
    await roll_up(db, ZONE)
    await decide(db, FEW, day=today, seconds=FEW, prefix="b")
    row = await figures(db, today, interval)
    assert row["approved"] == 2 * FEW
    assert row["seconds"] == statistics.median(range(1, 2 * FEW + 1))


@pytest.mark.parametrize("interval", ["day", "week", "month"])
async def test_a_bucket_that_is_over_is_computed_with_its_last_day(db: Pool, interval: str) -> None:
    last = end_of(datetime.now(UTC).date() - timedelta(days=80), interval)  # type: ignore[arg-type]
    await decide(db, DECIDED, day=last, seconds=0, prefix="a")
    await roll_up(db, ZONE)
    row = await figures(db, last, interval)
    assert row["seconds"] == statistics.median(range(1, DECIDED + 1))
    stored = "select seconds from analytics_medians where first_day = $1 and last_day = $2"
    assert await db.fetchval(stored, start_of(last, interval), last) == row["seconds"]  # type: ignore[arg-type]


@pytest.mark.parametrize("interval", ["week", "month"])
async def test_parts_of_buckets_come_from_the_roll_up(
    db: Pool, interval: Interval, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first and the last bucket of a range are cut, and the current one ends today."""
    # Otherwise the roll-up has no part of today in the first minutes of the day.
    monkeypatch.setattr(roll, "SETTLE", timedelta())
    today = datetime.now(UTC).date()
    first = start_of(today - timedelta(days=80), interval) + timedelta(days=2)
    last = start_of(today - timedelta(days=40), interval) + timedelta(days=4)
    ranges = [Range(first, last, interval), Range(last, today, interval)]
    for number, day in enumerate((first, first - timedelta(days=1), last, today)):
        await decide(db, DECIDED, day=day, seconds=number * 7_200, prefix=f"a{number}")
    live = [await service.enrollments(db, TimeZone(), each) for each in ranges]
    assert live[0][0].approved == DECIDED
    await roll_up(db, ZONE)
    await db.execute("alter table enrollment_moments rename to unread")
    await db.execute("create table enrollment_moments (like unread)")
    rolled = [await service.enrollments(db, TimeZone(), each) for each in ranges]
    assert rolled == live
    hours = [each.median_hours_to_decision for each in rolled[1]]
    assert hours[-1] == round((3 * 7_200 + (DECIDED + 1) / 2) / 3600, 2)


async def test_a_late_decision_changes_the_parts_that_contain_it(db: Pool) -> None:
    today = datetime.now(UTC).date()
    monday = start_of(today - timedelta(days=80), "week")
    cut = Range(monday, monday + timedelta(days=4), "week")
    await decide(db, DECIDED, day=monday, seconds=0, prefix="a")
    await roll_up(db, ZONE)
    await decide(db, DECIDED, day=monday + timedelta(days=4), seconds=DECIDED, prefix="b")
    expected = round((DECIDED + 0.5) / 3600, 2)
    for _ in range(2):
        (row,) = await service.enrollments(db, TimeZone(), cut)
        assert (row.approved, row.median_hours_to_decision) == (2 * DECIDED, expected)
        await roll_up(db, ZONE)


async def test_much_activity_comes_from_the_last_roll_up(db: Pool) -> None:
    today = datetime.now(UTC).date()
    learners = queries.LIVE_ROWS // 28 + 1
    for back in range(28):
        await db.execute(
            "insert into activity_days (day, user_id) select $1, 'u' || generate_series(1, $2)",
            today - timedelta(days=back),
            learners,
        )
    (live,) = await queries.read_active(db, ZONE, [today])
    assert (live["learners_7d"], live["learners_28d"]) == (learners, learners)
    await roll_up(db, ZONE)
    await db.execute("insert into activity_days (day, user_id) values ($1, 'one more')", today)
    (rolled,) = await queries.read_active(db, ZONE, [today])
    assert rolled["learners_28d"] == learners
    await roll_up(db, ZONE)
    (rolled,) = await queries.read_active(db, ZONE, [today])
    assert (rolled["learners_7d"], rolled["learners_28d"]) == (learners + 1, learners + 1)


async def test_totals_come_from_the_last_roll_up_once_there_is_one(
    db: Pool, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(totals, "LARGE_ROWS", FEW)
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(FEW + 1):
            create_user(connection)
    await db.execute("analyze users")
    live = await totals.read_users(db)
    assert live["total"] == FEW + 1
    await roll_up(db, ZONE)
    with psycopg.connect(url, autocommit=True) as connection:
        create_user(connection)
    assert await totals.read_users(db) == live


async def test_completion_comes_from_the_last_roll_up_above_its_own_limit(
    db: Pool, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(totals, "COMPLETION_ROWS", 1)
    with psycopg.connect(url, autocommit=True) as connection:
        subject = create_subject(connection).id
        for _ in range(2):
            create_topic(connection, subject_id=subject)
    await db.execute("analyze topics, topic_progress, enrollments")
    assert not await totals.completion_is_rolled(db)
    await roll_up(db, ZONE)
    assert await totals.completion_is_rolled(db)
