"""A bucket that hangs: every operation is given up within 25 seconds, with the usual settings.

The time limits of the store add up to less. Stops of the machine are not counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack

import pytest

from akako.backends.objects.s3_store import (
    ANSWER_SECONDS,
    TRANSFER_SECONDS,
    UNDO_SECONDS,
    S3Store,
)
from akako.kernel.core.errors import ServiceUnavailable
from tests.parts.awake import AwakeClock
from tests.parts.seaweedfs import SeaweedFS, start_seaweedfs
from tests.parts.tcp_proxy import TcpProxy

MIB = 1024 * 1024
MOST_SECONDS = 25.0
Verb = Callable[[S3Store], Awaitable[object]]
Trial = Callable[[S3Store, TcpProxy, SeaweedFS, AwakeClock], Awaitable[None]]
Ended = dict[Trial, BaseException | None]


async def content(size: int) -> AsyncIterator[bytes]:
    for _ in range(0, size, MIB):
        yield b"x" * MIB


def putting(size: int) -> Verb:
    return lambda store: store.put(f"put-{size}", content(size))


VERBS: dict[str, Verb] = {
    "put": putting(MIB),
    "put in parts": putting(12 * MIB),
    "head": lambda store: store.head("kept"),
    "get": lambda store: anext(aiter(store.read("kept", 0, MIB))),
    "delete": lambda store: store.delete("kept"),
    "list": lambda store: anext(aiter(store.list())),
}


async def seconds_until_given_up(store: S3Store, verb: Verb, awake: AwakeClock) -> float:
    started = awake()
    with pytest.raises(ServiceUnavailable):
        await verb(store)
    return awake() - started


async def nothing_is_carried(
    store: S3Store, proxy: TcpProxy, _: SeaweedFS, awake: AwakeClock
) -> None:
    await store.put("kept", content(MIB))
    proxy.stalled = True
    asked = [seconds_until_given_up(store, verb, awake) for verb in VERBS.values()]
    took = dict(zip(VERBS, await asyncio.gather(*asked), strict=True))
    proxy.stalled = False
    assert max(took.values()) < MOST_SECONDS, took
    proxy.drop()
    assert await store.head("kept") is not None


async def the_bucket_is_frozen(
    store: S3Store, _: TcpProxy, bucket: SeaweedFS, awake: AwakeClock
) -> None:
    """Its system still accepts connections and takes what is sent."""
    await store.put("kept", content(MIB))
    bucket.pause()
    try:
        asked = [seconds_until_given_up(store, verb, awake) for verb in VERBS.values()]
        took = dict(zip(VERBS, await asyncio.gather(*asked), strict=True))
    finally:
        bucket.resume()
    assert max(took.values()) < MOST_SECONDS, took


async def it_hangs_in_the_middle_of_an_upload(
    store: S3Store, proxy: TcpProxy, _: SeaweedFS, awake: AwakeClock
) -> None:
    since = 0.0

    async def hanging() -> AsyncIterator[bytes]:
        nonlocal since
        async for chunk in content(12 * MIB):
            yield chunk
        proxy.stalled, since = True, awake()

    with pytest.raises(ServiceUnavailable):
        await store.put("middle", hanging())
    assert awake() - since < MOST_SECONDS
    proxy.stalled = False
    proxy.drop()


async def it_hangs_in_the_middle_of_a_download(
    store: S3Store, proxy: TcpProxy, bucket: SeaweedFS, awake: AwakeClock
) -> None:
    await store.put("long", content(12 * MIB))
    chunks = store.read("long", 0, 12 * MIB)
    await anext(chunks)
    proxy.stalled, started = True, awake()
    with pytest.raises(ServiceUnavailable):
        async for _ in chunks:
            pass
    assert awake() - started < MOST_SECONDS
    proxy.stalled = False


TRIALS: tuple[Trial, ...] = (
    nothing_is_carried,
    the_bucket_is_frozen,
    it_hangs_in_the_middle_of_an_upload,
    it_hangs_in_the_middle_of_a_download,
)


@pytest.fixture(scope="module")
def ended(seaweedfs: SeaweedFS, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """Return how each trial ended. All run at once, as each waits for 15 seconds or more."""
    with ExitStack() as stack:
        awake = stack.enter_context(AwakeClock())
        another = start_seaweedfs(tmp_path_factory.mktemp("frozen"))
        stack.callback(another.stop)

        async def attempt(trial: Trial) -> None:
            bucket = another if trial is the_bucket_is_frozen else seaweedfs
            proxy = stack.enter_context(TcpProxy(bucket.port))
            store = S3Store(bucket.url, bucket.access(f"http://127.0.0.1:{proxy.port}"))
            await trial(store, proxy, bucket, awake)

        async def attempts() -> list[BaseException | None]:
            return await asyncio.gather(*map(attempt, TRIALS), return_exceptions=True)

        return dict(zip(TRIALS, asyncio.run(attempts()), strict=True))


def test_the_time_limits_of_the_longest_operation_add_up() -> None:
    """The end of an upload: the last part, the check of the size, and the removal."""
    assert TRANSFER_SECONDS + ANSWER_SECONDS + UNDO_SECONDS <= MOST_SECONDS


def test_nothing_is_carried(ended: Ended) -> None:
    assert ended[nothing_is_carried] is None


def test_the_bucket_is_frozen(ended: Ended) -> None:
    assert ended[the_bucket_is_frozen] is None


def test_it_hangs_in_the_middle_of_an_upload(ended: Ended) -> None:
    assert ended[it_hangs_in_the_middle_of_an_upload] is None


def test_it_hangs_in_the_middle_of_a_download(ended: Ended) -> None:
    assert ended[it_hangs_in_the_middle_of_a_download] is None
