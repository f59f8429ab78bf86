"""The history of the demonstration school."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from akako.analytics import service, totals
from akako.analytics.days import TimeZone, read_range
from akako.backends.database.pool import Pool
from akako.backends.demo_people import DEMO_PEOPLE, NUMBER
from akako.backends.dev_directory import DevDirectory
from akako.backends.objects.folder_store import FolderStore
from akako.demo import history, seeding
from akako.kernel.core.access import Policy
from akako.kernel.db import listing
from akako.ops import development
from akako.ops.reconciliation import reconcile
from tests.parts.awake import AwakeClock

TOPICS = (2, 1, 1, 5, 4, 4, 6)
SATURDAY = date(2026, 11, 28)


def make(day: date) -> history.History:
    return history.make(day, learners=NUMBER, topics=TOPICS)


@pytest.mark.parametrize("day", [SATURDAY + timedelta(days=each) for each in range(7)])
def test_the_history_of_a_day_is_always_the_same_and_plausible(day: date) -> None:
    made = make(day)
    assert made == make(day)
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    by_status = {each.status for each in made.requests}
    assert by_status == {"PENDING", "APPROVED", "REJECTED", "CANCELLED"}
    for each in made.requests:
        assert begin - timedelta(days=history.DAYS) < each.requested_at < begin
        assert made.joined[each.learner] < each.requested_at
        assert (each.decided_at is None) == (each.status == "PENDING")
        if each.decided_at:
            assert each.requested_at < each.decided_at < begin
        if each.cancelled_at:
            assert each.decided_at
            assert each.decided_at <= each.cancelled_at < begin
    assert 5 <= sum(each.status == "PENDING" for each in made.requests) <= 25
    assert len({(each.learner, each.subject) for each in made.requests}) == len(made.requests)
    assert max(day for day, _ in made.active) == max(made.calls) == day
    assert all(each.at < begin for each in made.progress)


@pytest.fixture
async def db(new_database: Callable[[], str]) -> AsyncIterator[Pool]:
    pool = Pool(new_database(), size=4)
    yield pool
    await pool.close()


async def seeded(db: Pool, folder: Path) -> bool:
    ids = await development.seed_staff(db, DevDirectory(folder))
    admin = await development.actor_of(db, development.ADMIN_ID)
    store = FolderStore(folder / "files")
    today = datetime.now(UTC).date()
    mentor_id = ids[development.MENTOR_ID]
    return await seeding.seed(db, store, admin, mentor_id, today=today, zone="UTC")


async def test_every_figure_has_something_to_show(
    db: Pool, tmp_path: Path, awake: AwakeClock
) -> None:
    started = awake()
    assert await seeded(db, tmp_path)
    seconds = awake() - started
    sys.stdout.write(f"demonstration school with its history: {seconds:.2f} s\n")
    assert seconds < 10
    zone = TimeZone()
    weeks = read_range(zone.today() - timedelta(days=62), None, "week", zone.today())
    enrollments = (await service.enrollments(db, zone, weeks))[1:-1]
    assert len(enrollments) >= 7
    assert all(each.requested and each.approved for each in enrollments)
    assert any(each.rejected for each in enrollments)
    assert 2 < sorted(each.median_hours_to_decision or 0 for each in enrollments)[3] < 20
    active = await service.active_learners(db, zone, weeks)
    assert all(each.learners_28d >= each.learners_7d > 0 for each in active)
    listed = await service.completion(db, listing.read(totals.LISTED, {}))
    assert len(listed.data) == 7
    assert all(each.learners >= each.started > 0 for each in listed.data)
    assert len({each.percent for each in listed.data}) > 3
    storage = await service.storage(db, zone)
    assert (storage.documents.count, storage.videos.count) == (17, 4)
    assert storage.awaiting_deletion_bytes == 0
    days = await db.fetchval("select count(*) from analytics_days where closed")
    assert days >= history.DAYS - 2
    usage = await db.fetch(
        "select month, sum(calls)::bigint as calls from usage_callers group by 1"
    )
    counted = await db.fetch(
        "select month, used as calls from usage_counters where kind = $1", "api_calls"
    )
    assert sorted(map(tuple, usage)) == sorted(map(tuple, counted))
    assert await seeded(db, tmp_path) is False


async def test_people_of_the_history_can_sign_in_and_stay(db: Pool, tmp_path: Path) -> None:
    await seeded(db, tmp_path)
    directory = DevDirectory(tmp_path)
    assert [each.id async for each in directory.list_users()] == [
        "user_admin",
        "user_mentor",
        "user_123",
    ]
    summary = await reconcile(db, directory, Policy())
    assert summary.deleted == 0
    rows = await db.fetch("select * from users where clerk_id like '%demo%'")
    assert len(rows) == NUMBER
    for row in rows:
        person = DEMO_PEOPLE[row["clerk_id"]]
        assert (row["first_name"], row["email"]) == (person.first_name, person.primary_email)


async def test_an_interrupted_start_leaves_nothing(
    db: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise LookupError

    with monkeypatch.context() as patch:
        patch.setattr(history, "make", fail)
        with pytest.raises(LookupError):
            await seeded(db, tmp_path)
    assert await db.fetchval("select count(*) from topics") == 0
    assert await seeded(db, tmp_path)
