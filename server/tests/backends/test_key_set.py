"""The JWKS cache: few reads, nothing unsafe accepted, last good keys kept."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from akako.backends.tokens import key_set
from akako.backends.tokens.key_set import (
    ABSENT_SECONDS,
    CACHE_SECONDS,
    MAX_ABSENT,
    RETRY_SECONDS,
    JwksKeySet,
)
from akako.dev.fake_clerk import FakeClerk
from akako.kernel.core.errors import ServiceUnavailable
from akako.kernel.telemetry import metrics
from tests.parts.patience import wait_for_keys


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def server() -> Iterator[FakeClerk]:
    with FakeClerk().running() as clerk:
        yield clerk


@pytest.fixture
def clerk(server: FakeClerk) -> FakeClerk:
    server.reset()
    return server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def keys(
    clerk: FakeClerk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[JwksKeySet]:
    wait_for_keys(monkeypatch)
    opened = JwksKeySet(clerk.jwks_url, clock=clock)
    yield opened
    await opened.close()


async def test_a_hundred_first_requests_read_the_set_once(
    clerk: FakeClerk, keys: JwksKeySet
) -> None:
    clerk.fail("jwks", delay=0.2)
    found = await asyncio.gather(*(keys.find(clerk.kid) for _ in range(100)))
    assert all(key == clerk.keys[clerk.kid].public_key() for key in found)
    assert clerk.count() == 1


async def test_nothing_is_read_before_it_is_needed(clerk: FakeClerk, keys: JwksKeySet) -> None:
    assert clerk.count() == 0
    await keys.find(clerk.kid)
    await keys.find(clerk.kid)
    assert clerk.count() == 1


async def test_five_hundred_unknown_ids_cause_two_reads_at_most(
    clerk: FakeClerk, keys: JwksKeySet
) -> None:
    assert await keys.find(clerk.kid)
    asked = [keys.find(f"unknown-{number}") for number in range(500)]
    asked += [keys.find(clerk.kid) for _ in range(50)]
    found = await asyncio.gather(*asked)
    assert found[:500] == [None] * 500
    assert all(found[500:])
    assert clerk.count() == 2


async def test_unknown_ids_force_one_read_per_ten_seconds(
    clerk: FakeClerk, keys: JwksKeySet, clock: Clock
) -> None:
    await keys.find(clerk.kid)
    for number in range(25):
        assert await keys.find(f"other-{number}") is None
        clock.now += 1
    assert clerk.count() == 1 + 3


async def test_an_id_once_proved_absent_forces_no_read_for_a_while(
    clerk: FakeClerk, keys: JwksKeySet, clock: Clock
) -> None:
    await keys.find(clerk.kid)
    assert await keys.find("gone") is None
    clock.now += ABSENT_SECONDS - 1
    assert await keys.find("gone") is None
    assert clerk.count() == 2
    clock.now += 1
    assert await keys.find("gone") is None
    assert clerk.count() == 3


async def test_the_memory_of_absent_ids_is_bounded(clerk: FakeClerk, keys: JwksKeySet) -> None:
    await keys.find(clerk.kid)
    clerk.fail("jwks", delay=0.2)
    await asyncio.gather(*(keys.find(f"absent-{number}") for number in range(MAX_ABSENT + 50)))
    assert len(keys._absent) == MAX_ABSENT
    assert clerk.count() == 2


async def test_a_new_key_is_found_at_once_and_the_old_until_it_leaves_the_set(
    clerk: FakeClerk, keys: JwksKeySet, clock: Clock
) -> None:
    old = clerk.kid
    assert await keys.find(old)
    new = clerk.rotate()
    assert await keys.find(new)
    assert await keys.find(old)
    clerk.rotate(keep_old=False)
    clock.now += CACHE_SECONDS - 1
    assert await keys.find(old)
    clock.now += 1
    assert await keys.find(old) is None
    assert await keys.find(new) is None


async def test_the_set_is_read_again_after_its_time(
    clerk: FakeClerk, keys: JwksKeySet, clock: Clock
) -> None:
    await keys.find(clerk.kid)
    clock.now += CACHE_SECONDS
    assert await keys.find(clerk.kid)
    assert clerk.count() == 2


BROKEN: dict[str, dict[str, Any]] = {
    "status": {"status": 500},
    "throttled": {"status": 429},
    "html": {"body": "<html>maintenance</html>"},
    "half": {"body": '{"keys": ['},
    "no keys": {"body": "{}"},
    "list": {"body": "[]"},
    "null": {"body": '{"keys": null}'},
    "deep": {"body": "[" * 100_000},
    "not utf-8": {"body": b'{"keys": ["\xff"]}'},
    "endless": {"body": "flood"},
    "redirect": {"status": 302},
}


@pytest.mark.parametrize("failure", BROKEN.values(), ids=BROKEN.keys())
async def test_last_good_keys_survive_a_failed_read(
    clerk: FakeClerk, keys: JwksKeySet, clock: Clock, failure: dict[str, Any]
) -> None:
    await keys.find(clerk.kid)
    clerk.fail("jwks", **failure)
    clock.now += CACHE_SECONDS
    assert await keys.find(clerk.kid)
    with pytest.raises(ServiceUnavailable):
        await keys.find("unknown")
    assert clerk.count() == 2
    clerk.heal()
    clock.now += RETRY_SECONDS
    assert await keys.find("unknown") is None
    assert clerk.count() == 3


async def test_a_cold_set_that_cannot_be_read_is_a_matter_of_time(
    clerk: FakeClerk, keys: JwksKeySet, clock: Clock
) -> None:
    clerk.fail("jwks", status=503)
    for _ in range(5):
        with pytest.raises(ServiceUnavailable) as refused:
            await keys.find(clerk.kid)
        assert 1 <= int(refused.value.headers["Retry-After"]) <= RETRY_SECONDS
    assert clerk.count() == 1
    clerk.heal()
    clock.now += RETRY_SECONDS
    assert await keys.find(clerk.kid)


async def test_a_redirect_is_not_followed(clerk: FakeClerk, keys: JwksKeySet) -> None:
    with FakeClerk().running() as elsewhere:
        elsewhere.keys = clerk.keys
        clerk.fail("jwks", status=302, headers={"location": elsewhere.jwks_url})
        with pytest.raises(ServiceUnavailable):
            await keys.find(clerk.kid)
        assert elsewhere.count() == 0


async def test_a_dripping_answer_is_cut_off(
    clerk: FakeClerk, keys: JwksKeySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_set, "RESPONSE_SECONDS", 0.3)
    clerk.fail("jwks", body="drip")
    async with asyncio.timeout(20):
        with pytest.raises(ServiceUnavailable):
            await keys.find(clerk.kid)


async def test_a_closed_port_is_unavailable(clock: Clock) -> None:
    keys = JwksKeySet("http://127.0.0.1:1/jwks.json", clock=clock)
    with pytest.raises(ServiceUnavailable):
        await keys.find("any")
    await keys.close()


async def test_who_holds_a_known_key_does_not_wait_long(
    clerk: FakeClerk, keys: JwksKeySet, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_set, "KNOWN_KEY_SECONDS", 0.05)
    await keys.find(clerk.kid)
    clerk.fail("jwks", delay=60)
    clock.now += CACHE_SECONDS
    assert await keys.find(clerk.kid)
    assert keys._loading is not None


async def test_who_holds_no_known_key_gives_up_while_the_read_goes_on(
    clerk: FakeClerk, keys: JwksKeySet, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_set, "UNKNOWN_KEY_SECONDS", 0.05)
    clerk.fail("jwks", delay=1.0)
    with pytest.raises(ServiceUnavailable):
        await keys.find(clerk.kid)
    reading = keys._loading
    assert reading is not None
    clock.now += 0.05
    with pytest.raises(ServiceUnavailable):
        await keys.find(clerk.kid)
    await reading
    assert await keys.find(clerk.kid)
    assert clerk.count() == 1


async def test_while_the_issuer_hangs_known_keys_answer_without_it(
    clerk: FakeClerk, keys: JwksKeySet, clock: Clock
) -> None:
    await keys.find(clerk.kid)
    clerk.fail("jwks", status=500)
    clock.now += CACHE_SECONDS
    assert await keys.find(clerk.kid)
    clerk.fail("jwks", delay=60)
    clock.now += RETRY_SECONDS
    async with asyncio.timeout(3):
        for _ in range(100):
            assert await keys.find(clerk.kid)
    assert keys._loading is not None


async def test_a_cancelled_request_does_not_cancel_the_read_for_others(
    clerk: FakeClerk, keys: JwksKeySet
) -> None:
    clerk.fail("jwks", delay=0.2)
    first = asyncio.create_task(keys.find(clerk.kid))
    second = asyncio.create_task(keys.find(clerk.kid))
    await asyncio.sleep(0)
    first.cancel()
    assert await second
    assert clerk.count() == 1


async def test_unusable_entries_of_a_live_set_hide_no_good_key(
    clerk: FakeClerk, keys: JwksKeySet
) -> None:
    clerk.extra_jwks.extend([None, {"kty": "oct", "kid": "bad", "k": "c2VjcmV0"}])
    assert await keys.find(clerk.kid)
    assert await keys.find("bad") is None


async def test_reads_and_their_failures_are_measured(clerk: FakeClerk, keys: JwksKeySet) -> None:
    name = "akako_key_set_failures_total"
    before = metrics.REGISTRY.get_sample_value(name)
    clerk.fail("jwks", status=500)
    with pytest.raises(ServiceUnavailable):
        await keys.find(clerk.kid)
    assert before is not None
    assert metrics.REGISTRY.get_sample_value(name) == before + 1
