"""SQL about mentor applications."""

from __future__ import annotations

import asyncpg

from akako.kernel.core.envelope import Listed
from akako.kernel.core.ids import new_id
from akako.kernel.db import listing, pages
from akako.kernel.db.database import Database
from akako.kernel.db.listing import Sort, Spec
from akako.kernel.db.pages import Where
from akako.mentors.schemas import (
    Applicant,
    ApplicationRequest,
    MentorApplication,
    PendingApplication,
)
from akako.visibility.tree import SUBJECT

SORTS = {"requestedAt": Sort("a.requested_at"), "createdAt": Sort("a.requested_at")}
DATES = {"created": "a.requested_at"}
PENDING = Spec(sorts=SORTS, default="requestedAt", search=True, dates=DATES, identity="a.id")
OWN = Spec(sorts=SORTS, default="requestedAt", descending=True, dates=DATES, identity="a.id")

MAX_DAILY = 50  # applications of a user in 24 hours, because another one can follow a rejection
FIELDS = MentorApplication.__struct_fields__
COLUMNS = ", ".join(f"a.{name}" for name in FIELDS)


def _application(row: asyncpg.Record) -> MentorApplication:
    return MentorApplication(**{name: row[name] for name in FIELDS})


def _pending(row: asyncpg.Record) -> PendingApplication:
    return PendingApplication(
        **{name: row[name] for name in FIELDS},
        user=Applicant(
            row["user_id"], row["email"], row["username"], row["first_name"], row["last_name"]
        ),
    )


async def list_pending(db: Database, request: listing.Request) -> Listed[PendingApplication]:
    where = Where("a.status = 'PENDING'")
    where.search("u.search_key", request.search)
    where.dates(PENDING, request)
    return await pages.fetch(
        db,
        PENDING,
        request,
        # Every applicant has a row. The planner can omit an outer join from the count.
        source="mentor_applications a left join users u on u.id = a.user_id",
        columns=f"{COLUMNS}, u.email, u.username, u.first_name, u.last_name",
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
    """Raises asyncpg.UniqueViolationError if the user has a pending application."""
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
    tx: Database, application_id: str, status: str, decided_by: str, reason: str | None
) -> MentorApplication:
    sql = f"""
    update mentor_applications a
    set status = $2, decided_at = now(), decided_by = $3, decision_reason = $4
    where a.id = $1 returning {COLUMNS}
    """
    row = await tx.fetchrow(sql, application_id, status, decided_by, reason)
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
