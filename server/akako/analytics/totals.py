"""SQL about the present state: completion, storage and users.

Each query has a live form and one that reads the last roll-up. The roll-up is used from
LARGE_ROWS on, where a live query would take too long for a request.
"""

from __future__ import annotations

from typing import Any

import asyncpg
import msgspec

from akako.analytics.schemas import SubjectCompletion
from akako.kernel.core.envelope import Listed
from akako.kernel.db import listing, pages
from akako.kernel.db.database import Database
from akako.kernel.db.listing import Reference, Sort, Spec
from akako.kernel.db.pages import Where
from akako.storage.queries import WAITING
from akako.visibility.tree import SUBJECT

LARGE_ROWS = 50_000  # as the statistics of PostgreSQL estimate them
# Completion reads every topic, enrollment and row of progress, each by an index.
COMPLETION_ROWS = 10_000
COMPLETION_TABLES = ("topics", "topic_progress", "enrollments")
PERCENT = "case when {0}.learners = 0 then 0 else {0}.completed * 100 / {0}.learners end"
LISTED = Spec(
    sorts={
        "subjectName": Sort("r.sort_key", "text"),
        "percent": Sort("r.percent", "integer"),
        "learners": Sort("r.learners", "integer"),
    },
    default="subjectName",
    filters={"gradeId": Reference(), "levelId": Reference()},
    identity="r.subject_id",
)
# Learners of a subject: approved, and not deleted. Completed: all visible topics, at least one.
FIGURES = """
select count(*)::int as learners, count(*) filter (where done.started > 0)::int as started,
       count(*) filter (where total.topics > 0 and done.completed = total.topics)::int as completed
from (select count(*) as topics from topics t
      where t.subject_id = s.id and t.deleted_at is null and t.is_active) total
cross join enrollments e join users u on u.id = e.user_id and u.deleted_at is null
left join (
    select p.user_id, count(*) as started, count(p.completed_at) as completed
    from topics t join topic_progress p on p.topic_id = t.id
    where t.subject_id = s.id and t.deleted_at is null and t.is_active
    group by p.user_id
) done on done.user_id = e.user_id
where e.subject_id = s.id and e.status = 'APPROVED'
"""
LIVE = f"left join lateral ({FIGURES}) f on true"
ROLLED = """
left join lateral (
    select coalesce(max(a.learners), 0) as learners, coalesce(max(a.started), 0) as started,
           coalesce(max(a.completed), 0) as completed
    from analytics_subjects a where a.subject_id = s.id
) f on true
"""
ROWS = """
(select s.id as subject_id, s.name as subject_name, s.sort_key, s.grade_id, g.level_id,
        g.name as grade_name, f.learners, f.started, f.completed, {percent} as percent
 from {source} {figures} where {present}) r
"""
STORAGE = f"""
with removed as (
    select storage_key as key, size from documents where status = 'DELETED'
    union all select storage_key, size from removed_videos
)
select d.number as documents, d.bytes as document_bytes, v.number as videos,
       v.bytes as video_bytes,
       (select coalesce(sum(size), 0)::bigint from removed where key in ({WAITING})) as awaiting
from (select count(*) as number, coalesce(sum(size), 0)::bigint as bytes
      from documents where status = 'ACTIVE') d,
     (select count(*) as number, coalesce(sum(video_size), 0)::bigint as bytes
      from topics where video_key is not null) v
"""
LARGEST = """
(select 'document' as kind, id, topic_id, name, size as bytes from documents
 where status = 'ACTIVE' order by size desc, id limit 10)
union all
(select 'video', id, id, name, video_size from topics
 where video_key is not null order by video_size desc, id limit 10)
order by bytes desc, kind, id limit 10
"""
# The periods of a role do not overlap, so a user has at most one that is in effect.
USERS = """
select (select count(*) from users where deleted_at is null)::int as total,
       count(*) filter (where r.role = 'LEARNER')::int as learners,
       count(*) filter (where r.role = 'MENTOR')::int as mentors,
       count(*) filter (where r.role = 'ADMIN')::int as admins
from user_roles r join users u on u.id = r.user_id and u.deleted_at is null
where r.effective_start <= now() and (r.effective_end is null or r.effective_end > now())
"""
COMPLETION = """
select coalesce(sum(r.learners), 0)::bigint as learners,
       coalesce(sum(r.completed), 0)::bigint as completed from {rows}
"""
SIZES = """
select coalesce(max(reltuples) filter (where oid = any($1::text[]::regclass[]::oid[])), 0)
from pg_class where oid = any($1::text[]::regclass[]::oid[])
"""


async def is_large(db: Database, *tables: str, most: int | None = None) -> bool:
    """Return whether one of the tables has more rows than `most`, or LARGE_ROWS."""
    return bool(await db.fetchval(SIZES, list(tables)) > (most or LARGE_ROWS))


async def completion_is_rolled(db: Database) -> bool:
    large = await is_large(db, *COMPLETION_TABLES, most=COMPLETION_ROWS)
    return large and await read_state(db, "subjects") is not None


def rows(*, rolled: bool) -> str:
    """Return the FROM clause of subjects with their completion."""
    return ROWS.format(
        percent=PERCENT.format("f"),
        source=SUBJECT.source,
        figures=ROLLED if rolled else LIVE,
        present=SUBJECT.present,
    )


def _completion(row: asyncpg.Record) -> SubjectCompletion:
    return SubjectCompletion(**{name: row[name] for name in SubjectCompletion.__struct_fields__})


async def list_completion(
    db: Database, request: listing.Request, *, rolled: bool
) -> Listed[SubjectCompletion]:
    where = Where()
    if request["gradeId"]:
        where.add("r.grade_id = {}", request["gradeId"])
    if request["levelId"]:
        where.add("r.level_id = {}", request["levelId"])
    return await pages.fetch(
        db,
        LISTED,
        request,
        source=rows(rolled=rolled),
        columns=", ".join(f"r.{name}" for name in SubjectCompletion.__struct_fields__),
        where=where,
        build=_completion,
    )


async def read_completion(db: Database, *, rolled: bool) -> int | None:
    """Return the share of enrolled learners who completed their subject, in percent."""
    row = await db.fetchrow(COMPLETION.format(rows=rows(rolled=rolled)))
    assert row is not None
    learners: int = row["learners"]
    return row["completed"] * 100 // learners if learners else None


async def compute_storage(db: Database) -> dict[str, Any]:
    row = await db.fetchrow(STORAGE)
    assert row is not None
    return dict(row)


async def read_largest(db: Database) -> list[asyncpg.Record]:
    return await db.fetch(LARGEST)


async def compute_users(db: Database) -> dict[str, Any]:
    row = await db.fetchrow(USERS)
    assert row is not None
    return dict(row)


async def read_state(db: Database, key: str) -> dict[str, Any] | None:
    """Return what the last roll-up stored under a key."""
    value = await db.fetchval("select value::text from analytics_state where key = $1", key)
    return msgspec.json.decode(value, type=dict[str, Any]) if value else None


async def read_storage(db: Database) -> dict[str, Any]:
    """Return the totals of files: live, or of the last roll-up in a large school."""
    large = await is_large(db, "documents", "topics")
    return (large and await read_state(db, "storage")) or await compute_storage(db)


async def read_users(db: Database) -> dict[str, Any]:
    """Return the numbers of users: live, or of the last roll-up in a large school."""
    return (await is_large(db, "users") and await read_state(db, "users")) or await compute_users(
        db
    )
