"""Usage against the plan: calls so far, what is left, the pace, uploads, refused calls."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from babel.dates import format_date
from babel.numbers import format_decimal
from starlette.routing import Route

from akako.analytics.service import projected
from akako.kernel.core.access import ADMIN
from akako.plans.meter import LeasingMeter
from akako.plans.months import month_of, next_month
from akako.plans.schemas import Usage
from akako.plans.service import get_quota
from akako.web.site import Site, Visit, page
from akako.web.staff.people import queries
from akako.web.staff.people.queries import Day

WIDTH, HEIGHT = 640, 160


class Row(msgspec.Struct, frozen=True):
    """A day of the table; `total` is the number of calls from the first day on."""

    day: date
    calls: int
    total: int
    uploads: int
    refused: int


def routes(site: Site) -> list[Route]:
    return [page("/admin/usage", show, site=site, roles=(ADMIN,))]


async def show(visit: Visit) -> Any:
    """Show the usage of the caller's plan in this month (UTC), in at most six statements."""
    meter: LeasingMeter = visit.site.dependencies[LeasingMeter]
    now = datetime.now(UTC)
    month = month_of(now)
    subject = visit.actor.subject
    await meter.save_calls()
    quota = await get_quota(visit.site.db, visit.actor, meter)
    days = await queries.read_days(visit.site.db, subject, month, next_month(month).date())
    callers = await queries.read_callers(visit.site.db, subject, month)
    rows = _rows(month, now.date(), days)
    pace = projected(quota.api_calls.used, month, now) or quota.api_calls.used
    return visit.page(
        "admin_usage.html",
        visit.text("Usage"),
        quota=quota,
        month=format_date(month, "MMMM y", locale=visit.visitor.language),
        calls=_left(visit, quota.api_calls, quota.reset_at),
        uploads=_left(visit, quota.file_uploads, quota.reset_at),
        pace=_pace(visit, quota.api_calls, pace, now),
        rows=rows,
        refused=sum(each.refused for each in rows),
        callers=callers,
        plot=_plot(rows, quota.api_calls.limit, pace, month),
        number=lambda value: _number(visit, value),
        shown_day=lambda day: format_date(day, "d MMMM", locale=visit.visitor.language),
    )


def _number(visit: Visit, value: int) -> str:
    return str(format_decimal(value, locale=visit.visitor.language))


def _rows(first: date, today: date, days: list[Day]) -> list[Row]:
    """Return every day of the month until today, also those without usage."""
    known = {each.day: each for each in days}
    rows, total = [], 0
    for number in range((today - first).days + 1):
        day = first + timedelta(days=number)
        found = known.get(day, Day(day, 0, 0, 0))
        total += found.calls
        rows.append(Row(day, found.calls, total, found.uploads, found.refused))
    return rows


def _left(visit: Visit, usage: Usage, until: datetime) -> str:
    """Return what is left of a limit, in one sentence."""
    if usage.limit is None or usage.remaining is None:
        return visit.text("The plan has no limit.")
    day = format_date(until.date(), "d MMMM", locale=visit.visitor.language)
    return visit.text(
        "%(left)s of %(limit)s are left until %(day)s.",
        left=_number(visit, usage.remaining),
        limit=_number(visit, usage.limit),
        day=day,
    )


def _pace(visit: Visit, usage: Usage, pace: int, now: datetime) -> str:
    """Return where the month ends at the pace so far, in one sentence."""
    expected = _number(visit, pace)
    if not usage.used:
        return visit.text("No API calls yet this month.")
    if usage.limit is None:
        return visit.text("At this pace the month ends with about %(n)s calls.", n=expected)
    if usage.used >= usage.limit:
        return visit.text("The calls of this month are used up: more are refused with 429.")
    if pace <= usage.limit:
        return visit.text(
            "At this pace the month ends with about %(n)s calls, within the plan.", n=expected
        )
    return visit.text(
        "At this pace the plan is used up on %(day)s; the month would need about %(n)s calls.",
        day=format_date(_used_up(usage, now), "d MMMM", locale=visit.visitor.language),
        n=expected,
    )


def _used_up(usage: Usage, now: datetime) -> date:
    """Return the day on which the limit is reached at the pace since the start of the month."""
    begun = datetime(now.year, now.month, 1, tzinfo=UTC)
    passed = max(now - begun, timedelta(days=1))
    return (begun + passed * ((usage.limit or 0) / max(usage.used, 1))).date()


def _plot(rows: list[Row], limit: int | None, pace: int, month: date) -> dict[str, Any]:
    """Return the points of the cumulative line, and the height of the limit if it is near."""
    length = (next_month(month).date() - month).days
    shown = limit if limit is not None and limit <= 4 * max(pace, 1) else None
    most = max(pace, shown or 0, rows[-1].total, 1)

    def point(day: float, value: float) -> str:
        return f"{day / length * WIDTH:.1f},{HEIGHT - value / most * (HEIGHT - 16):.1f}"

    line = [point(0, 0), *(point(number + 1, each.total) for number, each in enumerate(rows))]
    return {
        "line": " ".join(line),
        "ahead": f"{line[-1]} {point(length, pace)}",
        "limit": round(HEIGHT - (shown or 0) / most * (HEIGHT - 16), 1) if shown else None,
        "width": WIDTH,
        "height": HEIGHT,
    }
