"""Clerk's user look-up: read leniently, bounded in time and size, never forwarded."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import structlog.testing

from akako.backends import clerk_directory
from akako.backends.clerk_directory import (
    MAX_FAILURES,
    MAX_RETRY_AFTER,
    PAUSE_SECONDS,
    ClerkDirectory,
)
from akako.backends.tokens import key_set
from akako.dev.fake_clerk import FakeClerk
from akako.kernel.core.errors import ServiceUnavailable, UpstreamError
from akako.kernel.core.ports import Directory, DirectoryUser


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def server() -> Iterator[FakeClerk]:
    with FakeClerk(secret_key="sk_test_hush").running() as clerk:
        yield clerk


@pytest.fixture
def clerk(server: FakeClerk) -> FakeClerk:
    server.reset()
    server.put_user("user_123", "Test@Example.com", first_name="Esi", created_at=5, updated_at=6)
    return server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def directory(clerk: FakeClerk, clock: Clock) -> AsyncIterator[Directory]:
    opened = ClerkDirectory(clerk.api_url + "/", "sk_test_hush", clock=clock)
    yield opened
    await opened.close()


async def test_a_user_is_read(clerk: FakeClerk, directory: Directory) -> None:
    assert await directory.get_user("user_123") == DirectoryUser(
        id="user_123",
        primary_email="Test@Example.com",
        emails=("Test@Example.com",),
        first_name="Esi",
        created_at=5,
        updated_at=6,
    )
    assert clerk.headers[0]["clerk-api-version"] == clerk_directory.API_VERSION


@pytest.mark.parametrize("status", [404, 400])
async def test_an_unknown_user_is_none(clerk: FakeClerk, directory: Directory, status: int) -> None:
    assert await directory.get_user("user_unknown") is None
    clerk.fail("user", status)
    assert await directory.get_user("user_123") is None


@pytest.mark.parametrize(
    "crafted",
    [
        *("", "user_", "../users", "user_123?x=", "user_123/../x", "user_%2e", "user_123\n"),
        *("user_\x00", "user_é", "USER_123", "user_" + "a" * 65, "user_" + "a" * 10_000),
    ],
)
async def test_a_crafted_id_makes_no_request(
    clerk: FakeClerk, directory: Directory, crafted: str
) -> None:
    assert await directory.get_user(crafted) is None
    assert clerk.count() == 0


AWAY: dict[str, dict[str, Any]] = {
    "wrong secret": {"status": 401},
    "forbidden": {"status": 403},
    "throttled": {"status": 429},
    "broken": {"status": 500},
    "bad gateway": {"status": 502, "body": "<html>nginx</html>"},
}


@pytest.mark.parametrize("failure", AWAY.values(), ids=AWAY.keys())
async def test_clerk_away_is_unavailable(
    clerk: FakeClerk, directory: Directory, failure: dict[str, Any]
) -> None:
    clerk.fail("user", **failure)
    with pytest.raises(ServiceUnavailable) as refused:
        await directory.get_user("user_123")
    assert refused.value.headers == {"Retry-After": "1"}
    assert "fake" not in str(refused.value)


@pytest.mark.parametrize(
    ("sent", "retry_after"),
    [("7", 7), ("0", 1), ("99999", MAX_RETRY_AFTER), ("-3", 1), ("soon", 1), ("9" * 5000, 1)],
)
async def test_retry_after_is_passed_on_within_bounds(
    clerk: FakeClerk, directory: Directory, sent: str, retry_after: int
) -> None:
    clerk.fail("user", 429, headers={"retry-after": sent})
    with pytest.raises(ServiceUnavailable) as refused:
        await directory.get_user("user_123")
    assert refused.value.headers == {"Retry-After": str(retry_after)}


NONSENSE: dict[str, dict[str, Any]] = {
    "html": {"body": "<html>welcome</html>"},
    "empty": {"body": ""},
    "half": {"body": '{"id": "user_123"'},
    "list": {"body": "[]"},
    "null": {"body": "null"},
    "deep": {"body": "[" * 100_000},
    "not utf-8": {"body": b'{"id": "\xff"}'},
    "another user": {"body": '{"id": "user_456"}'},
    "no id": {"body": "{}"},
    "id a number": {"body": '{"id": 5}'},
    "endless": {"body": "flood"},
    "no content": {"status": 206},
    "redirect": {"status": 302, "headers": {"location": "/v1/users/user_456"}},
    "teapot": {"status": 418},
}


@pytest.mark.parametrize("failure", NONSENSE.values(), ids=NONSENSE.keys())
async def test_nonsense_is_an_upstream_error(
    clerk: FakeClerk, directory: Directory, failure: dict[str, Any]
) -> None:
    clerk.fail("user", **failure)
    with pytest.raises(UpstreamError):
        await directory.get_user("user_123")
    assert clerk.count() == 1


@pytest.mark.parametrize("failure", [{"delay": 60}, {"body": "drip"}], ids=["silent", "dripping"])
async def test_a_slow_answer_is_cut_off(
    clerk: FakeClerk,
    directory: Directory,
    failure: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(key_set, "RESPONSE_SECONDS", 0.3)
    clerk.fail("user", **failure)
    async with asyncio.timeout(20):
        with pytest.raises(ServiceUnavailable):
            await directory.get_user("user_123")


async def test_a_closed_port_is_unavailable() -> None:
    directory = ClerkDirectory("http://127.0.0.1:1/v1", "sk_test_hush")
    with pytest.raises(ServiceUnavailable):
        await directory.get_user("user_123")
    await directory.close()


async def test_after_failures_in_a_row_the_circuit_breaker_opens_until_clerk_recovers(
    clerk: FakeClerk, directory: Directory, clock: Clock
) -> None:
    clerk.fail("user", 500)
    for _ in range(MAX_FAILURES + 20):
        with pytest.raises(ServiceUnavailable):
            await directory.get_user("user_123")
    assert clerk.count() == MAX_FAILURES
    clock.now += PAUSE_SECONDS
    for _ in range(10):
        with pytest.raises(ServiceUnavailable) as refused:
            await directory.get_user("user_123")
        assert 1 <= int(refused.value.headers["Retry-After"]) <= PAUSE_SECONDS
    assert clerk.count() == MAX_FAILURES + 1
    clerk.heal()
    clock.now += PAUSE_SECONDS
    assert await directory.get_user("user_123")
    assert await directory.get_user("user_unknown") is None


async def test_after_a_pause_one_request_goes_to_see(
    clerk: FakeClerk, directory: Directory, clock: Clock
) -> None:
    clerk.fail("user", 500)
    for _ in range(MAX_FAILURES):
        with pytest.raises(ServiceUnavailable):
            await directory.get_user("user_123")
    clock.now += PAUSE_SECONDS
    answers = await asyncio.gather(
        *(directory.get_user("user_123") for _ in range(50)), return_exceptions=True
    )
    assert all(isinstance(answer, ServiceUnavailable) for answer in answers)
    assert clerk.count() == MAX_FAILURES + 1


async def test_an_answer_ends_the_row_of_failures(clerk: FakeClerk, directory: Directory) -> None:
    for _ in range(3):
        clerk.fail("user", 500)
        for _ in range(MAX_FAILURES - 1):
            with pytest.raises(ServiceUnavailable):
                await directory.get_user("user_123")
        clerk.heal()
        assert await directory.get_user("user_123")


async def test_logs_hold_no_secret_and_no_address(clerk: FakeClerk, directory: Directory) -> None:
    with structlog.testing.capture_logs() as lines:
        clerk.fail("user", 401, body="Test@Example.com")
        with pytest.raises(ServiceUnavailable):
            await directory.get_user("user_123")
        clerk.fail("user", body="Test@Example.com")
        with pytest.raises(UpstreamError):
            await directory.get_user("user_123")
    assert any(line["log_level"] == "error" for line in lines)
    assert "hush" not in str(lines)
    assert "example" not in str(lines).lower()


@pytest.mark.parametrize("number", [0, 1, 99, 100, 101, 250])
async def test_every_user_is_listed_once(
    clerk: FakeClerk, directory: Directory, number: int
) -> None:
    clerk.users.clear()
    for index in range(number):
        clerk.put_user(f"user_{index}", created_at=index)
    assert [user.id async for user in directory.list_users()] == list(clerk.users)
    assert clerk.count() == number // 100 + 1


async def test_what_is_no_user_is_left_out_of_the_list(
    clerk: FakeClerk, directory: Directory
) -> None:
    clerk.fail("users", body='[5, {"id": "org_1"}, {"id": "user_1"}]')
    assert [user.id async for user in directory.list_users()] == ["user_1"]


async def test_a_list_that_never_ends_is_nonsense(clerk: FakeClerk, directory: Directory) -> None:
    entry = '{"id": "user_1"}'
    clerk.fail("users", body=f"[{','.join([entry] * 100)}]")
    with pytest.raises(UpstreamError):
        assert [user async for user in directory.list_users()]
    assert clerk.count() == 2


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        ({"status": 500}, ServiceUnavailable),
        ({"status": 404}, UpstreamError),
        ({"body": "{}"}, UpstreamError),
        ({"body": "<html>"}, UpstreamError),
    ],
)
async def test_a_list_that_cannot_be_read_raises(
    clerk: FakeClerk, directory: Directory, failure: dict[str, Any], error: type[Exception]
) -> None:
    clerk.fail("users", **failure)
    with pytest.raises(error):
        assert [user async for user in directory.list_users()]
