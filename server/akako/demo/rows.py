"""Write the history of the demonstration school: one statement per table."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from akako.backends.demo_people import DEMO_PEOPLE
from akako.demo.curriculum import Subject
from akako.demo.history import History, Request
from akako.identity.accounts import search_key
from akako.kernel.core.access import Actor
from akako.kernel.db.database import Database
from akako.naming.sort_keys import person_sort_keys

PEOPLE = """
with person as (
    insert into users (id, clerk_id, email, email_key, first_name, last_name, plan, search_key,
        clerk_updated_at, clerk_first_name, clerk_last_name, last_synced_at, email_verified_at,
        first_sort_key, last_sort_key, created_at, updated_at)
    select id, clerk_id, email, email, first, last, 'FREE', key, $9, first, last, joined, joined,
        first_key, last_key, joined, joined
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
        $7::text[], $8::text[], $10::timestamptz[])
        as p (id, clerk_id, email, first, last, key, first_key, last_key, joined)
    returning id, created_at
)
insert into user_roles (id, user_id, role, effective_start)
select md5(id || 'role'), id, 'LEARNER', created_at from person
"""
ENROLLMENTS = """
insert into enrollments (id, user_id, subject_id, status, message, requested_at, decided_at,
    decided_by, decision_reason)
select id, user_id, subject_id, case status when 'CANCELLED' then 'APPROVED' else status end,
    nullif(message, ''), requested_at, decided_at, case when decided_at is not null then $9 end,
    reason
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
    $7::timestamptz[], $8::text[])
    as e (id, user_id, subject_id, status, message, requested_at, decided_at, reason)
"""
CANCEL = """
with cancelled as (
    update enrollments set status = 'CANCELLED' from unnest($1::text[]) as c (id)
    where enrollments.id = c.id returning enrollments.id
)
select count(*) from cancelled
"""
CANCELLED_AT = """
update enrollment_moments set at = c.at from unnest($1::text[], $2::timestamptz[]) as c (id, at)
where enrollment_id = c.id and kind = 'cancelled'
"""
AUDIT = """
insert into audit_log (at, actor_user_id, actor_clerk_id, action, resource, resource_id, after)
select at, $4, $5, 'enrollment.' || lower(status), 'enrollment', id,
    jsonb_build_object('status', status)
from unnest($1::text[], $2::timestamptz[], $3::text[]) as d (id, at, status) order by at
"""
PROGRESS = """
insert into topic_progress (user_id, topic_id, marked_done, marked_at, recorded_at, completed_at,
    first_completed_at, updated_at, active_on)
select user_id, topic_id, done, case when done then at end, at, case when done then at end,
    case when done then at end, at, (at at time zone 'utc')::date
from unnest($1::text[], $2::text[], $3::timestamptz[], $4::boolean[])
    as p (user_id, topic_id, at, done)
"""
ACTIVE = "insert into activity_days (day, user_id) select * from unnest($1::date[], $2::text[])"
USAGE = """
with day as (
    insert into usage_days (subject, day, calls)
    select $1, * from unnest($3::date[], $4::bigint[])
    on conflict (subject, day) do update set calls = usage_days.calls + excluded.calls
    returning date_trunc('month', day::timestamp)::date as month, calls
), month as (
    select month, sum(calls)::bigint as calls from day group by month
), counter as (
    insert into usage_counters (subject, month, kind, used)
    select $1, month, 'api_calls', calls from month
    on conflict (subject, month, kind) do update set used = usage_counters.used + excluded.used
)
insert into usage_callers (subject, month, user_id, calls) select $1, month, $2, calls from month
on conflict (subject, month, user_id) do update set calls = usage_callers.calls + excluded.calls
"""
APPLICATIONS = """
insert into mentor_applications (id, user_id, motivation, requested_at)
select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[])
"""
MOTIVATION = (
    "I have helped classmates with homework for two years and would like to do it properly, "
    "with lessons that everyone can find again."
)


def _id(*parts: object) -> str:
    """Return an id that is the same for the same parts."""
    return hashlib.sha256(":".join(map(str, parts)).encode()).hexdigest()[:32]


def _columns(rows: Iterable[Sequence[Any]], number: int) -> list[list[Any]]:
    """Return rows as columns, also where there are none."""
    return [list(each) for each in zip(*rows, strict=True)] or [[] for _ in range(number)]


async def write(
    tx: Database, admin: Actor, subjects: Sequence[Subject], history: History
) -> list[str]:
    """Insert the history; return the ids of the learners."""
    people = [_id("person", number) for number in range(len(history.joined))]
    await _write_people(tx, people, history.joined)
    await _write_requests(tx, admin, people, subjects, history.requests)
    topics = [list(each.topics.values()) for each in subjects]
    progress = [
        (people[each.learner], topics[each.subject][each.topic], each.at, each.completed)
        for each in history.progress
    ]
    await tx.execute(PROGRESS, *_columns(progress, 4))
    active = [(day, people[learner]) for day, learner in sorted(history.active)]
    await tx.execute(ACTIVE, *_columns(active, 2))
    days = sorted(history.calls.items())
    await tx.execute(USAGE, admin.subject, admin.user_id, *_columns(days, 2))
    await _write_applications(tx, people, max(history.calls))
    return people


async def _write_people(tx: Database, ids: Sequence[str], joined: Sequence[datetime]) -> None:
    known = list(DEMO_PEOPLE.values())[: len(ids)]
    rows = []
    for id, person in zip(ids, known, strict=True):
        email, names = person.primary_email, (person.first_name, person.last_name)
        sorts = person_sort_keys(*names, None)
        rows.append((id, person.id, email, *names, search_key(email, *names), *sorts))
    await tx.execute(PEOPLE, *_columns(rows, 8), known[0].updated_at, list(joined))


def _request_id(request: Request) -> str:
    return _id("request", request.learner, request.subject, request.requested_at)


async def _write_requests(
    tx: Database,
    admin: Actor,
    people: Sequence[str],
    subjects: Sequence[Subject],
    requests: Sequence[Request],
) -> None:
    rows = [
        (
            _request_id(each),
            people[each.learner],
            subjects[each.subject].id,
            each.status,
            each.message,
            each.requested_at,
            each.decided_at,
            each.reason,
        )
        for each in requests
    ]
    await tx.execute(ENROLLMENTS, *_columns(rows, 8), admin.clerk_id)
    cancelled = [(_request_id(each), each.cancelled_at) for each in requests if each.cancelled_at]
    ids, moments = _columns(cancelled, 2)
    await tx.execute(CANCEL, ids)
    await tx.execute(CANCELLED_AT, ids, moments)
    decided = [
        (
            _request_id(each),
            each.decided_at,
            "REJECTED" if each.status == "REJECTED" else "APPROVED",
        )
        for each in requests
        if each.decided_at
    ]
    await tx.execute(AUDIT, *_columns(decided, 3), admin.user_id, admin.clerk_id)


async def _write_applications(tx: Database, people: Sequence[str], today: date) -> None:
    """Add two applications that wait for a decision."""
    noon = datetime.fromisoformat(f"{today}T12:00:00+00:00")
    rows = [
        (_id("application", number), people[number], MOTIVATION, noon - timedelta(days=number + 1))
        for number in (1, 3)
    ]
    await tx.execute(APPLICATIONS, *_columns(rows, 4))
