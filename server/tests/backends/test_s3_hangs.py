"""A bucket that hangs: every operation is given up within 25 seconds, with the usual settings."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from akako.backends.objects.s3_store import S3Store
from akako.kernel.core.errors import ServiceUnavailable
from tests.parts.seaweedfs import SeaweedFS
from tests.parts.tcp_proxy import TcpProxy

MIB = 1024 * 1024
MOST_SECONDS = 25.0
Verb = Callable[[S3Store], Awaitable[object]]


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


async def seconds_until_given_up(store: S3Store, verb: Verb) -> float:
    started = time.monotonic()
    with pytest.raises(ServiceUnavailable):
        await verb(store)
    return time.monotonic() - started


async def test_nothing_is_carried(store: S3Store, proxy: TcpProxy) -> None:
    await store.put("kept", content(MIB))
    proxy.stalled = True
    asked = [seconds_until_given_up(store, verb) for verb in VERBS.values()]
    took = dict(zip(VERBS, await asyncio.gather(*asked), strict=True))
    proxy.stalled = False
    assert max(took.values()) < MOST_SECONDS, took
    proxy.drop()
    assert await store.head("kept") is not None


async def test_the_bucket_is_frozen(store: S3Store, seaweedfs: SeaweedFS, proxy: TcpProxy) -> None:
    """Its system still accepts connections and takes what is sent."""
    await store.put("kept", content(MIB))
    seaweedfs.pause()
    try:
        asked = [seconds_until_given_up(store, verb) for verb in VERBS.values()]
        took = dict(zip(VERBS, await asyncio.gather(*asked), strict=True))
    finally:
        seaweedfs.resume()
    assert max(took.values()) < MOST_SECONDS, took


async def test_it_hangs_in_the_middle_of_an_upload(store: S3Store, proxy: TcpProxy) -> None:
    since = 0.0

    async def hanging() -> AsyncIterator[bytes]:
        nonlocal since
        async for chunk in content(12 * MIB):
            yield chunk
        proxy.stalled, since = True, time.monotonic()

    with pytest.raises(ServiceUnavailable):
        await store.put("middle", hanging())
    assert time.monotonic() - since < MOST_SECONDS
    proxy.stalled = False
    proxy.drop()


async def test_it_hangs_in_the_middle_of_a_download(store: S3Store, proxy: TcpProxy) -> None:
    await store.put("kept", content(12 * MIB))
    chunks = store.read("kept", 0, 12 * MIB)
    await anext(chunks)
    proxy.stalled, started = True, time.monotonic()
    with pytest.raises(ServiceUnavailable):
        async for _ in chunks:
            pass
    assert time.monotonic() - started < MOST_SECONDS
    proxy.stalled = False
