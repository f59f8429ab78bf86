"""Subjects, learners and requests put straight into a server's database, and calls made at once."""

from __future__ import annotations

import asyncio
import time
from typing import Any, NamedTuple

import httpx2

from tests.factories import Subject, create_enrollment, create_subject, create_user
from tests.parts import promises
from tests.parts.server import Server

WAIT_SECONDS = 20


class Ask(NamedTuple):
    """A request to make: `as_` is a sign-in or a Clerk id."""

    method: str
    path: str
    as_: str
    json: dict[str, Any] | None = None
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed


def add_subject(api: Server, *, name: str | None = None, mentor_id: str | None = None) -> Subject:
    """A subject in a grade and a level of its own, all active."""
    with api.db() as db:
        return create_subject(db, name=name, mentor_id=mentor_id)


def add_learners(api: Server, number: int) -> list[str]:
    """Learners who never signed in; returns our ids."""
    with api.db() as db:
        return [create_user(db).id for _ in range(number)]


def add_requests(api: Server, subject_id: str, user_ids: list[str]) -> list[str]:
    """Pending enrollments, one for each user; returns their ids."""
    with api.db() as db:
        return [create_enrollment(db, user_id=each, subject_id=subject_id) for each in user_ids]


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
        assert time.monotonic() < deadline, "no request waits"
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
