"""SQL about mentor applications."""

from __future__ import annotations

from typing import get_args

import asyncpg
import msgspec

from akako.authority.decisions import DECIDER, REOPEN_SECONDS
from akako.kernel.core.envelope import Listed
from akako.kernel.core.ids import new_id
from akako.kernel.db import listing, pages
from akako.kernel.db.database import Database
from akako.kernel.db.listing import Choice, Reference, Sort, Spec
from akako.kernel.db.pages import Where
from akako.mentors.schemas import (
    Applicant,
    ApplicationRequest,
    MentorApplication,
    PendingApplication,
    Status,
)
from akako.visibility.tree import SUBJECT

SORTS = {"requestedAt": Sort("a.requested_at"), "createdAt": Sort("a.requested_at")}
# Requests without a decision stand at the time at which they were made.
DECIDED = {"decidedAt": Sort("coalesce(a.decided_at, a.requested_at)")}
DATES = {"created": "a.requested_at"}
PENDING = Spec(
    sorts=SORTS,
    default="requestedAt",
    filters={"subjectId": Reference()},
    search=True,
    dates=DATES,
    identity="a.id",
)
ALL = Spec(
    sorts=SORTS | DECIDED,
    default="requestedAt",
    descending=True,
    filters={
        "status": Choice(get_args(Status), many=True),
        "subjectId": Reference(),
        "userId": Reference(),
    },
    search=True,
    dates=DATES,
    identity="a.id",
)
OWN = Spec(sorts=SORTS, default="requestedAt", descending=True, dates=DATES, identity="a.id")

MAX_DAILY = 50  # applications of a user in 24 hours, because another one can follow a rejection
FOR_SUBJECT = "{} = any(a.subject_ids)"
FIELDS = MentorApplication.__struct_fields__
COLUMNS = ", ".join(f"a.{name}" for name in FIELDS)


class Effects(msgspec.Struct, frozen=True):
    """What an approval changed: the role window that it opened, and the mentors before it.

    `subjects` maps the id of each assigned subject to the id of its mentor before.
    """

    role_id: str | None = None
    subjects: dict[str, str | None] = {}


def _application(row: asyncpg.Record) -> MentorApplication:
    return MentorApplication(**{name: row[name] for name in FIELDS})


def _pending(row: asyncpg.Record) -> PendingApplication:
    return PendingApplication(
        **{name: row[name] for name in FIELDS},
        user=Applicant(
            row["user_id"], row["email"], row["username"], row["first_name"], row["last_name"]
        ),
        decided_by_name=row["decided_by_name"],
    )


async def list_pending(db: Database, request: listing.Request) -> Listed[PendingApplication]:
    where = Where("a.status = 'PENDING'")
    if request["subjectId"]:
        where.add(FOR_SUBJECT, request["subjectId"])
    where.search("u.search_key", request.search)
    return await _list_with_applicants(db, PENDING, request, where)


async def list_all(db: Database, request: listing.Request) -> Listed[PendingApplication]:
    where = Where()
    if request["status"]:
        where.add("a.status = any({})", list(request["status"]))
    if request["userId"]:
        where.add("a.user_id = {}", request["userId"])
    if request["subjectId"]:
        where.add(FOR_SUBJECT, request["subjectId"])
    where.search("u.search_key", request.search)
    return await _list_with_applicants(db, ALL, request, where)


async def _list_with_applicants(
    db: Database, spec: Spec, request: listing.Request, where: Where
) -> Listed[PendingApplication]:
    where.dates(spec, request)
    return await pages.fetch(
        db,
        spec,
        request,
        # Every applicant has a row. The planner can omit an outer join from the count.
        source="mentor_applications a left join users u on u.id = a.user_id",
        columns=f"""
        {COLUMNS}, u.email, u.username, u.first_name, u.last_name, {DECIDER.format("a")}
        """,
        where=where,
        build=_pending,
    )


async def export(db: Database, user_id: str) -> dict[str, object]:
    """Return the user's applications, for the export of personal data."""
    sql = f"""
    select {COLUMNS} from mentor_applications a where a.user_id = $1 order by a.requested_at, a.id
    """
    return {"mentorApplications": [_application(row) for row in await db.fetch(sql, user_id)]}


async def list_of_user(
    db: Database, user_id: str, request: listing.Request
) -> Listed[MentorApplication]:
    where = Where()
    where.add("a.user_id = {}", user_id)
    where.dates(OWN, request)
    return await pages.fetch(
        db,
        OWN,
        request,
        source="mentor_applications a",
        columns=COLUMNS,
        where=where,
        build=_application,
    )


async def insert(
    tx: Database, user_id: str, request: ApplicationRequest, subject_ids: list[str]
) -> MentorApplication:
    """Insert an application. Raises asyncpg.UniqueViolationError if the user has a pending one."""
    sql = f"""
    insert into mentor_applications as a
        (id, user_id, motivation, qualifications, experience, subject_ids)
    values ($1, $2, $3, $4, $5, $6) returning {COLUMNS}
    """
    row = await tx.fetchrow(
        sql,
        new_id(),
        user_id,
        request.motivation,
        request.qualifications or None,
        request.experience or None,
        subject_ids,
    )
    assert row is not None
    return _application(row)


async def count_recent(db: Database, user_id: str) -> int:
    """Count the applications of a user in the last 24 hours."""
    sql = """
    select count(*) from mentor_applications
    where user_id = $1 and requested_at > now() - interval '24 hours'
    """
    return int(await db.fetchval(sql, user_id))


async def lock(tx: Database, application_id: str) -> MentorApplication | None:
    sql = f"select {COLUMNS} from mentor_applications a where a.id = $1 for update"
    row = await tx.fetchrow(sql, application_id)
    return _application(row) if row else None


async def set_decision(
    tx: Database,
    application_id: str,
    status: str,
    decided_by: str,
    reason: str | None,
    effects: Effects,
) -> MentorApplication:
    sql = f"""
    update mentor_applications a
    set status = $2, decided_at = now(), decided_by = $3, decision_reason = $4,
        opened_role_id = $5, assigned_subjects = $6
    where a.id = $1 returning {COLUMNS}
    """
    row = await tx.fetchrow(
        sql, application_id, status, decided_by, reason, effects.role_id, effects.subjects
    )
    assert row is not None
    return _application(row)


async def visible_subjects(db: Database, ids: list[str]) -> set[str]:
    """Return the ids that belong to publicly visible subjects."""
    rows = await db.fetch(
        f"""
        select s.id from {SUBJECT.source}
        where s.id = any($1) and {SUBJECT.present} and {SUBJECT.active}
        """,
        ids,
    )
    return {row["id"] for row in rows}


async def is_mentor(tx: Database, user_id: str) -> bool:
    """Return whether the role is effective, or was at any time since the transaction started."""
    return bool(
        await tx.fetchval(
            """
            select exists (
                select from user_roles where user_id = $1 and role = 'MENTOR'
                  and effective_start <= clock_timestamp()
                  and (effective_end is null or effective_end > greatest(now(), effective_start)))
            """,
            user_id,
        )
    )


async def lock_mentor(tx: Database, subject_id: str) -> str | None:
    """Lock a subject for an update; return the id of its mentor."""
    sql = "select mentor_id from subjects where id = $1 for no key update"
    mentor_id: str | None = await tx.fetchval(sql, subject_id)
    return mentor_id


# Subjects that decisions name, and those that an approval assigned, which undoing it changes.
LOCK_SUBJECTS = """
select from subjects
where id = any($1) or id in (
    select jsonb_object_keys(assigned_subjects) from mentor_applications where id = any($2))
order by id for no key update
"""
LOCK_USERS = """
select from users
where id in (select user_id from mentor_applications where id = any($1))
order by id for no key update
"""
LOCK_ALL = "select from mentor_applications where id = any($1) order by id for update"


async def lock_all(tx: Database, ids: list[str], subject_ids: list[str]) -> None:
    """Lock applications, applicants and subjects in fixed orders, which prevents deadlocks."""
    await tx.execute(LOCK_ALL, ids)
    await tx.execute(LOCK_USERS, ids)
    await tx.execute(LOCK_SUBJECTS, subject_ids, ids)


async def effects(tx: Database, application_id: str) -> Effects:
    """Return what the approval of an application changed."""
    sql = "select opened_role_id, assigned_subjects from mentor_applications where id = $1"
    row = await tx.fetchrow(sql, application_id)
    assert row is not None
    return Effects(row["opened_role_id"], row["assigned_subjects"] or {})


async def reopen(tx: Database, application_id: str) -> MentorApplication | None:
    """Undo a recent decision; return None if there is none.

    Raises asyncpg.UniqueViolationError if the user has made another application since.
    """
    sql = f"""
    update mentor_applications a
    set status = 'PENDING', decided_at = null, decided_by = null, decision_reason = null,
        opened_role_id = null, assigned_subjects = null
    where a.id = $1 and a.status in ('APPROVED', 'REJECTED')
      and a.decided_at >= now() - make_interval(secs => $2)
    returning {COLUMNS}
    """
    row = await tx.fetchrow(sql, application_id, REOPEN_SECONDS)
    return _application(row) if row else None


async def cancel_window(tx: Database, role_id: str, revoked_by: str) -> str | None:
    """End a role window at its own start, unless it has ended; return the role.

    The window then has no duration, so that a concurrent approval can open another one.
    """
    sql = """
    update user_roles set effective_end = effective_start, revoked_by = $2
    where id = $1 and (effective_end is null or effective_end > clock_timestamp())
    returning role
    """
    role: str | None = await tx.fetchval(sql, role_id, revoked_by)
    return role
