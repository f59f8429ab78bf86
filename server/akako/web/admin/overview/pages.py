"""The overview of administrators."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
from starlette.routing import Route

from akako.analytics import queries as analytics
from akako.analytics.days import Bucket, TimeZone
from akako.kernel.core.access import ADMIN
from akako.kernel.core.errors import ApiError
from akako.library.media import Files
from akako.ops.health import LATE_SECONDS, Counting, Work
from akako.web.admin.overview import queries
from akako.web.admin.overview.queries import WEEKS, Facts
from akako.web.site import Site, Visit, page

STORE_SECONDS = 2.0
PROBE = "documents/overview/probe"  # no file has this key


class Number(msgspec.Struct, kw_only=True):
    """A number of the last 7 days, its change since the 7 days before, and its line.

    `value` is None where nothing can be computed. `points` are heights from 0 to 1.
    """

    name: str
    value: int | None
    change: int | None
    points: list[float]


class State(msgspec.Struct, frozen=True):
    """The health of a part: ok, warn or bad, and a text."""

    name: str
    tone: str
    text: str


def routes(site: Site) -> list[Route]:
    return [page("/admin", show, site=site, roles=(ADMIN,))]


async def show(visit: Visit) -> Any:
    db = visit.site.db
    facts = await queries.read_facts(db, visit.actor.user_id)
    zone: TimeZone = visit.site.dependencies[TimeZone]
    weeks = _weeks(zone.today())
    active = await analytics.read_active(db, zone.name, [each.last for each in weeks])
    enrollments = await analytics.read_enrollments(db, zone.name, weeks)
    stored = await _store_works(visit)
    return visit.page(
        "admin.html",
        visit.text("Administration"),
        requests=facts.requests,
        applications=facts.applications,
        set_up=facts.set_up,
        fresh=not all(facts.set_up),
        numbers=_numbers(facts, active, enrollments) if facts.set_up.level else [],
        decisions=facts.decisions,
        health=_health(visit, facts.work, stored=stored),
    )


def _weeks(today: date) -> list[Bucket]:
    """Return the last 8 times 7 days; the last ones end today."""
    starts = [today - timedelta(days=7 * n + 6) for n in reversed(range(WEEKS))]
    return [Bucket(first, first, first + timedelta(days=6)) for first in starts]


def _numbers(facts: Facts, active: Sequence[Any], enrollments: Sequence[Any]) -> list[Number]:
    hours = [
        None if each["seconds"] is None else max(1, round(each["seconds"] / 3600))
        for each in enrollments
    ]
    return [
        _number("active", [each["learners_7d"] for each in active]),
        _number("requested", [each["requested"] for each in enrollments]),
        _number("approved", [each["approved"] for each in enrollments]),
        _number("hours", hours),
        _number("people", facts.people),
        _number("topics", facts.topics),
    ]


def _number(name: str, weeks: Sequence[int | None]) -> Number:
    last, before = weeks[-1], weeks[-2]
    most = max((each or 0 for each in weeks), default=0)
    change = None if last is None or before is None else last - before
    points = [(each or 0) / most if most else 0.0 for each in weeks]
    return Number(name=name, value=last, change=change, points=points)


async def _store_works(visit: Visit) -> bool:
    """Return whether the store of files answers within 2 seconds."""
    files: Files = visit.site.dependencies[Files]
    try:
        async with asyncio.timeout(STORE_SECONDS):
            await files.store.head(PROBE)
    except (ApiError, OSError):  # a TimeoutError is an OSError
        return False
    return True


def _health(visit: Visit, work: Work, *, stored: bool) -> list[State]:
    works, fails = visit.text("works"), visit.text("does not answer")
    store = State(visit.text("Storage"), "ok" if stored else "bad", works if stored else fails)
    return [
        State(visit.text("Database"), "ok", works),
        store,
        _counters(visit),
        _jobs(visit, work),
        _webhooks(visit, work),
    ]


def _counters(visit: Visit) -> State:
    counting: Counting = visit.site.dependencies[Counting]
    working = counting.works()
    if working is None:
        return State("Valkey", "", visit.text("not used"))
    if working:
        return State("Valkey", "ok", visit.text("works"))
    return State("Valkey", "bad", visit.text("does not answer: each process counts by itself"))


def _jobs(visit: Visit, work: Work) -> State:
    name = visit.text("Jobs")
    if work.job_lag > LATE_SECONDS:
        minutes = work.job_lag // 60
        return State(name, "bad", visit.text("late by %(n)s minutes", n=minutes))
    if work.failed_jobs:
        return State(name, "warn", visit.text("failed: %(n)s", n=work.failed_jobs))
    return State(name, "ok", visit.text("works"))


def _webhooks(visit: Visit, work: Work) -> State:
    name = visit.text("Webhooks")
    if work.failing_endpoints:
        text = visit.text("failing endpoints: %(n)s", n=work.failing_endpoints)
        return State(name, "warn", text)
    if work.dead_letters:
        text = visit.text("messages that could not be applied: %(n)s", n=work.dead_letters)
        return State(name, "warn", text)
    if not work.endpoints:
        return State(name, "", visit.text("no endpoints"))
    return State(name, "ok", visit.text("works"))
