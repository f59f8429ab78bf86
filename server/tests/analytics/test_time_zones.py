"""Days of time zones, also those in which clocks change."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from akako.analytics import rollup, service
from akako.analytics.days import Range, TimeZone
from akako.backends.database.pool import Pool

STEP = timedelta(minutes=15)
ADD = """
insert into enrollment_moments (enrollment_id, kind, at)
select 'e' || n, 'requested', at from unnest($1::timestamptz[]) with ordinality t(at, n)
"""


def changes_of_clocks(zone: ZoneInfo) -> list[datetime]:
    """Return the days of 2025 on which clocks change, or one day where they never do."""
    noons = [datetime(2025, 1, 1, 12, tzinfo=UTC) + timedelta(days=n) for n in range(365)]
    offsets = [at.astimezone(zone).utcoffset() for at in noons]
    pairs = zip(noons, offsets, offsets[1:], strict=False)
    return [at for at, before, after in pairs if before != after] or noons[:1]


@pytest.mark.parametrize(
    "name",
    [
        "Europe/Berlin",
        "America/St_Johns",
        "Asia/Kathmandu",
        "Africa/Cairo",  # has no midnight in spring
        "America/Havana",  # has two midnights in autumn
        "Atlantic/Azores",
        "Asia/Beirut",  # goes back from midnight to 23:00
        "Australia/Lord_Howe",  # changes by half an hour
    ],
)
async def test_every_moment_counts_on_its_local_day(db: Pool, name: str) -> None:
    zone = ZoneInfo(name)
    noons = changes_of_clocks(zone)
    moments = [noon + STEP * each for noon in noons for each in range(-200, 200)]
    await db.execute(ADD, moments)
    expected = Counter(at.astimezone(zone).date() for at in moments)
    for noon in noons:
        middle = noon.astimezone(zone).date()
        days = Range(middle - timedelta(days=1), middle + timedelta(days=2), "day")
        live = await service.enrollments(db, TimeZone(name), days)
        assert {each.date: each.requested for each in live} == {
            each.date: expected[each.date] for each in live
        }
        await rollup.rebuild(db, name, first=None)
        assert await service.enrollments(db, TimeZone(name), days) == live
