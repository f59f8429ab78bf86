"""However administrators remove each other, one who stays for good is always left."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import cycle

import httpx2
import pytest

from tests.conftest import StartServer
from tests.http.refusals import details_of
from tests.identity.people import Ask, make_admin, statuses, together, value
from tests.parts import promises
from tests.parts.server import Server

ROUNDS = 100
LASTING = """
select count(*) from user_roles r join users u on u.id = r.user_id
where r.role = 'ADMIN' and r.effective_start <= now() and r.effective_end is null
  and u.status = 'ACTIVE' and u.deleted_at is null
"""


@pytest.fixture(scope="module")
def api(start_server: StartServer) -> Server:
    return start_server()


@pytest.fixture
def pair(api: Server) -> tuple[tuple[str, str], tuple[str, str]]:
    """The two only administrators."""
    # First of all: the test before may have left either of them suspended.
    restore(api)
    first = ("user_admin", api.user_id("admin"))
    if value(api, "select count(*) from users where clerk_id = 'user_second'") == 0:
        return first, make_admin(api, "second")
    return first, ("user_second", api.user_id("user_second"))


def restore(api: Server) -> None:
    with api.db() as db:
        db.execute("update users set status = 'ACTIVE' where status <> 'ACTIVE'")
        db.execute("delete from user_roles where role = 'ADMIN'")
        db.execute(
            "insert into user_roles (id, user_id, role, effective_start) "
            "select 'admin-' || id, id, 'ADMIN', now() from users "
            "where clerk_id in ('user_admin', 'user_second')"
        )


def demotion(user_id: str) -> tuple[str, str, object]:
    return "DELETE", f"/api/users/{user_id}/roles?role=ADMIN", None


def deactivation(user_id: str) -> tuple[str, str, object]:
    return "PUT", f"/api/users/{user_id}", {"status": "INACTIVE"}


async def test_two_who_remove_each_other(
    api: Server, pair: tuple[tuple[str, str], tuple[str, str]]
) -> None:
    (first, first_id), (second, second_id) = pair
    ways = cycle([(demotion, demotion), (demotion, deactivation), (deactivation, deactivation)])
    outcomes = set()
    async with httpx2.AsyncClient(
        event_hooks=promises.HOOKS, base_url=api.url, timeout=60, verify=False
    ) as client:
        for _, (one, other) in zip(range(ROUNDS), ways, strict=False):
            answers = await asyncio.gather(
                _act(client, api, first, one(second_id)), _act(client, api, second, other(first_id))
            )
            outcomes |= {each.status_code for each in answers}
            assert value(api, LASTING) >= 1
            assert sum(each.status_code == 200 for each in answers) == 1
            restore(api)
    assert 200 in outcomes
    assert outcomes <= {200, 403, 409}


async def _act(
    client: httpx2.AsyncClient, api: Server, who: str, request: tuple[str, str, object]
) -> httpx2.Response:
    method, path, body = request
    return await client.request(method, path, json=body, headers=api.headers(who))


async def test_many_removals_at_once_leave_one(
    api: Server, pair: tuple[tuple[str, str], tuple[str, str]]
) -> None:
    ids = [each for _, each in pair]
    asks = [Ask(*demotion(user_id)[:2], "admin") for user_id in ids * 8]
    asks += [Ask("PUT", deactivation(i)[1], "admin", {"status": "SUSPENDED"}) for i in ids * 8]
    answers = await together(api, asks)
    assert set(statuses(answers)) <= {200, 403, 404, 409}
    assert value(api, LASTING) >= 1


def test_who_does_not_count_as_an_administrator(
    api: Server, pair: tuple[tuple[str, str], tuple[str, str]]
) -> None:
    (_, first_id), (_, second_id) = pair
    changes = {
        "inactive": "update users set status = 'INACTIVE' where id = %s",
        "dated": "update user_roles set effective_end = now() + interval '1 year' "
        "where role = 'ADMIN' and user_id = %s",
        "future": "update user_roles set effective_start = now() + interval '1 day' "
        "where role = 'ADMIN' and user_id = %s",
        "past": "update user_roles set effective_end = now() where role = 'ADMIN' and user_id = %s",
    }
    for change in changes.values():
        api.execute(change, second_id)
        for method, path, body in (demotion(first_id), deactivation(first_id)):
            details_of(api.request(method, path, as_="admin", json=body), 409, "LAST_ADMIN")
        restore(api)
    method, path, _ = demotion(first_id)
    assert api.request(method, path, as_="admin").status_code == 200


def test_the_only_administrator_cannot_be_dated_either(
    api: Server, pair: tuple[tuple[str, str], tuple[str, str]]
) -> None:
    (_, first_id), (_, second_id) = pair
    api.request(*demotion(second_id)[:2], as_="admin")
    end = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    dated = {"role": "ADMIN", "effectiveEndDate": end}
    answer = api.post(f"/api/users/{first_id}/roles", as_="admin", json=dated)
    assert details_of(answer, 409, "CONFLICT")["resource"] == "user_role"
    assert api.post(f"/api/users/{second_id}/roles", as_="admin", json=dated).status_code == 201
    details_of(api.request(*demotion(first_id)[:2], as_="admin"), 409, "LAST_ADMIN")
    assert api.request(*demotion(second_id)[:2], as_="admin").status_code == 200
