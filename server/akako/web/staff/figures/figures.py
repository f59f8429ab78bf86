"""The five figures: what the analyses return, with drawings and tables."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import accumulate
from typing import Any

import msgspec

from akako.analytics import schemas, service, totals
from akako.analytics.days import Range, TimeZone
from akako.kernel.db import listing
from akako.kernel.db.database import Database
from akako.plans.meter import LeasingMeter
from akako.web.site import Visit
from akako.web.staff.figures import plots

SUBJECTS = {"limit": "50", "sort": "percent", "order": "desc"}
DRAWN = 12  # subjects; the table shows more


class Figure(msgspec.Struct, kw_only=True):
    """A figure for its template.

    `query` are the parameters of the file. A head is a text and whether its column has numbers.
    """

    name: str
    title: str
    heads: list[tuple[str, bool]]
    rows: list[list[object]]
    query: dict[str, str]
    drawn: Any
    facts: dict[str, Any]


def zone_of(visit: Visit) -> TimeZone:
    zone: TimeZone = visit.site.dependencies[TimeZone]
    return zone


def _heads(first: str, *numbers: str) -> list[tuple[str, bool]]:
    return [(first, False), *((each, True) for each in numbers)]


def _query(days: Range) -> dict[str, str]:
    return {"from": f"{days.first}", "to": f"{days.last}", "interval": days.interval}


async def enrollments(visit: Visit, days: Range, db: Database) -> Figure:
    """Return requests by what became of them, and the median time to a decision."""
    zone = zone_of(visit)
    found = await service.enrollments(db, zone, days)
    waiting = await service.waiting(db, zone, days)
    stacks = [
        {"approved": each.approved, "rejected": each.rejected, "waiting": number}
        for each, number in zip(found, waiting, strict=True)
    ]
    medians = [each.median_hours_to_decision for each in found]
    return Figure(
        name="enrollments",
        title=visit.text("Enrollments per week"),
        heads=_heads(
            visit.text("Week"),
            visit.text("Requested"),
            visit.text("Approved"),
            visit.text("Rejected"),
            visit.text("Cancelled"),
            visit.text("Waiting"),
            visit.text("Median hours"),
        ),
        rows=[
            [
                each.date,
                each.requested,
                each.approved,
                each.rejected,
                each.cancelled,
                number,
                each.median_hours_to_decision,
            ]
            for each, number in zip(found, waiting, strict=True)
        ],
        query=_query(days),
        drawn=plots.columns(stacks),
        facts={
            "dates": [each.date for each in found],
            "medians": medians,
            "requested": sum(each.requested for each in found),
            "approved": sum(each.approved for each in found),
            "rejected": sum(each.rejected for each in found),
            "waiting": sum(waiting),
            "hours": next((each for each in reversed(medians) if each is not None), None),
        },
    )


async def active_learners(visit: Visit, days: Range, db: Database) -> Figure:
    """Return the learners who were active lately, beside those of the period before."""
    zone = zone_of(visit)
    length = days.last - days.first + timedelta(days=1)
    # The first days of the calendar have no period before them.
    before = max(days.first - length, schemas.FIRST)
    both = await service.active_in_both(db, zone, days, before)
    found, previous = both
    today = zone.today()
    known = [each.date <= today for each in found]
    series: dict[str, Sequence[int | None]] = {
        "before": _aligned([each.learners_28d for each in previous], len(found)),
        "last28": _known([each.learners_28d for each in found], known),
        "last7": _known([each.learners_7d for each in found], known),
    }
    now = [each for each, is_known in zip(found, known, strict=True) if is_known]
    return Figure(
        name="active-learners",
        title=visit.text("Active learners"),
        heads=_heads(visit.text("Week"), visit.text("7 days"), visit.text("28 days")),
        rows=[
            [each.date, *((each.learners_7d, each.learners_28d) if is_known else (None, None))]
            for each, is_known in zip(found, known, strict=True)
        ],
        query=_query(days),
        drawn=plots.lines(series),
        facts={
            "dates": [each.date for each in found],
            "now7": now[-1].learners_7d if now else 0,
            "now28": now[-1].learners_28d if now else 0,
            "before": previous[-1].learners_28d if previous else None,
        },
    )


def _aligned(values: Sequence[int], number: int) -> list[int | None]:
    """Return the last `number` values, with gaps before them where there are fewer."""
    last = values[-number:]
    return [*[None] * (number - len(last)), *last]


def _known(values: Sequence[int], known: Sequence[bool]) -> list[int | None]:
    """Return the values; those of the future are missing."""
    return [value if is_known else None for value, is_known in zip(values, known, strict=True)]


async def completion(visit: Visit, days: Range, db: Database) -> Figure:
    """Return the share of learners who completed each subject, the largest first."""
    request = listing.read(totals.LISTED, SUBJECTS)
    listed = await service.completion(db, request)
    found = listed.data
    learners = sum(each.learners for each in found)
    return Figure(
        name="completion",
        title=visit.text("Completion by subject"),
        heads=_heads(
            visit.text("Subject"),
            visit.text("Learners"),
            visit.text("Started"),
            visit.text("Completed"),
            visit.text("Percent"),
        ),
        rows=[
            [
                f"{each.subject_name}, {each.grade_name}",
                each.learners,
                each.started,
                each.completed,
                each.percent,
            ]
            for each in found
        ],
        query={},
        drawn=plots.bars([each.percent for each in found[:DRAWN]], most=100),
        facts={
            "subjects": found[:DRAWN],
            "shown": len(found),
            "total": listed.pagination.total,
            "learners": learners,
            "completed": sum(each.completed for each in found),
        },
    )


async def storage(visit: Visit, days: Range, db: Database) -> Figure:
    """Return number and size of the files of each kind."""
    found = await service.storage(db, zone_of(visit))
    kinds = [
        ("documents", visit.text("Documents"), found.documents.count, found.documents.bytes),
        ("videos", visit.text("Videos"), found.videos.count, found.videos.bytes),
    ]
    sizes = [size for *_, size in kinds]
    return Figure(
        name="storage",
        title=visit.text("Storage by kind"),
        heads=_heads(visit.text("Kind"), visit.text("Count"), visit.text("Bytes")),
        rows=[[name, number, size] for _, name, number, size in kinds],
        query={},
        drawn=plots.bars(sizes, most=max(sizes)),
        facts={
            "kinds": kinds,
            "total": found.total_bytes,
            "awaiting": found.awaiting_deletion_bytes,
            "largest": found.largest[0] if found.largest else None,
        },
    )


async def api_usage(visit: Visit, days: Range, db: Database) -> Figure:
    """Return the calls of the month in which the range ends, against the plan."""
    meter: LeasingMeter = visit.site.dependencies[LeasingMeter]
    month = f"{days.last:%Y-%m}"
    found = await service.api_usage(db, meter, visit.actor, month=month)
    number = calendar.monthrange(days.last.year, days.last.month)[1]
    sums = list(accumulate(each.calls for each in found.days))
    series: dict[str, Sequence[int | None]] = {"used": [*sums, *[None] * (number - len(sums))]}
    if found.projected is not None and sums:
        series["projected"] = _projection(sums, found.projected, number)
    most = max(found.limit or 0, found.projected or 0)
    drawn = plots.lines(series, least=most)
    return Figure(
        name="api-usage",
        title=visit.text("API calls against the plan"),
        heads=_heads(visit.text("Day"), visit.text("Calls"), visit.text("Uploads")),
        rows=[[each.date, each.calls, each.uploads] for each in found.days],
        query={"month": month},
        drawn=drawn,
        facts={
            "dates": [date(days.last.year, days.last.month, each + 1) for each in range(number)],
            "used": found.used,
            "limit": found.limit,
            "limit_y": plots.y_of(drawn, found.limit) if found.limit else None,
            "projected": found.projected,
            "plan": found.plan,
        },
    )


def _projection(sums: Sequence[int], projected: int, number: int) -> list[int | None]:
    """Return the way from the last known day to the expected end of the month."""
    known, last = len(sums), sums[-1]
    rest = number - known
    way = [last + (projected - last) * each // rest for each in range(1, rest + 1)] if rest else []
    return [*[None] * (known - 1), last, *way]


ALL = (enrollments, active_learners, completion, storage, api_usage)
