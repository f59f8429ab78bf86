"""Slow clients, clients that leave, and a database that does not answer in time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx2
import psycopg
import pytest

from tests.http import raw
from tests.http.raw import Connection
from tests.http.refusals import details_of
from tests.identity.people import Ask, statuses, together
from tests.parts.server import Server

LEVELS, PROFILE = "/api/education/levels", "/api/auth/profile"
JSON = ["Content-Type: application/json", "Content-Length: 40"]
POOL = 10
WAITING = 7  # of its connections, those that may wait for locks


def begun(api: Server) -> bytes:
    """A request whose body has begun and does not go on."""
    token = f"Authorization: Bearer {api.token('admin')}"
    return raw.head("/api/admin/education/levels", token, *JSON, method="POST") + b'{"name":'


@pytest.fixture(scope="module", autouse=True)
def slow(api: Server) -> Iterator[dict[str, Connection]]:
    """Clients that were slow from the beginning of this module."""
    said = {"body": begun(api), "head": raw.head(LEVELS)[:-2], "nothing": b""}
    with ExitStack() as stack:
        opened = {each: stack.enter_context(raw.connection(api, 60)) for each in said}
        for each, connected in opened.items():
            connected.send(said[each])
        yield opened


def test_slow_bodies_delay_no_other_request(api: Server) -> None:
    with ExitStack() as stack:
        for _ in range(3 * POOL):
            stack.enter_context(raw.connection(api)).send(begun(api))
        assert api.get(LEVELS).status_code == 200
        assert api.get(PROFILE, as_="learner").status_code == 200


def test_clients_that_leave_cost_nothing(api: Server) -> None:
    token = f"Authorization: Bearer {api.token('admin')}"
    whole = raw.head("/api/users", token)
    for request in (begun(api), whole, whole[:20], begun(api)[:-30], b"") * 30:
        with raw.connection(api) as connected:
            connected.send(request)
    for _ in range(2 * POOL):
        assert api.get(PROFILE, as_="learner").status_code == 200
    assert '"request_crashed"' not in api.log()
    assert "Traceback" not in api.log()


async def busy(api: Server, count: int) -> list[asyncio.Task[list[httpx2.Response]]]:
    """Writes that wait for a row that another session has locked."""
    ask = Ask("PUT", PROFILE, "learner", {"firstName": "Waiting"})
    tasks = [asyncio.create_task(together(api, [ask])) for _ in range(count)]
    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = "
    deadline = time.monotonic() + 20
    with api.db() as db:
        while time.monotonic() < deadline:
            row = db.execute(waiting + "current_database()").fetchone()
            if row and row[0] >= count:
                return tasks
            await asyncio.sleep(0.02)
    raise AssertionError("the writes do not wait")


def hold_learner(api: Server) -> psycopg.Connection[tuple[object, ...]]:
    api.user_id("learner")
    assert api.database_url is not None
    holder = psycopg.connect(api.database_url)
    holder.execute("select 1 from users where clerk_id = 'user_123' for update")
    return holder


async def test_without_a_free_connection_the_answer_is_a_quick_503(api: Server) -> None:
    """Writes beyond those that may wait for locks are refused; reads have connections of theirs."""
    with hold_learner(api) as holder:
        held = await busy(api, WAITING)
        started = time.monotonic()
        refused = await together(api, [Ask("PUT", PROFILE, "admin", {"firstName": "Ama"})] * 2)
        waited = time.monotonic() - started
        # Something that no earlier test has asked for: that would be answered from memory.
        read = await together(
            api, [Ask("GET", PROFILE, "admin"), Ask("GET", f"{LEVELS}?search=unasked")]
        )
        holder.rollback()
    for answer in refused:
        assert details_of(answer, 503, "SERVICE_UNAVAILABLE") == {}
        assert answer.headers["retry-after"] == "1"
    assert waited < 4
    assert statuses(read) == {200: 2}
    answers = [answer for task in held for answer in await task]
    # Those that had waited for too long by then were refused by the database.
    assert set(statuses(answers)) <= {200, 503}
    assert statuses(await together(api, [Ask("GET", PROFILE, "admin")] * 20)) == {200: 20}


async def test_a_statement_that_hangs_is_given_up(api: Server) -> None:
    with hold_learner(api) as holder:
        (task,) = await busy(api, 1)
        (answer,) = await task
        holder.rollback()
    details_of(answer, 503, "SERVICE_UNAVAILABLE")
    assert api.put(PROFILE, as_="learner", json={"firstName": "Esi"}).status_code == 200


def test_a_body_that_does_not_come_is_408(slow: dict[str, Connection]) -> None:
    answer = slow["body"].receive(method="POST")
    assert details_of(answer, 408, "REQUEST_TIMEOUT") == {}


def test_a_head_that_does_not_come_is_408_and_no_head_no_connection(
    api: Server, slow: dict[str, Connection]
) -> None:
    assert details_of(slow["head"].receive(), 408, "REQUEST_TIMEOUT") == {}
    assert slow["head"].is_closed()
    assert slow["nothing"].is_closed()
    assert api.get(LEVELS).status_code == 200


def test_a_connection_may_rest_between_requests(api: Server) -> None:
    with raw.connection(api) as connected:
        for piece in (raw.head(LEVELS)[:9], raw.head(LEVELS)[9:], raw.head(LEVELS)):
            connected.send(piece)
        assert [connected.receive().status_code for _ in range(2)] == [200, 200]
