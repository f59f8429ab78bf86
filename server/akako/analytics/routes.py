"""Endpoints of analytics."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import msgspec

from akako.analytics import service, totals
from akako.analytics.days import Range, TimeZone, read_range
from akako.analytics.schemas import (
    ActiveLearners,
    DaysQuery,
    EnrollmentFigures,
    FormatQuery,
    LargeFile,
    MonthQuery,
    Overview,
    StorageFigures,
    SubjectCompletion,
    UsageDay,
    UsageFigures,
)
from akako.kernel.core.access import ADMIN, ENTERPRISE, PRO, requires
from akako.kernel.core.envelope import Listed, Ok
from akako.kernel.db import listing
from akako.kernel.http.context import Context
from akako.kernel.http.csv import csv_response, one_batch
from akako.kernel.http.endpoint import Tag, get
from akako.kernel.http.responses import FileResponse, Response
from akako.plans.meter import LeasingMeter

TAG = Tag("Analytics", "Figures about the school.")
PAID = (PRO, ENTERPRISE)
ZONE = {"X-Time-Zone": {"schema": {"type": "string"}, "description": "The time zone of days."}}


def _header(ctx: Context) -> dict[str, str]:
    return {"X-Time-Zone": ctx.get(TimeZone).name}


async def _file(
    zone: str,
    name: str,
    kind: type[msgspec.Struct],
    rows: AsyncGenerator[Sequence[msgspec.Struct], None],
) -> FileResponse:
    response = await csv_response(f"{name}.csv", kind, rows)
    response.headers.append((b"x-time-zone", zone.encode("ascii")))
    return response


def _range(ctx: Context, query: DaysQuery) -> Range:
    return read_range(query.first, query.last, query.interval, ctx.get(TimeZone).today())


@get("/analytics/overview", access=requires(ADMIN))
async def get_overview(ctx: Context) -> Ok[Overview]:
    """Get the figures of the start page.

    `apiCallsThisMonth` counts the calls of the caller's plan subject.
    """
    found = await service.overview(ctx.db, ctx.get(TimeZone), ctx.get(LeasingMeter), ctx.actor)
    return Ok(data=found)


@get(
    "/analytics/enrollments",
    access=requires(ADMIN),
    plan=PAID,
    csv=True,
    errors=(422,),
    success_headers=ZONE,
)
async def get_enrollment_figures(
    ctx: Context, query: DaysQuery
) -> Ok[list[EnrollmentFigures]] | Response:
    """Get requests, decisions and cancellations per day, week or month.

    Every bucket of the range is present. The default is `day` up to 62 days and `week` above.
    """
    found = await service.enrollments(ctx.db, ctx.get(TimeZone), _range(ctx, query))
    if query.format == "csv":
        return await _file(
            ctx.get(TimeZone).name, "enrollments", EnrollmentFigures, one_batch(found)
        )
    return Ok(data=found, headers=_header(ctx))


@get(
    "/analytics/active-learners",
    access=requires(ADMIN),
    plan=PAID,
    csv=True,
    errors=(422,),
    success_headers=ZONE,
)
async def get_active_learners(
    ctx: Context, query: DaysQuery
) -> Ok[list[ActiveLearners]] | Response:
    """Get the distinct learners with activity in the 7 and 28 days before each date.

    A week or month shows the value of its last day, the current one that of today.
    """
    found = await service.active_learners(ctx.db, ctx.get(TimeZone), _range(ctx, query))
    if query.format == "csv":
        return await _file(
            ctx.get(TimeZone).name, "active-learners", ActiveLearners, one_batch(found)
        )
    return Ok(data=found, headers=_header(ctx))


@get(
    "/analytics/completion",
    access=requires(ADMIN),
    plan=PAID,
    csv=True,
    listing=totals.LISTED,
    success_headers=ZONE,
)
async def list_completion(
    ctx: Context, request: listing.Request, query: FormatQuery
) -> Listed[SubjectCompletion] | Response:
    """List subjects with the learners who started and completed them.

    With `format=csv` the response is a file with all rows.
    """
    if query.format == "csv":
        rows = service.every_completion(ctx.db, request)
        return await _file(ctx.get(TimeZone).name, "completion", SubjectCompletion, rows)
    listed = await service.completion(ctx.db, request)
    listed.headers |= _header(ctx)
    return listed


@get("/analytics/storage", access=requires(ADMIN), plan=PAID, csv=True, errors=(422,))
async def get_storage_figures(ctx: Context, query: FormatQuery) -> Ok[StorageFigures] | Response:
    """Get the size of the stored files. With `format=csv`: the largest files."""
    found = await service.storage(ctx.db, ctx.get(TimeZone))
    if query.format == "csv":
        return await _file(found.time_zone, "storage", LargeFile, one_batch(found.largest))
    return Ok(data=found)


@get("/analytics/api-usage", access=requires(ADMIN), plan=PAID, csv=True, errors=(422,))
async def get_api_usage(ctx: Context, query: MonthQuery) -> Ok[UsageFigures] | Response:
    """Get the usage of the caller's plan subject in a month. With `format=csv`: its days."""
    found = await service.api_usage(ctx.db, ctx.get(LeasingMeter), ctx.actor, month=query.month)
    if query.format == "csv":
        return await _file(found.time_zone, "api-usage", UsageDay, one_batch(found.days))
    return Ok(data=found)
