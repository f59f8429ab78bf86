"""The analyses, as plain functions that endpoints and web pages call."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, date, datetime
from functools import partial

from msgspec.structs import replace

from akako.analytics import queries, totals
from akako.analytics.days import ONE, Range, TimeZone, end_of
from akako.analytics.schemas import (
    ActiveLearners,
    Caller,
    EnrollmentFigures,
    FileTotals,
    LargeFile,
    Overview,
    StorageFigures,
    SubjectCompletion,
    UploadUsage,
    UsageDay,
    UsageFigures,
    UserTotals,
)
from akako.kernel.core.access import Actor
from akako.kernel.core.envelope import Listed
from akako.kernel.db import listing, pages
from akako.kernel.db.database import Database
from akako.plans.meter import LeasingMeter
from akako.plans.months import month_of, next_month
from akako.plans.schemas import API_CALLS, FILE_UPLOADS, PLANS


async def enrollments(db: Database, zone: TimeZone, days: Range) -> list[EnrollmentFigures]:
    """Return what happened to enrollments in each bucket of the range."""
    buckets, today = days.buckets(), zone.today()
    # The days after today have no enrollments, and the median of a whole bucket may be stored.
    whole = [
        replace(each, last=end_of(each.first, days.interval)) if each.last >= today else each
        for each in buckets
    ]
    rows = await queries.read_enrollments(db, zone.name, whole)
    return [
        EnrollmentFigures(
            date=bucket.name,
            requested=row["requested"],
            approved=row["approved"],
            rejected=row["rejected"],
            cancelled=row["cancelled"],
            median_hours_to_decision=_hours(row["seconds"]),
        )
        for bucket, row in zip(buckets, rows, strict=True)
    ]


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 3600, 2)


async def active_learners(db: Database, zone: TimeZone, days: Range) -> list[ActiveLearners]:
    """Return the distinct active learners on the last day of each bucket, or today."""
    found, _ = await active_in_both(db, zone, days, days.first)
    return found


async def active_in_both(
    db: Database, zone: TimeZone, days: Range, before: date
) -> tuple[list[ActiveLearners], list[ActiveLearners]]:
    """Return the active learners of a range, and of the days from `before` to it, as one read."""
    earlier = Range(before, days.first - ONE, days.interval) if before < days.first else None
    buckets = [*(earlier.buckets() if earlier else []), *days.buckets()]
    today = zone.today()
    shown = [_shown_day(each.first, days, today) for each in buckets]
    rows = await queries.read_active(db, zone.name, shown)
    found = [
        ActiveLearners(
            date=bucket.name, learners_7d=row["learners_7d"], learners_28d=row["learners_28d"]
        )
        for bucket, row in zip(buckets, rows, strict=True)
    ]
    number = len(days.buckets())
    return found[len(found) - number :], found[: len(found) - number]


async def waiting(db: Database, zone: TimeZone, days: Range) -> list[int]:
    """Return how many requests of each bucket still wait for a decision."""
    return await queries.read_waiting(db, zone.name, days.buckets())


def _shown_day(first: date, days: Range, today: date) -> date:
    """Return the last day of a bucket, or today in the current one."""
    last = end_of(first, days.interval)
    return min(last, today) if first <= today else last


async def completion(db: Database, request: listing.Request) -> Listed[SubjectCompletion]:
    """Return a page of subjects with the numbers of their learners."""
    rolled = await totals.completion_is_rolled(db)
    return await totals.list_completion(db, request, rolled=rolled)


async def every_completion(
    db: Database, request: listing.Request
) -> AsyncGenerator[Sequence[SubjectCompletion], None]:
    """Yield all subjects in batches."""
    rolled = await totals.completion_is_rolled(db)
    fetch = partial(totals.list_completion, db, rolled=rolled)
    async for batch in pages.every(totals.LISTED, request, fetch):
        yield batch


async def storage(db: Database, zone: TimeZone) -> StorageFigures:
    """Return the size of the stored files, and the largest ones."""
    facts = await totals.read_storage(db)
    largest = await totals.read_largest(db)
    return StorageFigures(
        total_bytes=facts["document_bytes"] + facts["video_bytes"],
        documents=FileTotals(facts["documents"], facts["document_bytes"]),
        videos=FileTotals(facts["videos"], facts["video_bytes"]),
        awaiting_deletion_bytes=facts["awaiting"],
        largest=[LargeFile(**dict(row)) for row in largest],
        time_zone=zone.name,
    )


async def api_usage(
    db: Database, meter: LeasingMeter, actor: Actor, *, month: str | None
) -> UsageFigures:
    """Return the usage of the caller's plan subject in a calendar month (UTC)."""
    now = datetime.now(UTC)
    first = date.fromisoformat(f"{month}-01") if month else month_of(now)
    following = next_month(first).date()
    await meter.save_calls()
    used = await meter.read_usage(db, actor.subject, first)
    by_day = await queries.read_usage_days(db, actor.subject, first, following)
    plan = PLANS[actor.plan]
    days = [date.fromordinal(each) for each in range(first.toordinal(), following.toordinal())]
    callers = await queries.read_callers(db, actor.subject, first)
    return UsageFigures(
        plan=actor.plan,
        limit=plan.api_calls,
        used=used[API_CALLS],
        projected=projected(used[API_CALLS], first, now),
        uploads=UploadUsage(plan.file_uploads, used.get(FILE_UPLOADS, 0)),
        days=[
            UsageDay(
                date=day,
                calls=by_day[day]["calls"] if day in by_day else 0,
                uploads=by_day[day]["uploads"] if day in by_day else 0,
            )
            for day in days
            if day <= now.date()
        ],
        callers=[Caller(**dict(row)) for row in callers],
        time_zone="UTC",
    )


def projected(used: int, month: date, now: datetime) -> int | None:
    """Return the expected calls of the whole month, by the pace so far; None for other months."""
    if month != month_of(now):
        return None
    begun = datetime(month.year, month.month, 1, tzinfo=UTC)
    passed = max((now - begun).total_seconds(), 24 * 3600.0)
    return max(used, round(used * (next_month(month) - begun).total_seconds() / passed))


async def overview(db: Database, zone: TimeZone, meter: LeasingMeter, actor: Actor) -> Overview:
    """Return the figures of the start page."""
    (active,) = await queries.read_active(db, zone.name, [zone.today()])
    facts = await totals.read_storage(db)
    rolled = await totals.completion_is_rolled(db)
    used = await meter.read_usage(db, actor.subject, month_of(datetime.now(UTC)))
    return Overview(
        active_learners_7d=active["learners_7d"],
        active_learners_28d=active["learners_28d"],
        **await queries.read_pending(db),
        completion_percent=await totals.read_completion(db, rolled=rolled),
        storage_bytes=facts["document_bytes"] + facts["video_bytes"],
        api_calls_this_month=used[API_CALLS],
        users=UserTotals(**await totals.read_users(db)),
        time_zone=zone.name,
    )
