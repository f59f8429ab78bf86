"""The history grows with what happens, not with how often or how long a caller writes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from akako import settings
from akako.backends.database.pool import Pool
from akako.kernel.core.access import Actor
from akako.kernel.db import audit
from akako.ops import retention
from akako.settings import SettingsError
from tests.education.school import ADMIN, add_chain
from tests.identity.people import Ask, together
from tests.parts.server import Server

AUDIT = "/api/admin/audit"
WAIT_SECONDS = 30
OLD = """
insert into audit_log (action, resource, at)
    select 'x', 'old', now() - interval '401 days' from generate_series(1, 2500);
insert into audit_log (action, resource, at) values ('x', 'new', now() - interval '399 days');
insert into outbox (id, type, data, created_at)
    select 'old' || n, 'x', '{}', now() - interval '31 days' from generate_series(1, 2500) n;
insert into outbox (id, type, data, created_at, delivered_at) values
    ('sent', 'x', '{}', now() - interval '31 days', now() - interval '30 days'),
    ('new', 'x', '{}', now() - interval '29 days', null);
"""


def entries(api: Server, query: str) -> list[dict[str, Any]]:
    answer = api.get(f"{AUDIT}?{query}", as_="admin")
    assert answer.status_code == 200, answer.text[:500]
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def refusals(api: Server, who: str, number: int) -> list[dict[str, Any]]:
    """The refusals of a user, as soon as so many are counted: they are written after the 403."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        found = entries(api, f"actor={who}&action=access.refused&limit=100")
        if sum(each["count"] for each in found) >= number:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def test_long_texts_are_stored_as_length_and_digest(api: Server) -> None:
    texts = ["\U0001f600" * 200_000, "b" * 257, "c" * 256]
    chain = add_chain(api)
    for content in texts:
        path = f"{ADMIN}/topics/{chain.topic}"
        assert api.put(path, as_="admin", json={"content": content}).status_code == 200
    query = f"resourceId={chain.topic}&action=topic.updated&order=asc"
    shown = [each["after"]["content"] for each in entries(api, query)]
    digests = [hashlib.sha256(each.encode()).hexdigest() for each in texts]
    assert shown == [
        {"length": 200_000, "sha256": digests[0]},
        {"length": 257, "sha256": digests[1]},
        texts[2],
    ]
    with api.db() as db:
        sql = "select max(pg_column_size(a.*)) from audit_log a where resource_id = %s"
        row = db.execute(sql, [chain.topic]).fetchone()
    assert row is not None
    assert row[0] < 4_000


def test_repeated_refusals_share_an_entry_with_their_count(api: Server) -> None:
    who = api.user("persistent")
    for path in ["/api/users"] * 40 + [AUDIT] * 3:
        assert api.get(path, as_=who).status_code == 403
    found = refusals(api, who, 43)
    hours = {each["at"][:13] for each in found}
    assert len(found) <= 2 * len(hours)
    assert {each["resourceId"] for each in found} == {"GET /api/users", f"GET {AUDIT}"}
    assert sum(each["count"] for each in found) == 43


async def test_concurrent_refusals_are_all_counted(api: Server) -> None:
    """The unique index decides, not a read before the write."""
    who = api.user("hasty")
    answers = await together(api, [Ask("GET", "/api/users", who)] * 60)
    assert {each.status_code for each in answers} == {403}
    found = refusals(api, who, 60)
    assert sum(each["count"] for each in found) == 60
    assert len(found) <= len({each["at"][:13] for each in found})


async def test_refusals_of_another_hour_or_impersonator_have_their_own_entry(
    new_database: Callable[[], str],
) -> None:
    url = new_database()
    actor = Actor(user_id="u", clerk_id="user_u", roles=(), ip="127.0.0.1")
    support = Actor(user_id="u", clerk_id="user_u", roles=(), impersonator="user_s")
    pool = Pool(url, size=1)
    with psycopg.connect(url, autocommit=True) as db:
        await audit.record_refusal(pool, actor, "GET /x", None)
        db.execute("update audit_log set refused_hour = refused_hour - interval '1 hour'")
        for who in (actor, support, actor, support, actor):
            await audit.record_refusal(pool, who, "GET /x", "not_owner")
        rows = db.execute(
            "select impersonator_clerk_id, count, ip from audit_log order by id"
        ).fetchall()
    await pool.close()
    assert rows == [(None, 1, "127.0.0.1"), (None, 3, "127.0.0.1"), ("user_s", 2, None)]


async def test_old_entries_and_events_expire_in_batches(new_database: Callable[[], str]) -> None:
    url = new_database()
    pool = Pool(url, size=1)
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(OLD)
        await retention.expire(pool, audit_days=400, outbox_days=30)
        assert db.execute("select distinct resource from audit_log").fetchall() == [("new",)]
        assert db.execute("select id from outbox").fetchall() == [("new",)]
    await pool.close()


@pytest.mark.parametrize("name", ["AKAKO_AUDIT_DAYS", "AKAKO_OUTBOX_DAYS"])
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "forever", "100000"])
def test_an_impossible_retention_is_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        settings.load({name: value})


def test_the_retention_is_a_setting() -> None:
    loaded = settings.load({"AKAKO_AUDIT_DAYS": "30", "AKAKO_OUTBOX_DAYS": "7"})
    assert (loaded.audit_days, loaded.outbox_days) == (30, 7)
    assert (settings.load({}).audit_days, settings.load({}).outbox_days) == (400, 30)
