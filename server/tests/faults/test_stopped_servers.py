"""A server that is stopped or killed at each step of its writes leaves no partial effect.

The server stands still in front of a locked table: at the first statement of a decision or message,
before the account, the role, the object, the record and the announcement.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import psycopg
import pytest

from akako.kernel.core.ids import new_id
from akako.plans.meter import LEASE
from tests.conftest import StartServer
from tests.faults import invariants
from tests.faults.attempts import SECRET, all_attempts, ask, ask_again, judge
from tests.http import raw
from tests.library.school import MIB, add_topic, eventually, put_video, uploaded, video
from tests.parts.server import Server

# The tables that are locked, and how many of the six attempts wait for one of them.
STEPS = {
    "enrollments, mentor_applications, webhook_messages": 3,
    "users": 4,
    "user_roles": 3,
    "pending_objects": 2,
    "audit_log": 5,
    "outbox": 6,
}
WAITING = """
select count(*) from pg_stat_activity
where wait_event_type = 'Lock' and datname = current_database()
"""


@pytest.fixture(scope="module")
def api(start_server: StartServer) -> Server:
    return start_server({"AKAKO_CLERK_WEBHOOK_SECRETS": SECRET})


@contextmanager
def locked(api: Server, tables: str) -> Iterator[None]:
    """Lock the tables: reads are possible, writes are not."""
    assert api.database_url
    db = psycopg.connect(api.database_url)
    try:
        db.execute(f"lock table {tables} in exclusive mode")
        yield
    finally:
        db.close()


async def waiting(api: Server, number: int) -> None:
    deadline = time.monotonic() + 20
    with api.db() as db:
        while (found := db.execute(WAITING).fetchone()) is None or found[0] < number:
            assert time.monotonic() < deadline, f"{found} instead of {number} wait"
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("tables", STEPS)
async def test_killed(api: Server, tables: str) -> None:
    attempts = all_attempts(api)
    with locked(api, tables):
        asking = asyncio.create_task(ask(api, attempts))
        await waiting(api, STEPS[tables])
        api.kill()
        answers = await asking
    assert sum(answer is None for answer in answers) >= STEPS[tables]
    await asyncio.to_thread(api.start)
    judge(attempts, answers)
    await asyncio.to_thread(invariants.check, api)
    await ask_again(api, attempts)
    await asyncio.to_thread(invariants.check, api)


@pytest.mark.parametrize("tables", STEPS)
async def test_sigterm_during_writes(api: Server, tables: str) -> None:
    """What is under way is finished and answered before the server ends."""
    attempts = all_attempts(api)
    assert api.process is not None
    with locked(api, tables):
        asking = asyncio.create_task(ask(api, attempts))
        await waiting(api, STEPS[tables])
        api.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(eventually, lambda: not listens(api))
    answers = await asking
    assert None not in answers
    assert await asyncio.to_thread(api.process.wait, 30) == 0
    judge(attempts, answers)
    invariants.check(api)
    await asyncio.to_thread(api.start)
    await ask_again(api, attempts)


async def test_sigterm_during_a_download(api: Server) -> None:
    """Who reads slowly gets the file to its end."""
    topic, content = add_topic(api), video(24 * MIB)
    uploaded(put_video(api, topic, content))
    assert api.process is not None
    with raw.connection(api, 60) as reading:
        token = f"Authorization: {api.headers('admin')['Authorization']}"
        reading.send(raw.head(topic.video, token))
        eventually(lambda: reading.socket.recv(1, socket.MSG_PEEK))
        api.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(eventually, lambda: not listens(api))
        assert (await asyncio.to_thread(reading.receive)).content == content
    assert await asyncio.to_thread(api.process.wait, 30) == 0
    await asyncio.to_thread(api.start)


def test_calls_are_counted_through_a_death(api: Server) -> None:
    """A death costs at most one lease; a stop in order costs nothing."""
    who = api.user(new_id())
    user_id, made, used = api.user_id(who), 2, 0
    for end, calls in ((api.kill, 47), (api.stop, 10)):
        for _ in range(calls):
            assert api.get("/api/auth/profile", as_=who).status_code == 200
        end()
        made += calls
        used = invariants.calls_counted(api, user_id)
        assert made <= used <= made + LEASE
        api.start()
    invariants.check(api, calls={user_id: made}, deaths=1)
    quota = api.get("/api/auth/quota", as_=who).json()["data"]["apiCalls"]["used"]
    assert quota == used + 1


def listens(api: Server) -> bool:
    try:
        httpx2.get(f"{api.url}/health/live", timeout=5)
    except httpx2.ConnectError:
        return False
    except httpx2.TransportError:
        return True
    return True
