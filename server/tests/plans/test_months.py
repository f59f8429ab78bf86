"""Months begin and end at midnight UTC."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from akako.plans.months import month_of, next_month

LAGOS, HONOLULU = timezone(timedelta(hours=1)), timezone(timedelta(hours=-10))


@pytest.mark.parametrize(
    ("moment", "month"),
    [
        (datetime(2026, 2, 28, 23, 59, 59, 999_999, UTC), date(2026, 2, 1)),
        (datetime(2026, 3, 1, tzinfo=UTC), date(2026, 3, 1)),
        (datetime(2028, 2, 29, 12, tzinfo=UTC), date(2028, 2, 1)),
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), date(2026, 12, 1)),
        (datetime(2027, 1, 1, tzinfo=UTC), date(2027, 1, 1)),
        (datetime(2027, 1, 1, 0, 30, tzinfo=LAGOS), date(2026, 12, 1)),
        (datetime(2026, 12, 31, 14, tzinfo=HONOLULU), date(2027, 1, 1)),
    ],
)
def test_a_moment_belongs_to_its_month_in_utc(moment: datetime, month: date) -> None:
    assert month_of(moment) == month


@pytest.mark.parametrize(
    ("month", "end"),
    [
        (date(2026, 1, 1), datetime(2026, 2, 1, tzinfo=UTC)),
        (date(2026, 2, 1), datetime(2026, 3, 1, tzinfo=UTC)),
        (date(2028, 2, 1), datetime(2028, 3, 1, tzinfo=UTC)),
        (date(2026, 11, 1), datetime(2026, 12, 1, tzinfo=UTC)),
        (date(2026, 12, 1), datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_month_ends_where_the_next_begins(month: date, end: datetime) -> None:
    assert next_month(month) == end
    assert month_of(end) == end.date()
    assert month_of(end - timedelta(microseconds=1)) == month
