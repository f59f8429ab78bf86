"""SQL about enrollments."""

from __future__ import annotations

from typing import get_args

import asyncpg

from akako.authority.decisions import DECIDER, REOPEN_SECONDS
from akako.education import queries as education
from akako.enrollment.schemas import (
    Enrollment,
    Learner,
    PendingEnrollment,
    RequestedSubject,
    Status,
)
from akako.kernel.core.access import Actor
from akako.kernel.core.envelope import Listed
from akako.kernel.core.ids import new_id
from akako.kernel.db import listing, pages
from akako.kernel.db.database import Database
from akako.kernel.db.listing import Choice, Reference, Sort, Spec
from akako.kernel.db.pages import Where
from akako.visibility.tree import SUBJECT

SORTS = {"requestedAt": Sort("e.requested_at"), "createdAt": Sort("e.requested_at")}
# Requests without a decision stand at the time at which they were made.
DECIDED = {"decidedAt": Sort("coalesce(e.decided_at, e.requested_at)")}
DATES = {"created": "e.requested_at"}
PENDING = Spec(
    sorts=SORTS,
    default="requestedAt",
    filters={"subjectId": Reference(), "gradeId": Reference()},
    search=True,
    dates=DATES,
    identity="e.id",
)
ALL = Spec(
    sorts=SORTS | DECIDED,
    default="requestedAt",
    descending=True,
    filters={
        "status": Choice(get_args(Status), many=True),
        "subjectId": Reference(),
        "gradeId": Reference(),
        "userId": Reference(),
    },
    search=True,
    dates=DATES,
    identity="e.id",
)
OWN = Spec(sorts=SORTS, default="requestedAt", descending=True, dates=DATES, identity="e.id")

MAX_DAILY = 1_000  # requests of a user in 24 hours, because requests can be cancelled and repeated
RECENT = """
(select count(*) from enrollments o
 where o.user_id = {} and o.requested_at > now() - interval '24 hours')
"""
OF_GRADE = "e.subject_id = any(array(select id from subjects where grade_id = {}))"
FIELDS = Enrollment.__struct_fields__
COLUMNS = ", ".join(f"e.{name}" for name in FIELDS)

# Every enrollment has a user and a subject. With outer joins the planner can omit both from the
# count when there is no search.
WITH_USER_AND_SUBJECT = """
enrollments e left join users u on u.id = e.user_id left join subjects s on s.id = e.subject_id
"""
# A line feed separates the texts, because a search cannot contain one.
SEARCHED = r"(u.search_key || e'\n' || split_part(s.search_key, e'\n', 1))"

# Arrays, because the planner can combine the indexes on users and subjects only for values.
FOUND = """
(e.user_id = any(array(select id from users where search_key like {}))
 or e.subject_id = any(array(
    select id from subjects
    where search_key like {} and split_part(search_key, e'\\n', 1) like {})))
"""


def _enrollment(row: asyncpg.Record) -> Enrollment:
    return Enrollment(**{name: row[name] for name in FIELDS})


def _maybe(row: asyncpg.Record | None) -> Enrollment | None:
    return _enrollment(row) if row else None


def _changed(row: asyncpg.Record | None) -> Enrollment:
    assert row is not None
    return _enrollment(row)


def _pending(row: asyncpg.Record) -> PendingEnrollment:
    return PendingEnrollment(
        **{name: row[name] for name in FIELDS},
        user=Learner(
            row["user_id"], row["email"], row["username"], row["first_name"], row["last_name"]
        ),
        subject=RequestedSubject(row["subject_id"], row["subject_name"], row["grade_id"]),
        grade_name=row["grade_name"],
        decided_by_name=row["decided_by_name"],
    )


async def list_pending(db: Database, request: listing.Request) -> Listed[PendingEnrollment]:
    where = Where("e.status = 'PENDING'")
    if request["subjectId"]:
        where.add("e.subject_id = {}", request["subjectId"])
    if request["gradeId"]:
        where.add(OF_GRADE, request["gradeId"])
    where.search(SEARCHED, request.search)
    return await _list_with_learners(db, PENDING, request, where)


async def list_all(db: Database, request: listing.Request) -> Listed[PendingEnrollment]:
    where = Where()
    if request["status"]:
        where.add("e.status = any({})", list(request["status"]))
    for name, column in (("subjectId", "e.subject_id"), ("userId", "e.user_id")):
        if request[name]:
            where.add(f"{column} = {{}}", request[name])
    if request["gradeId"]:
        where.add(OF_GRADE, request["gradeId"])
    for pattern in pages.containing(request.search or ""):
        where.add(FOUND, *[pattern] * 3)
    return await _list_with_learners(db, ALL, request, where)


async def _list_with_learners(
    db: Database, spec: Spec, request: listing.Request, where: Where
) -> Listed[PendingEnrollment]:
    where.dates(spec, request)
    return await pages.fetch(
        db,
        spec,
        request,
        source=WITH_USER_AND_SUBJECT,
        columns=f"""
        {COLUMNS}, u.email, u.username, u.first_name, u.last_name,
        s.name as subject_name, s.grade_id,
        (select g.name from grades g where g.id = s.grade_id) as grade_name,
        {DECIDER.format("e")}
        """,
        where=where,
        build=_pending,
    )


async def list_of_user(db: Database, user_id: str, request: listing.Request) -> Listed[Enrollment]:
    where = Where()
    where.add("e.user_id = {}", user_id)
    where.dates(OWN, request)
    return await pages.fetch(
        db,
        OWN,
        request,
        source="enrollments e",
        columns=COLUMNS,
        where=where,
        build=_enrollment,
    )


async def export(db: Database, user_id: str) -> dict[str, object]:
    """Return the user's enrollments, for the export of personal data."""
    sql = f"select {COLUMNS} from enrollments e where e.user_id = $1 order by e.requested_at, e.id"
    return {"enrollments": [_enrollment(row) for row in await db.fetch(sql, user_id)]}


async def request(
    tx: Database, actor: Actor, subject_id: str, message: str | None
) -> Enrollment | None:
    """Insert a request; return None if the caller may not make it.

    That is the case if the subject is not visible or taught by the caller, or after MAX_DAILY
    requests. Raises asyncpg.UniqueViolationError if there is a pending or approved one.
    """
    where = education.seen(SUBJECT, actor, inactive=False)
    where.add("s.id = {}", subject_id)
    where.add("s.mentor_id is distinct from {}", actor.user_id)
    where.add(f"{RECENT} < {{}}", actor.user_id, MAX_DAILY)
    row = Where()
    row.values = [*where.values]
    row.add("{}, {}, s.id, {}", new_id(), actor.user_id, message)
    sql = f"""
    insert into enrollments as e (id, user_id, subject_id, message)
    select {row} from {SUBJECT.source} where {where} returning {COLUMNS}
    """
    return _maybe(await tx.fetchrow(sql, *row.values))


async def count_recent(db: Database, user_id: str) -> int:
    """Count the requests of a user in the last 24 hours."""
    return int(await db.fetchval(f"select {RECENT.format('$1')}", user_id))


async def lock(tx: Database, enrollment_id: str) -> Enrollment | None:
    sql = f"select {COLUMNS} from enrollments e where e.id = $1 for update"
    return _maybe(await tx.fetchrow(sql, enrollment_id))


async def lock_all(tx: Database, ids: list[str]) -> None:
    """Lock enrollments in the order of their ids, which prevents deadlocks."""
    await tx.execute("select from enrollments where id = any($1) order by id for update", ids)


async def hold_learner(tx: Database, user_id: str) -> str:
    """Lock a user until the end of the transaction; return the status."""
    sql = """
    select case when deleted_at is null then status else 'DELETED' end from users where id = $1
    for share
    """
    return str(await tx.fetchval(sql, user_id))


async def set_decision(
    tx: Database, enrollment_id: str, status: str, decided_by: str, reason: str | None
) -> Enrollment:
    sql = f"""
    update enrollments e
    set status = $2, decided_at = now(), decided_by = $3, decision_reason = $4
    where e.id = $1 returning {COLUMNS}
    """
    return _changed(await tx.fetchrow(sql, enrollment_id, status, decided_by, reason))


async def set_cancelled(tx: Database, enrollment_id: str) -> Enrollment:
    sql = f"update enrollments e set status = 'CANCELLED' where e.id = $1 returning {COLUMNS}"
    return _changed(await tx.fetchrow(sql, enrollment_id))


async def reopen(tx: Database, enrollment_id: str) -> Enrollment | None:
    """Undo a recent decision; return None if there is none.

    Raises asyncpg.UniqueViolationError if the user has made another request since.
    """
    sql = f"""
    update enrollments e
    set status = 'PENDING', decided_at = null, decided_by = null, decision_reason = null
    where e.id = $1 and e.status in ('APPROVED', 'REJECTED')
      and e.decided_at >= now() - make_interval(secs => $2)
    returning {COLUMNS}
    """
    return _maybe(await tx.fetchrow(sql, enrollment_id, REOPEN_SECONDS))
