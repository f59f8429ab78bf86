"""The analytics page and its files."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.routing import Route

from akako.analytics import schemas, service, totals
from akako.analytics.days import INTERVALS, MAX_DAYS, Range, read_range
from akako.analytics.routes import PAID
from akako.kernel.core import validation
from akako.kernel.core.access import ADMIN
from akako.kernel.core.errors import NotFound, PlanRequired, ValidationFailed
from akako.kernel.db import listing
from akako.kernel.http.csv import csv_response, one_batch
from akako.plans.meter import LeasingMeter
from akako.web.site import Site, Visit, page
from akako.web.staff.figures import figures
from akako.web.staff.figures.figures import zone_of
from akako.web.staff.figures.together import Together
from akako.web.staff.wording import Problem, range_problem

Rows = AsyncGenerator[Sequence[msgspec.Struct], None]


def routes(site: Site) -> list[Route]:
    return [
        page("/admin/analytics", show, site=site, roles=(ADMIN,)),
        page("/admin/analytics/{file}", download, site=site, roles=(ADMIN,)),
    ]


async def show(visit: Visit) -> Any:
    """Show the five figures of the range, or what the plan lacks."""
    if visit.actor.plan not in PAID:
        return _page(visit, figures=None, error=None, chosen={})
    params = visit.request.query_params
    try:
        days = _range(visit)
    except ValidationFailed:
        typed = {name: params.get(name, "") for name in ("from", "to")}
        return _page(visit, figures=[], error=_explain(visit, typed), chosen=typed, status=422)
    reads = [partial(make, visit, days) for make in figures.ALL]
    made = await Together(visit.site.db).run(*reads)
    chosen = {"from": f"{days.first}", "to": f"{days.last}"}
    return _page(visit, figures=made, error=None, chosen=chosen)


def _explain(visit: Visit, typed: dict[str, str]) -> Problem:
    """Return what is wrong with the range of the address, and what to do."""
    if problem := range_problem(visit, typed["from"], typed["to"]):
        return problem
    if visit.request.query_params.get("interval", "week").lower() not in INTERVALS:
        return Problem("from", visit.text("The interval is unknown. Use day, week or month."))
    text = visit.text(
        "The range has more than %(most)s days. Choose days that are closer together.",
        most=MAX_DAYS,
    )
    return Problem("from", text)


def _page(visit: Visit, *, status: int = 200, **values: Any) -> Any:
    title = visit.text("Analytics")
    zone = zone_of(visit).name
    return visit.page(
        "admin_analytics.html", title, status=status, zone=zone, urlencode=urlencode, **values
    )


def _range(visit: Visit) -> Range:
    """Return the range of the address, in weeks unless it says otherwise."""
    params = visit.request.query_params
    given = {name: params[name] for name in ("from", "to", "interval") if params.get(name)}
    query = validation.read(schemas.DaysQuery, {"interval": "week", **given})
    return read_range(query.first, query.last, query.interval, zone_of(visit).today())


async def download(visit: Visit) -> Any:
    """Send the same file as the API."""
    file = visit.param("file")
    make = FILES.get(file.removesuffix(".csv")) if file.endswith(".csv") else None
    if make is None:
        raise NotFound
    if visit.actor.plan not in PAID:
        raise PlanRequired(visit.actor.plan, PAID)
    kind, rows = await make(visit)
    return await csv_response(file, kind, rows)


async def _enrollments(visit: Visit) -> tuple[type[msgspec.Struct], Rows]:
    found = await service.enrollments(visit.site.db, zone_of(visit), _range(visit))
    return schemas.EnrollmentFigures, one_batch(found)


async def _active(visit: Visit) -> tuple[type[msgspec.Struct], Rows]:
    found = await service.active_learners(visit.site.db, zone_of(visit), _range(visit))
    return schemas.ActiveLearners, one_batch(found)


async def _completion(visit: Visit) -> tuple[type[msgspec.Struct], Rows]:
    request = listing.read(totals.LISTED, {})
    return schemas.SubjectCompletion, service.every_completion(visit.site.db, request)


async def _storage(visit: Visit) -> tuple[type[msgspec.Struct], Rows]:
    found = await service.storage(visit.site.db, zone_of(visit))
    return schemas.LargeFile, one_batch(found.largest)


async def _usage(visit: Visit) -> tuple[type[msgspec.Struct], Rows]:
    meter: LeasingMeter = visit.site.dependencies[LeasingMeter]
    given = {"month": visit.request.query_params.get("month")}
    query = validation.read(schemas.MonthQuery, {k: v for k, v in given.items() if v})
    found = await service.api_usage(visit.site.db, meter, visit.actor, month=query.month)
    return schemas.UsageDay, one_batch(found.days)


FILES = {
    "enrollments": _enrollments,
    "active-learners": _active,
    "completion": _completion,
    "storage": _storage,
    "api-usage": _usage,
}
