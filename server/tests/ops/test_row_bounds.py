"""What one caller can make the server store is bounded."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from akako.backends.database.pool import Pool
from akako.enrollment import queries as enrollment
from akako.kernel.core.ids import new_id
from akako.kernel.http import idempotency
from akako.kernel.http.idempotency import Scope, Stored
from akako.mentors import queries as mentors
from akako.webhooks import queries as webhooks
from tests.enrollment.school import add_subject
from tests.parts.server import Server

KEYS = """
insert into idempotency_keys (caller, method, route, key, fingerprint, status, headers, body,
    created_at)
select %s, 'PUT', '/x', n::text, '', 200, '{}', repeat('b', %s)::bytea,
    now() - make_interval(secs => n)
from generate_series(1, %s) n
"""
DEAD = """
insert into webhook_dead_letters (message_id, reason, body)
select n::text, 'no type', repeat('b', %s)::bytea from generate_series(1, %s) n
"""
REQUESTS = """
insert into enrollments (id, user_id, subject_id, status, requested_at)
select %s || n, %s, %s, 'CANCELLED', now() - make_interval(secs => n)
from generate_series(1, %s) n
"""
APPLICATIONS = """
insert into mentor_applications (id, user_id, motivation, status, requested_at)
select %s || n, %s, 'x', 'REJECTED', now() - make_interval(secs => n)
from generate_series(1, %s) n
"""


@pytest.mark.parametrize(("size", "number", "left"), [(1, 1_500, 1_000), (1_048_576, 20, 16)])
async def test_the_oldest_keys_of_a_user_make_room(
    new_database: Callable[[], str], size: int, number: int, left: int
) -> None:
    url = new_database()
    pool = Pool(url, size=1)
    with psycopg.connect(url, autocommit=True) as db:
        for caller in ("u1", "u2"):
            db.execute(KEYS, [caller, size, number])
        await idempotency.prune(pool, "u1")
        counted = "select count(*), max(key::int) from idempotency_keys where caller = %s"
        assert db.execute(counted, ["u1"]).fetchone() == (left, left)
        assert db.execute(counted, ["u2"]).fetchone() == (number, number)
    await pool.close()


async def test_storing_keys_without_end_stays_in_the_bound(
    new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "MAX_KEYS", 20)
    url = new_database()
    pool = Pool(url, size=1)
    for number in range(400):
        scope = Scope("u1", "PUT", "/x", str(number))
        await idempotency.keep(pool, scope, b"print", Stored(200, {}, b"{}"))
    # A write in sixteen prunes: 300 writes without one have a chance of 4 in 10^9.
    assert await pool.fetchval("select count(*) from idempotency_keys") < 320
    await idempotency.prune(pool, "u1")
    assert await idempotency.is_known(pool, Scope("u1", "PUT", "/x", "399"))
    assert await pool.fetchval("select count(*) from idempotency_keys") == 20
    await pool.close()


@pytest.mark.parametrize(("size", "number", "left"), [(1, 1_200, 1_000), (1_048_576, 70, 64)])
async def test_the_oldest_dead_letters_make_room(
    new_database: Callable[[], str], size: int, number: int, left: int
) -> None:
    url = new_database()
    pool = Pool(url, size=1)
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(DEAD, [size, number])
        await webhooks.delete_expired(pool)
        found = db.execute("select message_id from webhook_dead_letters order by id").fetchall()
    await pool.close()
    assert len(found) == left
    assert found[-1] == (str(number),)


def test_requests_that_are_cancelled_and_made_again_end(api: Server) -> None:
    who, subject = api.user("looping"), add_subject(api).id
    user_id = api.user_id(who)
    api.execute(REQUESTS, new_id()[:20], user_id, subject, enrollment.MAX_DAILY - 1)
    body = {"subjectId": subject}
    first = api.post("/api/enrollment/request", as_=who, json=body)
    assert first.status_code == 201
    path = f"/api/enrollment/{first.json()['data']['id']}/cancel"
    assert api.post(path, as_=who).status_code == 200
    again = api.post("/api/enrollment/request", as_=who, json=body)
    assert (again.status_code, again.json()["details"]["field"]) == (409, "requests")
    api.execute("update enrollments set requested_at = requested_at - interval '1 day'")
    assert api.post("/api/enrollment/request", as_=who, json=body).status_code == 201


def test_applications_after_each_rejection_end(api: Server) -> None:
    who = api.user("eager")
    api.execute(APPLICATIONS, new_id()[:20], api.user_id(who), mentors.MAX_DAILY - 1)
    body = {"motivation": "I teach"}
    first = api.post("/api/mentor/apply", as_=who, json=body)
    assert first.status_code == 201
    path = f"/api/admin/mentor/{first.json()['data']['id']}/reject"
    assert api.put(path, as_="admin").status_code == 200
    again = api.post("/api/mentor/apply", as_=who, json=body)
    assert (again.status_code, again.json()["details"]["field"]) == (409, "applications")
