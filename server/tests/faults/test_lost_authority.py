"""Every write is committed with the authority of its commit, however long it took."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import httpx2
import psycopg
import pytest

from akako.backends.database.pool import Pool
from akako.kernel.core.access import Actor
from akako.kernel.core.errors import ServiceUnavailable
from akako.kernel.core.ids import new_id
from akako.library import service as library
from tests.enrollment.school import add_requests, wait_until_blocked
from tests.http import raw
from tests.identity.people import add_people, make_admin
from tests.learning.school import add_learner
from tests.library.school import Topic, add_topic, count, refused
from tests.library.usage import new_mentor
from tests.parts.server import Server

LEVELS = "/api/admin/education/levels"
ENDS = {
    "inactive": ("update users set status = 'INACTIVE' where id = %s", 403),
    "deleted": ("update users set deleted_at = now(), status = 'INACTIVE' where id = %s", 401),
    "no admin": (
        "update user_roles set effective_end = now() where user_id = %s and role = 'ADMIN'",
        403,
    ),
    "no learner": (
        "update user_roles set effective_end = now() where user_id = %s and role = 'LEARNER'",
        403,
    ),
}
ADMIN_ENDS = ("inactive", "deleted", "no admin")


@pytest.fixture
def admin(api: Server) -> tuple[str, str]:
    """The Clerk id and our id of a second administrator."""
    return make_admin(api, f"second{new_id()}")


def interrupted(
    api: Server, write: Callable[[], httpx2.Response], lock: str, value: str, end: str, user_id: str
) -> httpx2.Response:
    """Return the response to a write that waits while `end` is done to its user."""
    with ThreadPoolExecutor(1) as thread:
        with psycopg.connect(api.database_url or "") as holder:
            holder.execute(lock.encode(), (value,))
            answer = thread.submit(write)
            wait_until_blocked(api, 1)
            api.execute(ENDS[end][0], user_id)
            holder.rollback()
        return answer.result()


@pytest.mark.parametrize("end", ADMIN_ENDS)
def test_decisions_of_one_who_may_decide_no_more(
    api: Server, admin: tuple[str, str], end: str
) -> None:
    topic = add_topic(api)
    (enrollment,) = add_requests(api, topic.subject_id, add_people(api, 1))
    body = {"decisions": [{"id": enrollment, "decision": "approve"}]}

    def write() -> httpx2.Response:
        return api.post("/api/admin/enrollment/decisions", as_=admin[0], json=body)

    lock = "select from enrollments where id = %s for update"
    answer = interrupted(api, write, lock, enrollment, end, admin[1])
    assert answer.status_code == ENDS[end][1], answer.text
    sql = "select count(*) from enrollments where id = %s and status = 'PENDING'"
    assert count(api, sql, enrollment) == 1


@pytest.mark.parametrize("end", ["inactive", "no learner"])
def test_progress_of_one_who_may_learn_no_more(api: Server, end: str) -> None:
    topic = add_topic(api)
    learner = add_learner(api, topic.subject_id)
    path = f"/api/progress/topics/{topic.id}"

    def write() -> httpx2.Response:
        return api.put(path, as_=learner.clerk_id, json={"positionSeconds": 9, "watched": [[0, 9]]})

    assert write().status_code == 200
    api.execute("update topic_progress set position_tenths = 1 where user_id = %s", learner.id)
    lock = "select from topic_progress where user_id = %s for update"
    answer = interrupted(api, write, lock, learner.id, end, learner.id)
    assert answer.status_code == ENDS[end][1], answer.text
    stored = "select count(*) from topic_progress where user_id = %s and position_tenths <> 1"
    assert count(api, stored, learner.id) == 0


@pytest.mark.parametrize("end", ADMIN_ENDS)
def test_a_key_keeps_no_refusal(api: Server, admin: tuple[str, str], end: str) -> None:
    """Nothing of the transaction stays, the idempotency key included."""
    name = f"Level {new_id()}"
    key = {"Idempotency-Key": new_id()}

    def write() -> httpx2.Response:
        return api.post(LEVELS, as_=admin[0], json={"name": name}, headers=key)

    lock = "insert into education_levels (id, name, name_key) values (%s, 'x', lower('{}'))"
    answer = interrupted(api, write, lock.format(name), new_id(), end, admin[1])
    assert answer.status_code == ENDS[end][1], answer.text
    assert count(api, "select count(*) from education_levels where name = %s", name) == 0
    assert count(api, "select count(*) from idempotency_keys where caller = %s", admin[1]) == 0


@pytest.mark.parametrize("end", ADMIN_ENDS)
def test_a_body_that_came_slowly(api: Server, admin: tuple[str, str], end: str) -> None:
    body = b'{"name": "Slow %s"}' % new_id().encode()
    lines = [
        f"Authorization: Bearer {api.token(admin[0])}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    with raw.connection(api) as connected:
        connected.send(raw.head(LEVELS, *lines, method="POST") + body[:5])
        # It is on record once the server has identified the caller and waits for the body.
        time.sleep(0.5)
        api.execute(ENDS[end][0], admin[1])
        connected.send(body[5:])
        answer = connected.receive()
    assert answer.status_code == ENDS[end][1], answer.text


def test_a_change_that_was_begun_first_is_waited_for(api: Server, admin: tuple[str, str]) -> None:
    """The write asks for the account's row, which the deactivation has locked already."""
    name = f"Level {new_id()}"
    with ThreadPoolExecutor(1) as thread, psycopg.connect(api.database_url or "") as ending:
        ending.execute(ENDS["inactive"][0].encode(), (admin[1],))
        answer = thread.submit(lambda: api.post(LEVELS, as_=admin[0], json={"name": name}))
        wait_until_blocked(api, 1)
        ending.commit()
        details = refused(answer.result(), 403, "FORBIDDEN")
    assert details["reason"] == "account_inactive"
    assert count(api, "select count(*) from education_levels where name = %s", name) == 0


def test_administrators_who_change_each_other_at_once(api: Server) -> None:
    """Neither waits for the other for ever, and what is refused is refused for a reason."""
    one, other = (make_admin(api, f"mutual{new_id()}") for _ in range(2))

    def change(who: tuple[str, str], whom: tuple[str, str], number: int) -> int:
        path, body = f"/api/users/{whom[1]}", {"firstName": f"Name {number}"}
        return api.put(path, as_=who[0], json=body).status_code

    with ThreadPoolExecutor(8) as threads:
        pairs = [(one, other) if number % 2 else (other, one) for number in range(24)]
        asked = [threads.submit(change, *pair, n) for n, pair in enumerate(pairs)]
        assert {each.result() for each in asked} == {200}


def test_a_profile_that_is_changed_many_times_at_once(api: Server) -> None:
    who = api.user(f"busy{new_id()}")

    def change(number: int) -> int:
        body = {"firstName": f"Name {number}"}
        return api.put("/api/auth/profile", as_=who, json=body).status_code

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(change, range(24))) == {200}


@pytest.fixture
async def db(api: Server) -> AsyncIterator[Pool]:
    pool = Pool(api.database_url or "", size=3)
    yield pool
    await pool.close()


CHANGES = {
    "the account": "update users set status = 'INACTIVE' where id = $1",
    "a role": "select from users where id = $1 for update",  # as every change of roles begins
    "the subject's mentor": "update subjects set mentor_id = null where id = $1",
    "the subject": "select from subjects where id = $1 for update",  # as a deletion begins
    "the topic": "select from topics where id = $1 for update",
}


@pytest.mark.parametrize("what", CHANGES)
async def test_what_an_upload_relies_on_waits_for_its_commit(
    api: Server, db: Pool, what: str
) -> None:
    who = new_mentor(api)
    topic: Topic = add_topic(api, mentor=who)
    user_id = api.user_id(who)
    actor = Actor(user_id=user_id, clerk_id=who, roles=("MENTOR",))
    ids = {"the account": user_id, "a role": user_id, "the topic": topic.id}
    value = ids.get(what, topic.subject_id)

    async def change() -> None:
        async with db.transaction() as tx:
            await tx.execute("set local lock_timeout = '100ms'")
            await tx.execute(CHANGES[what], value)

    async with db.transaction() as tx:
        assert (await library.authorize(tx, actor, topic.id)).roles == ("MENTOR", "LEARNER")
        with pytest.raises(ServiceUnavailable) as refused:
            await change()
        assert isinstance(refused.value.__cause__, asyncpg.LockNotAvailableError)
    await change()
