"""The figures of the school: one sentence, one drawing, one table and one CSV file each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from starlette.routing import Route

from akako.analytics import schemas, service, totals
from akako.analytics.days import Range, TimeZone, read_range
from akako.kernel.core import validation
from akako.kernel.core.access import ADMIN, ENTERPRISE, PRO
from akako.kernel.core.errors import NotFound, PlanRequired, ValidationFailed
from akako.kernel.db import listing
from akako.kernel.http.csv import csv_response, one_batch
from akako.plans.meter import LeasingMeter
from akako.web.site import Site, Visit, page

PAID = (PRO, ENTERPRISE)
SUBJECTS = {"limit": "50", "sort": "percent", "order": "desc"}


class Figure(msgspec.Struct, kw_only=True):
    """A figure of the page. `bars` are pairs of a label and a number to draw."""

    name: str
    title: str
    caption: str
    heads: list[str]
    rows: list[list[object]]
    bars: list[tuple[str, float]]
    kind: type[msgspec.Struct]
    source: Sequence[msgspec.Struct]


def routes(site: Site) -> list[Route]:
    return [
        page("/admin/analytics", show, site=site, roles=(ADMIN,)),
        page("/admin/analytics/{name}.csv", download, site=site, roles=(ADMIN,)),
    ]


async def show(visit: Visit) -> Any:
    """Show the five figures of the range, or what the plan lacks."""
    params = visit.request.query_params
    if visit.actor.plan not in PAID:
        return visit.page(
            "admin_analytics.html", visit.text("Analytics"), figures=None, **_chosen()
        )
    try:
        figures = [await make(visit) for make in FIGURES.values()]
    except ValidationFailed as problem:
        return visit.page(
            "admin_analytics.html",
            visit.text("Analytics"),
            status=422,
            figures=[],
            error=problem.message,
            first=params.get("from", ""),
            last=params.get("to", ""),
        )
    chosen = _chosen(params.get("from", ""), params.get("to", ""))
    return visit.page("admin_analytics.html", visit.text("Analytics"), figures=figures, **chosen)


def _chosen(first: str = "", last: str = "") -> dict[str, Any]:
    return {"error": "", "first": first, "last": last}


async def download(visit: Visit) -> Any:
    """Send a figure as the same file as the API's."""
    make = FIGURES.get(visit.param("name"))
    if make is None:
        raise NotFound
    if visit.actor.plan not in PAID:
        raise PlanRequired(visit.actor.plan, PAID)
    figure = await make(visit)
    return await csv_response(f"{figure.name}.csv", figure.kind, one_batch(figure.source))


def _zone(visit: Visit) -> TimeZone:
    zone: TimeZone = visit.site.dependencies[TimeZone]
    return zone


def _range(visit: Visit) -> Range:
    params = visit.request.query_params
    given = {name: params[name] for name in ("from", "to") if params.get(name)}
    query = validation.read(schemas.DaysQuery, {"interval": "week", **given})
    return read_range(query.first, query.last, query.interval, _zone(visit).today())


async def _enrollments(visit: Visit) -> Figure:
    found = await service.enrollments(visit.site.db, _zone(visit), _range(visit))
    requested = sum(each.requested for each in found)
    approved = sum(each.approved for each in found)
    return Figure(
        name="enrollments",
        title=visit.text("Enrollments per week"),
        caption=visit.text(
            "%(requested)s requests, %(approved)s approved", requested=requested, approved=approved
        ),
        heads=[visit.text(each) for each in ("Week", "Requested", "Approved", "Rejected", "Hours")],
        rows=[
            [
                each.date.isoformat(),
                each.requested,
                each.approved,
                each.rejected,
                each.median_hours_to_decision if each.median_hours_to_decision is not None else "",
            ]
            for each in found
        ],
        bars=[(each.date.isoformat(), each.requested) for each in found],
        kind=schemas.EnrollmentFigures,
        source=found,
    )


async def _active(visit: Visit) -> Figure:
    found = await service.active_learners(visit.site.db, _zone(visit), _range(visit))
    now = found[-1].learners_7d if found else 0
    return Figure(
        name="active-learners",
        title=visit.text("Active learners"),
        caption=visit.text("%(n)s learners were active in the last 7 days", n=now),
        heads=[visit.text(each) for each in ("Week", "7 days", "28 days")],
        rows=[[each.date.isoformat(), each.learners_7d, each.learners_28d] for each in found],
        bars=[(each.date.isoformat(), each.learners_7d) for each in found],
        kind=schemas.ActiveLearners,
        source=found,
    )


async def _completion(visit: Visit) -> Figure:
    request = listing.read(totals.LISTED, SUBJECTS)
    found = (await service.completion(visit.site.db, request)).data
    learners = sum(each.learners for each in found)
    return Figure(
        name="completion",
        title=visit.text("Completion by subject"),
        caption=visit.text(
            "%(subjects)s subjects with %(learners)s learners",
            subjects=len(found),
            learners=learners,
        ),
        heads=[visit.text(each) for each in ("Subject", "Learners", "Completed", "Percent")],
        rows=[
            [f"{each.subject_name}, {each.grade_name}", each.learners, each.completed, each.percent]
            for each in found
        ],
        bars=[(each.subject_name, each.percent) for each in found],
        kind=schemas.SubjectCompletion,
        source=found,
    )


async def _storage(visit: Visit) -> Figure:
    found = await service.storage(visit.site.db, _zone(visit))
    kinds = (("Documents", found.documents), ("Videos", found.videos))
    return Figure(
        name="storage",
        title=visit.text("Storage by kind"),
        caption=visit.text(
            "%(documents)s documents and %(videos)s videos",
            documents=found.documents.count,
            videos=found.videos.count,
        ),
        heads=[visit.text(each) for each in ("Kind", "Count", "Bytes")],
        rows=[[visit.text(name), each.count, each.bytes] for name, each in kinds],
        bars=[(visit.text(name), each.bytes) for name, each in kinds],
        kind=schemas.LargeFile,
        source=found.largest,
    )


async def _usage(visit: Visit) -> Figure:
    meter: LeasingMeter = visit.site.dependencies[LeasingMeter]
    found = await service.api_usage(visit.site.db, meter, visit.actor, month=None)
    return Figure(
        name="api-usage",
        title=visit.text("API calls against the plan"),
        caption=visit.text("%(n)s calls this month", n=found.used),
        heads=[visit.text(each) for each in ("Day", "Calls", "Uploads")],
        rows=[[each.date.isoformat(), each.calls, each.uploads] for each in found.days],
        bars=[(each.date.isoformat(), each.calls) for each in found.days],
        kind=schemas.UsageDay,
        source=found.days,
    )


FIGURES: dict[str, Callable[[Visit], Any]] = {
    "enrollments": _enrollments,
    "active-learners": _active,
    "completion": _completion,
    "storage": _storage,
    "api-usage": _usage,
}
