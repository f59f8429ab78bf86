"""Concurrent look-ups of one Clerk user share a request, and not each other's fate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from akako.backends.clerk_directory import MAX_LOOKUPS, ClerkDirectory
from akako.dev.fake_clerk import FakeClerk
from akako.kernel.core.errors import ServiceUnavailable

WAIT_SECONDS = 30


@pytest.fixture(scope="module")
def server() -> Iterator[FakeClerk]:
    with FakeClerk().running() as clerk:
        yield clerk


@pytest.fixture
def clerk(server: FakeClerk) -> FakeClerk:
    server.reset()
    server.put_user("user_one", "one@example.com")
    server.fail("user", delay=0.3)
    return server


@pytest.fixture
async def directory(clerk: FakeClerk) -> AsyncIterator[ClerkDirectory]:
    opened = ClerkDirectory(clerk.api_url, clerk.secret_key)
    yield opened
    await opened.close()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not holds():
            await asyncio.sleep(0.01)


async def test_concurrent_lookups_are_one_request(
    clerk: FakeClerk, directory: ClerkDirectory
) -> None:
    found = await asyncio.gather(*(directory.get_user("user_one") for _ in range(50)))
    assert {each and each.id for each in found} == {"user_one"}
    assert clerk.count("/v1/users/") == 1


async def test_a_later_lookup_is_a_request_of_its_own(
    clerk: FakeClerk, directory: ClerkDirectory
) -> None:
    await directory.get_user("user_one")
    clerk.put_user("user_one", "two@example.com")
    changed = await directory.get_user("user_one")
    assert changed
    assert changed.primary_email == "two@example.com"
    assert clerk.count("/v1/users/") == 2


async def test_different_users_are_different_requests(
    clerk: FakeClerk, directory: ClerkDirectory
) -> None:
    names = [f"user_n{number}" for number in range(2 * MAX_LOOKUPS)]
    for name in names:
        clerk.put_user(name)
    found = await asyncio.gather(*(directory.get_user(name) for name in names * 2))
    assert [each and each.id for each in found] == names * 2
    assert clerk.count("/v1/users/") == len(names)


async def test_a_caller_that_gives_up_does_not_cancel_the_others(
    clerk: FakeClerk, directory: ClerkDirectory
) -> None:
    clerk.fail("user", delay=2)
    first = asyncio.create_task(directory.get_user("user_one"))
    second = asyncio.create_task(directory.get_user("user_one"))
    await until(lambda: clerk.count("/v1/users/") == 1)
    first.cancel()
    found = await second
    assert found
    assert first.cancelled()
    assert clerk.count("/v1/users/") == 1


async def test_a_failure_reaches_every_caller_and_counts_once(
    clerk: FakeClerk, directory: ClerkDirectory
) -> None:
    clerk.fail("user", 500, delay=0.3)
    results = await asyncio.gather(
        *(directory.get_user("user_one") for _ in range(20)), return_exceptions=True
    )
    assert all(isinstance(each, ServiceUnavailable) for each in results)
    assert clerk.count("/v1/users/") == 1
    clerk.heal()
    assert await directory.get_user("user_one")


async def test_a_lookup_whose_callers_all_left_ends_by_itself(
    clerk: FakeClerk, directory: ClerkDirectory
) -> None:
    clerk.fail("user", 500, delay=1)
    lost = asyncio.create_task(directory.get_user("user_one"))
    await until(lambda: clerk.count("/v1/users/") == 1)
    lost.cancel()
    await until(lambda: lost.done() and not directory._lookups)
    assert lost.cancelled()
    clerk.heal()
    assert await directory.get_user("user_one")
