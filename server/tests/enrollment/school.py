"""Subjects, learners and requests put straight into a server's database, and calls made at once."""

from __future__ import annotations

import asyncio
import time
from typing import Any, NamedTuple

import httpx2

from akako.kernel.core.ids import new_id
from akako.kernel.core.text import name_key
from tests.parts import promises
from tests.parts.server import Server

WAIT_SECONDS = 20


class Subject(NamedTuple):
    id: str
    grade_id: str
    level_id: str
    name: str


class Ask(NamedTuple):
    """A request to make: `as_` is a sign-in or a Clerk id."""

    method: str
    path: str
    as_: str
    json: dict[str, Any] | None = None
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed


def add_subject(api: Server, *, name: str | None = None, mentor_id: str | None = None) -> Subject:
    """A subject in a grade and a level of its own, all active."""
    level_id, grade_id, subject_id = new_id(), new_id(), new_id()
    name = name or f"Subject {subject_id}"
    with api.db() as db:
        db.execute(
            "insert into education_levels (id, name, name_key) values (%s, %s, %s)",
            (level_id, level_id, level_id),
        )
        db.execute(
            "insert into grades (id, name, name_key, level_id, stage) values (%s, %s, %s, %s, %s)",
            (grade_id, grade_id, grade_id, level_id, "primary"),
        )
        db.execute(
            """
            insert into subjects (id, name, name_key, search_key, grade_id, mentor_id)
            values (%s, %s, %s, %s, %s, %s)
            """,
            (subject_id, name, name_key(name), name_key(name), grade_id, mentor_id),
        )
    return Subject(subject_id, grade_id, level_id, name)


def add_learners(api: Server, number: int) -> list[str]:
    """Learners who never signed in; returns our ids."""
    ids = [new_id() for _ in range(number)]
    users = [(each, f"user_{each}", f"{each}@example.com", f"{each}@example.com") for each in ids]
    windows = [(new_id(), each) for each in ids]
    with api.db() as db, db.cursor() as cursor:
        cursor.executemany(
            "insert into users (id, clerk_id, email, email_key, search_key, plan) "
            "values (%s, %s, %s, %s, %s, 'FREE')",
            [(*user, user[2]) for user in users],
        )
        cursor.executemany(
            "insert into user_roles (id, user_id, role, effective_start) "
            "values (%s, %s, 'LEARNER', now() - interval '1 day')",
            windows,
        )
    return ids


def add_requests(api: Server, subject_id: str, user_ids: list[str]) -> list[str]:
    """Pending enrollments, one for each user; returns their ids."""
    rows = [(new_id(), user_id, subject_id) for user_id in user_ids]
    with api.db() as db, db.cursor() as cursor:
        cursor.executemany(
            "insert into enrollments (id, user_id, subject_id) values (%s, %s, %s)", rows
        )
    return [row[0] for row in rows]


async def behind_lock(api: Server, table: str, id: str, *asks: Ask) -> list[httpx2.Response]:
    """Make all requests while the row is locked, and let go once several wait for it."""
    with api.db() as db, db.transaction():
        db.execute(f"select from {table} where id = %s for update", (id,))
        answers = asyncio.create_task(together(api, *asks))
        await asyncio.to_thread(wait_until_blocked, api, 2)
    return await answers


def wait_until_blocked(api: Server, number: int) -> None:
    """Return when at least so many connections to the database wait for a lock."""
    sql = """
    select count(*) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while rows(api, sql)[0][0] < number:
        assert time.monotonic() < deadline, "nobody waits"
        time.sleep(0.01)


async def together(api: Server, *asks: Ask) -> list[httpx2.Response]:
    """Make all requests at the same time; the answers come in their order."""
    async with httpx2.AsyncClient(
        event_hooks=promises.HOOKS, base_url=api.url, timeout=60
    ) as client:
        return await asyncio.gather(
            *(
                client.request(
                    each.method,
                    each.path,
                    json=each.json,
                    headers={**api.headers(each.as_), **each.headers},
                )
                for each in asks
            )
        )


def execute(api: Server, sql: str, *values: object) -> None:
    with api.db() as db:
        db.execute(sql, values)


def rows(api: Server, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with api.db() as db:
        return db.execute(sql, values).fetchall()


def audited(api: Server, resource_id: str) -> list[str]:
    """The actions on record for a thing, in their order."""
    sql = "select action from audit_log where resource_id = %s order by id"
    return [row[0] for row in rows(api, sql, resource_id)]


def announced(api: Server, field: str, id: str) -> list[str]:
    """The types of the events that are about a thing, in their order."""
    sql = "select type from outbox where data ->> %s = %s order by created_at, id"
    return [row[0] for row in rows(api, sql, field, id)]
