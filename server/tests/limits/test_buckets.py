"""The reference's limits: which requests they count, and what the answers say of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import httpx2
import pytest

from tests.conftest import StartServer
from tests.http import raw
from tests.http.refusals import details_of
from tests.limits.callers import from_address, limit, remaining
from tests.parts.server import Server

LEVELS, SYNC, PROFILE = "/api/education/levels", "/api/auth/sync", "/api/auth/profile"
UPLOAD = "/api/s3/document/upload"


def test_the_reference_limits_are_the_defaults(api: Server, caller: Callable[[], str]) -> None:
    as_caller = from_address(caller())
    general = [api.get(LEVELS, headers=as_caller) for _ in range(101)]
    assert [remaining(each) for each in general] == [*range(99, -1, -1), 0]
    assert {limit(each) for each in general} == {100}
    assert {each.status_code for each in general[:100]} == {200}
    details_of(general[100], 429, "RATE_LIMITED")


def test_the_eleventh_auth_request_is_429_also_after_failed_ones(
    api: Server, caller: Callable[[], str]
) -> None:
    as_caller = from_address(caller())
    wrong = {"userId": "user_123", "email": "invalid-email"}
    first = [api.post(SYNC, json=wrong, headers=as_caller) for _ in range(10)]
    assert [each.status_code for each in first] == [422] * 10
    assert [remaining(each) for each in first] == list(range(9, -1, -1))
    refused = api.post(SYNC, json=wrong, headers=as_caller)
    details = details_of(refused, 429, "RATE_LIMITED")
    assert (details["scope"], details["limit"], details["remaining"]) == ("ip", 10, 0)
    for path in (PROFILE, "/api/auth/quota", "/api/auth/nothing", "/api/%61uth/profile"):
        details_of(api.get(path, as_="learner", headers=as_caller), 429, "RATE_LIMITED")
    assert api.get(LEVELS, headers=as_caller).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", PROFILE, 401),
        ("GET", f"{PROFILE}/", 404),
        ("GET", "/api/auth/nothing", 404),
        ("PATCH", PROFILE, 405),
        ("GET", "/api/auth//profile", 404),
    ],
)
def test_every_path_under_auth_has_the_limit_of_auth(
    api: Server, caller: Callable[[], str], method: str, path: str, status: int
) -> None:
    answer = api.request(method, path, headers=from_address(caller()))
    assert (answer.status_code, limit(answer), remaining(answer)) == (status, 10, 9)


@pytest.mark.parametrize(
    "path",
    [
        *("/api/AUTH/sync", "//api/auth/sync", "/api//auth/sync", "/api/auth/sync;a"),
        *("/%61pi/%41uth/sync/", "/api/./auth/sync", "/api%2Fauth%2F/sync"),
    ],
)
def test_other_spellings_reach_nothing(api: Server, caller: Callable[[], str], path: str) -> None:
    address = f"X-Forwarded-For: {caller()}"
    answer = raw.send(api, raw.head(path, address, method="POST"), method="POST")
    details_of(answer, 404, "NOT_FOUND")
    assert limit(answer) == 10, "another spelling must not reach a looser limit"


def test_refusals_of_all_kinds_count(api: Server, caller: Callable[[], str]) -> None:
    as_caller = from_address(caller())
    answers = [
        api.get("/api/users", headers=as_caller),
        api.get("/api/users", as_="learner", headers=as_caller),
        api.get("/api/nowhere", headers=as_caller),
        api.request("PATCH", LEVELS, headers=as_caller),
        api.get(f"{LEVELS}?page=0", headers=as_caller),
        api.post("/api/admin/education/levels", content=b"x" * 70_000, headers=as_caller),
        api.request("HEAD", LEVELS, headers=as_caller),
    ]
    assert [each.status_code for each in answers] == [401, 403, 404, 405, 422, 413, 200]
    assert [remaining(each) for each in answers] == list(range(99, 92, -1))


def test_preflights_and_health_do_not_count(api: Server, caller: Callable[[], str]) -> None:
    as_caller = from_address(caller())
    for _ in range(5):
        api.request("OPTIONS", LEVELS, headers=as_caller)
        api.get("/health/live", headers=as_caller)
    assert remaining(api.get(LEVELS, headers=as_caller)) == 99


def test_uploads_count_for_the_user_and_before_that_for_the_address(
    api: Server, caller: Callable[[], str]
) -> None:
    def upload(who: str | None, address: str) -> httpx2.Response:
        form = {"file": ("a.pdf", b"%PDF-1.4", "application/pdf")}
        return api.post(UPLOAD, as_=who, files=form, headers=from_address(address))

    home = caller()
    anonymous = upload(None, home)
    assert (anonymous.status_code, limit(anonymous), remaining(anonymous)) == (401, 100, 99)
    mine = [upload("mentor", home if n % 2 else caller()) for n in range(20)]
    assert {limit(each) for each in mine} == {20}
    assert [remaining(each) for each in mine] == list(range(19, -1, -1))
    refused = details_of(upload("mentor", caller()), 429, "RATE_LIMITED")
    assert (refused["scope"], refused["limit"]) == ("user", 20)
    assert remaining(upload("admin", home)) == 19
    assert remaining(api.get(LEVELS, headers=from_address(home))) == 99 - 1 - 10 - 1


def test_downloads_count_for_the_user_and_not_as_general(
    api: Server, caller: Callable[[], str]
) -> None:
    address = from_address(caller())
    path = "/api/s3/document/stream?documentId=none"
    first = api.get(path, as_="learner", headers=address)
    second = api.get(path, as_="learner", headers=from_address(caller()))
    assert [limit(first), remaining(first), remaining(second)] == [600, 599, 598]
    assert remaining(api.get(path, as_="mentor", headers=address)) == 599
    assert limit(api.get(path, headers=address)) == 600
    assert remaining(api.get(LEVELS, headers=address)) == 99


def test_webhooks_have_a_limit_of_their_own(api: Server, caller: Callable[[], str]) -> None:
    address = from_address(caller())
    answer = api.post("/api/webhooks/clerk", json={}, headers=address)
    assert limit(answer) == 600
    assert remaining(api.get(LEVELS, headers=address)) == 99


def test_a_refusal_says_when_to_come_back(api: Server, caller: Callable[[], str]) -> None:
    as_caller = from_address(caller())
    started = time.time()
    for _ in range(10):
        api.get(PROFILE, headers=as_caller)
    refused = api.get(PROFILE, headers=as_caller)
    details = details_of(refused, 429, "RATE_LIMITED")
    assert refused.headers["x-ratelimit-reset"] == str(details["resetAt"])
    assert refused.headers["retry-after"] == str(details["retryAfter"])
    assert started < details["resetAt"] <= time.time() + 61
    assert 1 <= details["retryAfter"] <= 60, "longer than the window"
    assert refused.headers["cache-control"] == "no-store"


async def test_waiting_until_reset_lets_one_request_pass(start_server: StartServer) -> None:
    api = start_server({"AKAKO_RATE_LIMIT_GENERAL": "5/2"})
    # One at a time, so that no request that passes after the refusal takes the place.
    passed, deadline = 0, time.monotonic() + 30
    while (refused := api.get(LEVELS)).status_code == 200:
        passed += 1
        assert time.monotonic() < deadline
    details_of(refused, 429, "RATE_LIMITED")
    assert passed >= 5
    reset = int(refused.headers["x-ratelimit-reset"])
    # Reset is rounded up to the second, which Retry-After does not add to a whole window.
    assert reset - time.time() - 1 < int(refused.headers["retry-after"]) <= 2
    while time.time() < reset:
        await asyncio.sleep(reset - time.time())
    assert api.get(LEVELS).status_code == 200
