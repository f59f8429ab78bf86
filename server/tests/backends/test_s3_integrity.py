"""What a bucket stores is what was sent: a checksum with each upload, and the size afterwards."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from akako.backends.objects.s3_store import S3Store
from akako.kernel.core.errors import ServiceUnavailable
from tests.parts.seaweedfs import SeaweedFS, undone
from tests.parts.tcp_proxy import TcpProxy

MIB = 1024 * 1024


async def pieces(*contents: bytes) -> AsyncIterator[bytes]:
    for each in contents:
        yield each


@pytest.mark.parametrize("size", [10, 12 * MIB])
async def test_a_checksum_goes_with_every_object_and_part(
    store: S3Store, proxy: TcpProxy, size: int
) -> None:
    sent = bytearray()
    proxy.watch = sent.extend
    assert await store.put("whole", pieces(b"x" * size)) == size
    heads = re.findall(rb"PUT /.*?\r\n\r\n", bytes(sent), re.DOTALL)
    assert len(heads) == max(1, -(-size // (5 * MIB)))
    assert all(b"x-amz-checksum-sha256:" in head.lower() for head in heads)


@pytest.mark.parametrize("padding", [0, 12 * MIB])
async def test_bytes_that_change_on_their_way_are_refused(
    store: S3Store, proxy: TcpProxy, seaweedfs: SeaweedFS, padding: int
) -> None:
    proxy.damage = (b"One and one", b"One and two")
    with pytest.raises(ServiceUnavailable):
        await store.put("damaged", pieces(b"x" * padding, b"One and one"))
    await undone(store)
    assert await S3Store(seaweedfs.url, seaweedfs.access()).head("damaged") is None
    assert seaweedfs.unfinished_uploads() == []


async def test_an_object_of_another_size_is_not_accepted(
    seaweedfs: SeaweedFS, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another writer has replaced the object before its size is read."""
    store = S3Store(seaweedfs.url, seaweedfs.access())
    other = S3Store(seaweedfs.url, seaweedfs.access())
    finish = store._finish

    async def replaced(writer: object) -> None:
        await finish(writer)  # type: ignore[arg-type]
        await other.put("short", pieces(b"12345"))

    monkeypatch.setattr(store, "_finish", replaced)
    with pytest.raises(ServiceUnavailable):
        await store.put("short", pieces(b"1234567890"))
    assert await other.head("short") is None
