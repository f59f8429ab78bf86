"""Clerk away, slow or talking nonsense: who is known keeps working, and nothing hangs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from akako.dev.fake_clerk import FakeClerk
from tests.clerk.conftest import ProfileOf, settings_for
from tests.conftest import StartServer
from tests.http.refusals import details_of
from tests.parts import promises
from tests.parts.awake import AwakeClock
from tests.parts.server import Server
from tests.parts.tcp_proxy import TcpProxy

# No request waits for Clerk longer than five seconds. The rest is for a busy machine.
SECONDS, SLACK = 5.0, 2.0
RECOVERY_SECONDS = 60.0
JWKS = "/.well-known/jwks.json"
PROFILE, SYNC = "/api/auth/profile", "/api/auth/sync"
AWAY, NONSENSE = "SERVICE_UNAVAILABLE", "UPSTREAM_ERROR"


class Line:
    """A server, its Clerk, and the line between them, which can be cut or stall."""

    def __init__(self, clerk: FakeClerk, proxy: TcpProxy, server: Server) -> None:
        self.clerk = clerk
        self.proxy = proxy
        self.server = server
        self.is_cut = False

    def bearer(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.clerk.mint(who)}"}

    def cut(self) -> None:
        self.proxy.refuse()
        self.proxy.drop()
        self.is_cut = True

    def stall(self) -> None:
        self.proxy.drop()
        self.proxy.stalled = True

    def heal(self) -> None:
        self.clerk.heal()
        self.proxy.stalled = False
        self.proxy.drop()  # what hung before would hang on
        if self.is_cut:
            self.proxy.accept()
            self.is_cut = False


@pytest.fixture(scope="module")
def line(start_server: StartServer) -> Iterator[Line]:
    with FakeClerk().running() as clerk, TcpProxy(int(clerk.url.rpartition(":")[2])) as proxy:
        far = f"http://127.0.0.1:{proxy.port}"
        addresses = {"AKAKO_CLERK_API_URL": f"{far}/v1", "AKAKO_CLERK_JWKS_URL": f"{far}{JWKS}"}
        server = start_server({**settings_for(clerk), **addresses})
        yield Line(clerk, proxy, server)


FAILURES: dict[str, tuple[dict[str, Any], str]] = {
    "an error": ({"status": 500}, AWAY),
    "too many requests": ({"status": 429, "headers": {"Retry-After": "7"}}, AWAY),
    "a refused key": ({"status": 401}, AWAY),
    "silence": ({"delay": 60.0}, AWAY),
    "a byte per second": ({"body": "drip"}, AWAY),
    "a page": ({"body": "<html>secret maintenance</html>"}, NONSENSE),
    "half an answer": ({"body": '{"id": "user_'}, NONSENSE),
    "another person": ({"body": '{"id": "user_secret"}'}, NONSENSE),
    "a gigabyte": ({"body": "flood"}, NONSENSE),
    "a redirect": ({"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}}, NONSENSE),
}


@pytest.mark.parametrize(("failure", "code"), FAILURES.values(), ids=FAILURES.keys())
async def test_bad_responses_of_clerk_affect_new_users_only(
    line: Line, awake: AwakeClock, failure: dict[str, Any], code: str
) -> None:
    known = await known_user(line)
    for endpoint in ("user", "users", "jwks"):
        line.clerk.fail(endpoint, **failure)
    await the_outage_is_survived(line, awake, known, {AWAY, code})


@pytest.mark.parametrize("break_line", [Line.cut, Line.stall])
async def test_a_line_that_is_cut_or_stalls(
    line: Line, awake: AwakeClock, break_line: Callable[[Line], None]
) -> None:
    known = await known_user(line)
    break_line(line)
    await the_outage_is_survived(line, awake, known, {AWAY})


async def test_several_slow_answers_do_not_add_up(line: Line, awake: AwakeClock) -> None:
    """Where two people have one address, Clerk is asked about both."""
    holder, rival = f"user_{uuid4().hex}", f"user_{uuid4().hex}"
    for who in (holder, rival):
        line.clerk.put_user(who, f"{holder}@example.com")
    async with httpx2.AsyncClient(
        event_hooks=promises.HOOKS, base_url=line.server.url, timeout=60, verify=False
    ) as client:
        await until_ok(client, line.bearer(holder))
        line.clerk.fail("user", delay=2.2)
        answer, seconds = await timed(awake, client.get(PROFILE, headers=line.bearer(rival)))
    line.heal()
    assert seconds < SECONDS + SLACK
    details_of(answer, 503, AWAY)


async def known_user(line: Line) -> dict[str, str]:
    who = f"user_{uuid4().hex}"
    line.clerk.put_user(who, f"{who}@example.com")
    headers = line.bearer(who)
    async with httpx2.AsyncClient(
        event_hooks=promises.HOOKS, base_url=line.server.url, timeout=30
    ) as client:
        await until_ok(client, headers)
    return headers


async def the_outage_is_survived(
    line: Line, awake: AwakeClock, known: dict[str, str], codes: set[str]
) -> None:
    """Three kinds of first sign-in, a known user beside them, and the recovery."""
    who = f"user_{uuid4().hex}"
    line.clerk.put_user(who, f"{who}@example.com")
    new = line.bearer(who)
    async with httpx2.AsyncClient(
        event_hooks=promises.HOOKS, base_url=line.server.url, timeout=60, verify=False
    ) as client:
        profile, synced, named, *others = await asyncio.gather(
            timed(awake, client.get(PROFILE, headers=new)),
            timed(awake, client.post(SYNC, headers=new)),
            timed(awake, client.post(SYNC, json={"userId": who})),
            *(timed(awake, client.get(PROFILE, headers=known)) for _ in range(3)),
        )
        for answer, seconds in (profile, synced, named):
            assert seconds < SECONDS + SLACK
            status = {AWAY: 503, NONSENSE: 502}[answer.json()["code"]]
            assert answer.json()["code"] in codes
            details_of(answer, status, answer.json()["code"])
            assert int(answer.headers["retry-after"]) >= 1
            assert "secret" not in answer.text
        assert [answer.status_code for answer, _ in others] == [200] * 3
        line.heal()
        answer = await until_ok(client, new)
    assert answer.json()["data"]["email"] == f"{who}@example.com"


async def timed(clock: AwakeClock, request: Any) -> tuple[httpx2.Response, float]:
    started = clock()
    answer = await request
    return answer, clock() - started


async def until_ok(client: httpx2.AsyncClient, headers: dict[str, str]) -> httpx2.Response:
    """The profile, as soon as it is to be had."""
    deadline = time.monotonic() + RECOVERY_SECONDS
    while (answer := await client.get(PROFILE, headers=headers)).status_code != 200:
        assert time.monotonic() < deadline, answer.text
        assert answer.status_code in {502, 503}
        await asyncio.sleep(0.1)
    return answer


async def test_without_keys_sign_ins_fail_with_503_until_the_keys_are_read(
    start_server: StartServer, clerk: FakeClerk, awake: AwakeClock
) -> None:
    clerk.put_user("user_1", "one@example.com")
    clerk.fail("jwks", body="drip")
    server = start_server(settings_for(clerk))
    assert server.get("/health/ready").status_code == 200
    assert server.get("/api/education/levels").status_code == 200
    headers = {"Authorization": f"Bearer {clerk.mint('user_1', ttl=600)}"}
    async with httpx2.AsyncClient(
        event_hooks=promises.HOOKS, base_url=server.url, timeout=60, verify=False
    ) as client:
        first = await asyncio.gather(
            *(timed(awake, client.get(PROFILE, headers=headers)) for _ in range(20)),
            timed(awake, client.get("/api/education/levels", headers=headers)),
        )
        assert max(seconds for _, seconds in first) < SECONDS + SLACK
        *refused, (levels, _) = first
        assert {answer.status_code for answer, _ in refused} == {503}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer, _ in refused)
        assert levels.status_code == 200
        assert clerk.count(JWKS) == 1
        clerk.heal()
        await until_ok(client, headers)


def test_a_new_key_is_good_at_once_beside_the_old_one(clerk: FakeClerk, profile: ProfileOf) -> None:
    clerk.put_user("user_1", "one@example.com")
    old = clerk.mint("user_1", ttl=3600)
    assert profile("user_1", old).status_code == 200
    fetched = clerk.count(JWKS)
    clerk.rotate()
    assert profile("user_1").status_code == 200
    assert clerk.count(JWKS) == fetched + 1
    assert profile("user_1", old).status_code == 200


def test_an_old_key_is_good_until_it_leaves_the_set(clerk: FakeClerk, profile: ProfileOf) -> None:
    clerk.put_user("user_1", "one@example.com")
    old = clerk.mint("user_1", ttl=3600)
    assert profile("user_1", old).status_code == 200
    clerk.rotate(keep_old=False)
    assert profile("user_1", old).status_code == 200
    assert profile("user_1").status_code == 200
    assert profile("user_1", old).status_code == 401
