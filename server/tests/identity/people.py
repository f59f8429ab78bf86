"""Users put straight into a server's database, and calls made at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Unpack

import httpx2

from tests.factories import UserColumns, create_user
from tests.parts import promises
from tests.parts.server import Server


class Ask(NamedTuple):
    """A request to make: `as_` is a sign-in or a Clerk id."""

    method: str
    path: str
    as_: str | None = None
    json: object = None
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed


def add_people(
    api: Server, number: int, *, role: str = "LEARNER", **columns: Unpack[UserColumns]
) -> list[str]:
    """Users who hold a role and never signed in; returns our ids."""
    return [add_person(api, role=role, **columns) for _ in range(number)]


def add_person(api: Server, *, role: str | None = "LEARNER", **columns: Unpack[UserColumns]) -> str:
    with api.db() as db:
        return create_user(db, role=role, **columns).id


def rows(api: Server, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with api.db() as db:
        return db.execute(sql, values).fetchall()


def value(api: Server, sql: str, *values: object) -> Any:
    return rows(api, sql, *values)[0][0]


async def together(api: Server, asks: Iterable[Ask]) -> list[httpx2.Response]:
    """Make all requests at the same time; the answers come in their order."""
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(
        event_hooks=promises.HOOKS, base_url=api.url, timeout=60, limits=limits, verify=False
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


def statuses(answers: Sequence[httpx2.Response]) -> dict[int, int]:
    """How many answers have which status."""
    found = sorted(each.status_code for each in answers)
    return {status: found.count(status) for status in found}


def make_admin(api: Server, name: str) -> tuple[str, str]:
    """Sign in a permanent administrator; return the Clerk id and the id."""
    clerk_id = api.user(name)
    user_id = api.user_id(clerk_id)
    answer = api.post(f"/api/users/{user_id}/roles", as_="admin", json={"role": "ADMIN"})
    assert answer.status_code == 201, answer.text
    return clerk_id, user_id
