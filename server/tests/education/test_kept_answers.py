"""Cached public responses are never outdated, and never sent to the wrong audience."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx2
import psycopg
import pytest

from akako.backends.database import public_changes
from akako.kernel.http.public_cache import PublicCache
from akako.kernel.http.responses import NO_STORE, PUBLIC_CACHE, Response
from tests.conftest import StartServer
from tests.education.school import (
    ADMIN,
    PUBLIC,
    add,
    add_chain,
    add_mentor,
    change,
    fresh,
    ids,
    remove,
)
from tests.parts.server import Server

LEVELS = f"{PUBLIC}/levels"
WAIT_SECONDS = 20
NEWS_SECONDS = 1.0  # ten times the documented limit, because tests share the machine


def until(answers: Callable[[], Any], wanted: Any) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while (found := answers()) != wanted:
        assert time.monotonic() < deadline, found
        time.sleep(0.01)


def kept(answer: httpx2.Response) -> tuple[bytes, list[tuple[str, str]]]:
    """What must be the same however the answer was made."""
    varying = {"x-request-id", "x-ratelimit-remaining", "x-ratelimit-reset", "date"}
    headers = [(k, v) for k, v in answer.headers.multi_items() if k not in varying]
    return answer.content, sorted(headers)


def test_a_kept_answer_is_the_answer_in_every_way(api: Server) -> None:
    add(api, "levels")
    path = f"{LEVELS}?limit=1&order=desc"
    first, second = api.get(path), api.get(path)
    assert first.status_code == second.status_code == 200
    assert kept(first) == kept(second)
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    left = [int(each.headers["x-ratelimit-remaining"]) for each in (first, second)]
    assert left[1] == left[0] - 1

    head = api.request("HEAD", path)
    assert (head.content, kept(head)[1]) == (b"", kept(first)[1])
    for condition in (first.headers["etag"], "*", f'"other", {first.headers["etag"]}'):
        unchanged = api.get(path, headers={"If-None-Match": condition})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers["etag"] == first.headers["etag"]
        assert "content-type" not in unchanged.headers
        assert unchanged.headers["x-ratelimit-limit"] == first.headers["x-ratelimit-limit"]
    assert api.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_no_audience_is_shown_the_answer_of_another(api: Server) -> None:
    mentor, mentor_id = add_mentor(api, "kept")
    chain = add_chain(api, mentor_id=mentor_id, content="Only for some")
    hidden = add(api, "topics", chain.subject, isActive=False)["id"]
    path = f"{PUBLIC}/subjects/{chain.subject}/topics"
    for _ in range(2):
        anonymous = api.get(path)
        assert ids(anonymous) == [chain.topic]
        assert "documents" not in anonymous.json()["data"][0]
        assert api.get(path, headers={"Authorization": "Bearer nonsense"}).content == (
            anonymous.content
        )
        assert api.get(path, as_="admin").json()["data"][0]["documents"] == []
        assert ids(api.get(f"{path}?includeInactive=true", as_="admin")) == [chain.topic, hidden]
        assert api.get(f"{path}?includeInactive=true").status_code == 403
        assert sorted(ids(api.get(path, as_=mentor))) == sorted([chain.topic, hidden])
        assert "documents" not in api.get(path, as_="learner").json()["data"][0]


def test_a_writer_finds_the_change_at_once(api: Server) -> None:
    chain = add_chain(api)
    path = f"{PUBLIC}/subjects/{chain.subject}/topics"
    for number in range(30):
        name = fresh(f"Round {number}")
        change(api, "topics", chain.topic, name=name)
        assert [each["name"] for each in api.get(path).json()["data"]] == [name]
    change(api, "levels", chain.level, isActive=False)
    assert api.get(path).status_code == 404
    change(api, "levels", chain.level, isActive=True)
    assert ids(api.get(path)) == [chain.topic]
    remove(api, "topics", chain.topic)
    assert ids(api.get(path)) == []


def test_news_of_changes_made_elsewhere_arrive(api: Server) -> None:
    mentor, mentor_id = add_mentor(api, "renamed")
    chain = add_chain(api, mentor_id=mentor_id)
    topics = f"{PUBLIC}/subjects/{chain.subject}/topics"
    until(lambda: api.get(topics).json()["data"][0]["documentCount"], 0)
    api.execute("update topics set document_count = 3 where id = %s", chain.topic)
    until(lambda: api.get(topics).json()["data"][0]["documentCount"], 3)

    subjects = f"{PUBLIC}/grades/{chain.grade}/subjects"
    assert api.get(subjects).json()["data"][0]["mentor"]["firstName"] != "Efua"
    api.execute("update users set first_name = 'Efua' where clerk_id = %s", mentor)
    until(lambda: api.get(subjects).json()["data"][0]["mentor"]["firstName"], "Efua")
    api.execute("update subjects set deleted_at = now() where id = %s", chain.subject)
    until(lambda: ids(api.get(subjects)), [])


async def test_two_workers_never_show_what_was_long_replaced(start_server: StartServer) -> None:
    server = start_server(arguments=("--workers", "2"))
    level = add(server, "levels", name="Version 0")["id"]
    path, written = f"{LEVELS}?search=version", [(time.monotonic(), 0)]
    done = asyncio.Event()

    async def read() -> int:
        """Ask on one connection, which is one worker's, and compare with what was written."""
        answers = 0
        async with httpx2.AsyncClient(base_url=server.url, timeout=30) as client:
            while not done.is_set():
                asked = time.monotonic()
                name = (await client.get(path)).json()["data"][0]["name"]
                due = max(n for at, n in written if at <= asked - NEWS_SECONDS or n == 0)
                assert int(name.split()[1]) >= due
                answers += 1
        return answers

    async def write() -> None:
        async with httpx2.AsyncClient(base_url=server.url, timeout=30) as client:
            for number in range(1, 60):
                answer = await client.put(
                    f"{ADMIN}/levels/{level}",
                    json={"name": f"Version {number}"},
                    headers=server.headers("admin"),
                )
                assert answer.status_code == 200
                written.append((time.monotonic(), number))
                await asyncio.sleep(0.02)
        # Once the news are through, both workers know the last one.
        deadline = time.monotonic() + WAIT_SECONDS
        agreed = 0
        while agreed < 20:
            assert time.monotonic() < deadline
            async with httpx2.AsyncClient(base_url=server.url, timeout=30) as client:
                name = (await client.get(path)).json()["data"][0]["name"]
            agreed = agreed + 1 if name == "Version 59" else 0
        done.set()

    *answers, _ = await asyncio.gather(*(read() for _ in range(6)), write())
    assert all(number for number in answers if number is not None)


def answer_of(body: bytes, cache_control: tuple[bytes, bytes] = PUBLIC_CACHE) -> Response:
    return Response(200, body, [(b"etag", b'W/"x"'), cache_control])


@pytest.mark.parametrize(
    "cache_control",
    [NO_STORE, (b"cache-control", b"private, no-cache"), (b"cache-control", b"no-store, public")],
)
def test_only_a_response_marked_as_public_is_cached(cache_control: tuple[bytes, bytes]) -> None:
    cache, key = PublicCache(), ("/a", b"")
    cache.resume()
    cache.store(key, cache.generation, answer_of(b"x", cache_control), "/a")
    assert cache.find(key) is None
    cache.store(key, cache.generation, answer_of(b"x"), "/a")
    assert cache.find(key) is not None


def test_what_was_read_before_a_change_is_not_kept_after_it() -> None:
    cache, key = PublicCache(), ("/a", b"")
    cache.store(key, cache.generation, answer_of(b"x"), "/a")
    assert cache.find(key) is None  # not on yet
    cache.resume()
    before = cache.generation
    cache.drop()
    cache.store(key, before, answer_of(b"old"), "/a")
    assert cache.find(key) is None
    cache.store(key, cache.generation, answer_of(b"new"), "/a")
    found = cache.find(key)
    assert found is not None
    assert found.body == b"new"
    cache.suspend()
    assert cache.find(key) is None
    cache.store(key, cache.generation, answer_of(b"new"), "/a")
    assert cache.find(key) is None


def test_the_cache_has_bounds() -> None:
    cache = PublicCache(max_bytes=100_000)
    cache.resume()
    for number in range(1_000):
        cache.store((f"/{number}", b""), cache.generation, answer_of(b"x" * 1_000), "/a")
    remaining = [number for number in range(1_000) if cache.find((f"/{number}", b""))]
    assert 90 <= len(remaining) <= 100
    assert remaining[-1] == 999
    for key, body in ((("/large", b""), b"x" * 90_000), (("/long", b"q" * 600), b"x")):
        cache.store(key, cache.generation, answer_of(body), "/a")
        assert cache.find(key) is None


async def test_a_lost_line_turns_the_cache_off_until_there_is_another(
    new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public_changes, "RETRY_SECONDS", 0.05)
    url, cache = new_database(), PublicCache()

    async def reach(state: bool) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while cache.live is not state:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.005)

    listening = asyncio.create_task(public_changes.listen(url, {public_changes.CHANNEL: cache}))
    await reach(state=True)
    with psycopg.connect(url, autocommit=True) as db:
        generation = cache.generation
        db.execute("insert into education_levels (id, name, name_key) values ('a', 'A', 'a')")
        deadline = time.monotonic() + WAIT_SECONDS
        while cache.generation == generation:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.005)
        name = url.rpartition("/")[2]
        db.execute(f"alter database {name} connection limit 1".encode())
        db.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name = 'akako listener' and datname = current_database()"
        )
        await reach(state=False)
        db.execute(f"alter database {name} connection limit -1".encode())
        await reach(state=True)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    assert cache.live is False


def test_the_other_writes_send_no_notification(api: Server) -> None:
    """The triggers cover every way of writing: without a notification nothing public changed."""
    subject = add_chain(api).subject
    assert api.get("/api/auth/profile", as_="learner").status_code == 200
    with api.db() as db:
        db.execute("listen akako_public")
        made = api.post("/api/enrollment/request", as_="learner", json={"subjectId": subject})
        one = f"/api/admin/enrollment/{made.json()['data']['id']}"
        decisions = {"decisions": [{"id": made.json()["data"]["id"], "decision": "approve"}]}
        answers = [
            made,
            api.put(f"{one}/reject", as_="admin"),
            api.post(f"{one}/reopen", as_="admin"),
            api.post("/api/admin/enrollment/decisions", as_="admin", json=decisions),
            api.put(f"{one}/approve", as_="admin"),
            api.post(f"/api{one.removeprefix('/api/admin')}/cancel", as_="learner"),
            applied := api.post("/api/mentor/apply", as_="learner", json={"motivation": "I like"}),
            api.put(f"/api/admin/mentor/{applied.json()['data']['id']}/reject", as_="admin"),
            api.put("/api/admin/organizations/org_1", as_="admin", json={"plan": "PRO"}),
        ]
        assert [each.status_code // 100 for each in answers] == [2] * 9, [x.text for x in answers]
        db.execute("update topics set document_count = 1 where subject_id = %s", (subject,))
        # The last one is from the line above; nothing came before it.
        assert len(list(db.notifies(timeout=WAIT_SECONDS, stop_after=1))) == 1
        assert list(db.notifies(timeout=0)) == []
