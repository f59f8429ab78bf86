"""SQL about the subjects of mentors and the learners in them."""

from __future__ import annotations

import asyncpg
import msgspec

from akako.identity.queries import USERS
from akako.kernel.core.envelope import Listed
from akako.kernel.db import listing, pages
from akako.kernel.db.database import Database
from akako.kernel.db.listing import Sort, Spec
from akako.kernel.db.pages import Where
from akako.learning.queries import NEVER, PERCENT, totals
from akako.learning.schemas import LearnerProgress, TaughtSubject
from akako.visibility.tree import SUBJECT, bind

TAUGHT = Spec(
    sorts={"name": Sort("s.sort_key", "text"), "createdAt": Sort("s.created_at")},
    default="name",
    search=True,
    identity="s.id",
)
LEARNERS = Spec(
    sorts={
        "lastName": USERS.sorts["lastName"],
        "percent": Sort(PERCENT, "integer"),
        "lastActivityAt": Sort(f"coalesce(total.last_activity_at, {NEVER})"),
        "enrolledAt": Sort("e.enrolled_at"),
    },
    default="lastName",
    search=True,
    identity="u.id",
)
ACTIVE_DAYS = 7
TOPICS = "topics t where t.subject_id = s.id and t.deleted_at is null and t.is_active"
ENROLLED = """
enrollments e join users u on u.id = e.user_id and u.deleted_at is null
where e.subject_id = s.id and e.status = 'APPROVED'
"""
COMPLETED = f"""
select count(*) from {TOPICS.replace("where", "join topic_progress p on p.topic_id = t.id where")}
  and p.completed_at is not null and p.user_id in (select e.user_id from {ENROLLED})
"""
ACTIVE = f"""
select count(*) from {ENROLLED} and exists (
    select from topics t join topic_progress p on p.topic_id = t.id and p.user_id = e.user_id
    where t.subject_id = s.id and p.active_on > (now() at time zone 'utc')::date - {ACTIVE_DAYS})
"""
COLUMNS = f"""
s.id, s.name, s.grade_id, g.name as grade_name, l.name as level_name, s.is_active,
(select count(*)::int from {TOPICS}) as topic_count,
(select count(*)::int from {ENROLLED}) as learner_count,
({ACTIVE})::int as active_learners_7d, ({COMPLETED})::int as completed
"""
# `offset 0` makes the planner begin with the subject's enrollments. Otherwise it may walk all users
# in the order of their names.
WITH_TOTALS = f"""
(select user_id, subject_id, coalesce(decided_at, requested_at) as enrolled_at from enrollments
 where subject_id = {{subject}} and status = 'APPROVED' offset 0) e
join users u on u.id = e.user_id and u.deleted_at is null
left join lateral ({totals("e.user_id", "e.subject_id")}) total on true
"""
LEARNER_COLUMNS = f"""
u.id as user_id, u.first_name, u.last_name, u.email, e.enrolled_at,
total.topics_completed, total.topics_total,
{PERCENT} as percent, total.last_activity_at, u.username
"""


def _taught(row: asyncpg.Record) -> TaughtSubject:
    facts = dict(row)
    completed = facts["completed"]
    shown = {name: facts[name] for name in TaughtSubject.__struct_fields__[:-1]}
    whole = facts["topic_count"] * facts["learner_count"]
    average = None
    if facts["learner_count"]:
        average = min(100, completed * 100 // whole) if whole else 0
    return TaughtSubject(**shown, average_percent=average)


async def list_taught(
    db: Database, mentor_id: str, request: listing.Request
) -> Listed[TaughtSubject]:
    """Return a page of the subjects of a mentor, inactive ones included."""
    where = Where(SUBJECT.present)
    where.add("s.mentor_id = {}", mentor_id)
    where.search("s.search_key", request.search)
    return await pages.fetch(
        db, TAUGHT, request, source=SUBJECT.source, columns=COLUMNS, where=where, build=_taught
    )


class Taught(msgspec.Struct, frozen=True):
    """A subject that is not deleted, and its mentor."""

    mentor_id: str | None


async def find_subject(db: Database, subject_id: str) -> Taught | None:
    sql = f"select s.mentor_id from {SUBJECT.source} where s.id = $1 and {SUBJECT.present}"
    row = await db.fetchrow(sql, subject_id)
    return Taught(row["mentor_id"]) if row else None


def _learner(row: asyncpg.Record) -> LearnerProgress:
    return LearnerProgress(**{name: row[name] for name in LearnerProgress.__struct_fields__})


async def list_learners(
    db: Database, subject_id: str, request: listing.Request
) -> Listed[LearnerProgress]:
    """Return a page of the learners with an approved enrollment in a subject."""
    where = Where()
    source = WITH_TOTALS.format(subject=bind(where, subject_id))
    where.search("u.search_key", request.search)
    return await pages.fetch(
        db,
        LEARNERS,
        request,
        source=source,
        columns=LEARNER_COLUMNS,
        where=where,
        build=_learner,
    )
