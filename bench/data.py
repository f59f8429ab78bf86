"""Fill the benchmark school by SQL: 150 levels, learners without enrollments, and any number of
users, of whom one in a hundred is named John.
"""

from __future__ import annotations

from datetime import datetime

import psycopg

from tests.parts.bulk import unindexed

LEVELS = 150
PUPILS = 40
SUBJECTS = 1_000
ADMIN = "user_bench_admin"
TOPIC = "benchtopic"

# Times are whole seconds, because languages format fractions differently.
PEOPLE = """
insert into users (id, clerk_id, email, email_key, first_name, last_name, plan, search_key,
                   created_at, updated_at)
select id, 'user_x' || n, email, email, first, last, 'FREE',
       email || e'\\n' || lower(first || ' ' || last), at, at
from (
    select n, 'user' || lpad(n::text, 7, '0') as id, 'person' || n || '@example.com' as email,
           case when mod(n, 100) = 7 or n < 25 then 'John' else 'Ama' || mod(n, 997) end as first,
           'Mensah' || mod(n, 9973) as last,
           timestamptz '2026-01-01Z' + mod(n, 86400) * interval '1 second' as at
    from generate_series(0, %(users)s - 1) n
) person
"""
ROLES = """
insert into user_roles (id, user_id, role, effective_start, created_at)
select 'r' || id, id, case when clerk_id = %(admin)s then 'ADMIN' else 'LEARNER' end, created_at,
       created_at
from users
"""
CALLERS = """
insert into users (id, clerk_id, email, email_key, first_name, last_name, plan, search_key,
                   created_at, updated_at)
select clerk_id, clerk_id, clerk_id || '@example.com', clerk_id || '@example.com', 'Esi', 'Owusu',
       'ENTERPRISE', clerk_id, timestamptz '2025-01-01Z', timestamptz '2025-01-01Z'
from unnest(%(callers)s::text[]) clerk_id
"""
CURRICULUM = """
insert into education_levels (id, name, name_key, search_key, description, created_at, updated_at)
select 'level' || lpad(n::text, 3, '0'), 'Level ' || n, 'level ' || n, 'level ' || n,
       repeat('x', 60), timestamptz '2026-01-01Z' + n * interval '1 second',
       timestamptz '2026-01-01Z' + n * interval '1 second'
from generate_series(0, %(levels)s - 1) n;
"""
TREE = """
insert into grades (id, name, name_key, stage, level_id)
values ('grade', 'Grade', 'grade', 'primary', 'level000');
insert into subjects (id, name, name_key, grade_id)
select 'subject' || lpad(n::text, 4, '0'), 'Subject ' || n, 'subject ' || n, 'grade'
from generate_series(0, 999) n;
insert into topics (id, name, name_key, subject_id)
values ('benchtopic', 'Topic', 'topic', 'subject0000');
"""


def pupils() -> list[str]:
    """Return the Clerk ids of the learners that request enrollment."""
    return [f"user_pupil{n}" for n in range(PUPILS)]


def fill(url: str, users: int) -> None:
    """Fill a migrated database and bring its statistics up to date."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("set maintenance_work_mem = '256MB'")
        with unindexed(db, ("users", "user_roles")):
            db.execute(PEOPLE, {"users": users})
            db.execute(CALLERS, {"callers": [ADMIN, *pupils()]})
            db.execute(ROLES, {"admin": ADMIN})
        db.execute(CURRICULUM, {"levels": LEVELS})
        db.execute(TREE)
        db.execute("vacuum analyze")


def clear_enrollments(url: str) -> None:
    """Delete all enrollments, so that every learner can request every subject again."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("truncate enrollments, audit_log, outbox, webhook_deliveries")


def nth_user(url: str, number: int) -> tuple[datetime, str]:
    """Return the creation time and id of the user at an index."""
    with psycopg.connect(url, options="-c timezone=UTC") as db:
        row = db.execute(
            "select created_at, id from users order by created_at, id offset %s limit 1",
            [number - 1],
        ).fetchone()
    assert row
    return row[0], row[1]


def describe_silently(url: str, description: str) -> None:
    """Change a level with triggers disabled, so that no cache is invalidated."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("set session_replication_role = replica")
        db.execute(
            "update education_levels set description = %s where id = 'level000'", [description]
        )
