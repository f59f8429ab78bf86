"""Objects in a bucket that speaks S3, through obstore."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import S3Store as Bucket

from akako.backends.objects.object_io import READ_BYTES, batches, checked
from akako.kernel.core.errors import ServiceUnavailable
from akako.kernel.core.ports import StoredObject

if TYPE_CHECKING:  # obstore's types exist for checkers only
    from obstore import AsyncWritableFile, ObjectMeta
    from obstore.store import S3Config

log = structlog.get_logger(__name__)

CONNECT = timedelta(seconds=1)
# Each operation on a store that hangs ends within 25 s. The longest is the end of an upload: the
# last part, the check of the size, and the removal of an incomplete object.
ANSWER_SECONDS = 4.0  # until the first byte of a response
TRANSFER_SECONDS = 15.0  # for one part sent or one chunk received
UNDO_SECONDS = 1.0  # that a caller waits for an upload to be undone
PART_BYTES = 5 * 1024 * 1024  # the smallest that S3 allows
LIST_BATCH = 500
DEFAULT_REGION = "us-east-1"
Steps = list[asyncio.Task[None]]  # of an upload: the one under way, if any


class S3Access(msgspec.Struct, frozen=True):
    """How to reach the bucket. None stands for the value of AWS's environment or its default."""

    endpoint: str | None = None
    region: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = None


class S3Store:
    """An ObjectStore over a bucket, `s3://bucket` or `s3://bucket/prefix`.

    A put that fails at its end deletes the key, so a key must not be used twice. Uploads of a
    killed process leave parts that no listing shows: give the bucket a lifecycle rule that aborts
    incomplete multipart uploads.
    """

    def __init__(
        self,
        url: str,
        access: S3Access,
        *,
        answer_seconds: float = ANSWER_SECONDS,
        transfer_seconds: float = TRANSFER_SECONDS,
    ) -> None:
        """Raise ValueError for a URL without a bucket and for plain HTTP beyond this machine."""
        self._bucket = _bucket(url, access)
        self._answer_seconds = answer_seconds
        self._transfer_seconds = transfer_seconds
        self.undoing: set[asyncio.Task[None]] = set()  # uploads that were given up

    async def require_space(self, size: int) -> None:
        """Accept every size: the space of a bucket is unknown."""

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> int:
        writer = obstore.open_writer_async(
            self._bucket,
            checked(key),
            buffer_size=PART_BYTES,
            max_concurrency=1,
        )
        steps: Steps = []
        finishing = False
        try:
            size = await self._send(writer, chunks, steps)
            finishing = True
            await self._step(self._finish(writer), steps)
            await self._check_size(key, size)
        except BaseException:
            undone = self.delete(key) if finishing else self._abort(writer)
            await self._undo(steps, undone)
            raise
        return size

    async def head(self, key: str) -> StoredObject | None:
        with suppress(FileNotFoundError):
            async with _within(self._answer_seconds, may_miss=True):
                return _stored(await obstore.head_async(self._bucket, checked(key)))
        return None

    async def read(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        if start >= end:
            if await self.head(key) is None:
                raise FileNotFoundError(key)
            return
        async with _within(self._answer_seconds, may_miss=True):
            answer = await obstore.get_async(
                self._bucket, checked(key), options={"range": (start, end)}
            )
        if answer.range != (start, end):
            raise ServiceUnavailable("The stored file is shorter than expected")
        stream = answer.stream(min_chunk_size=READ_BYTES)
        while start < end:
            async with _within(self._transfer_seconds):
                chunk = await anext(stream, b"")
            if not chunk:
                raise ServiceUnavailable("The stored file ended early")
            start += len(chunk)
            yield bytes(chunk)

    def local_path(self, key: str) -> str | None:
        return None

    async def delete(self, key: str) -> None:
        with suppress(FileNotFoundError):
            async with _within(self._answer_seconds, may_miss=True):
                await obstore.delete_async(self._bucket, checked(key))

    async def list(self, prefix: str = "") -> AsyncGenerator[StoredObject, None]:
        """Yield the objects below a folder of keys; `prefix` consists of complete names."""
        pages = obstore.list(self._bucket, prefix.strip("/") or None, chunk_size=LIST_BATCH)
        while True:
            async with _within(self._answer_seconds):
                page = await anext(pages, None)
            if page is None:
                return
            for meta in page:
                yield _stored(meta)

    async def close(self) -> None:
        """Wait for uploads that are being undone. obstore closes its connections itself."""
        if self.undoing:
            await asyncio.wait(self.undoing, timeout=self._answer_seconds)

    async def _send(
        self,
        writer: AsyncWritableFile,
        chunks: AsyncIterator[bytes],
        steps: Steps,
    ) -> int:
        size = 0
        async for pieces in batches(chunks):
            chunk = b"".join(pieces)
            pieces.clear()  # or they would be held twice
            await self._step(self._write(writer, chunk), steps)
            size += len(chunk)
        return size

    async def _write(self, writer: AsyncWritableFile, chunk: bytes) -> None:
        async with _within(self._transfer_seconds):
            await writer.write(chunk)

    async def _finish(self, writer: AsyncWritableFile) -> None:
        async with _within(self._transfer_seconds):
            await writer.close()

    async def _check_size(self, key: str, size: int) -> None:
        """Raise ServiceUnavailable unless the bucket has all bytes of the object."""
        stored = await self.head(key)
        if stored is None or stored.size != size:
            log.error("stored_size_differs", expected=size, stored=stored and stored.size)
            raise ServiceUnavailable

    async def _abort(self, writer: AsyncWritableFile) -> None:
        with suppress(ServiceUnavailable):
            async with _within(self._transfer_seconds):
                # Waits for the running part: the bucket would store one that arrives after the end.
                await writer.write(b"")
        async with _within(self._answer_seconds):
            await writer.__aexit__(ServiceUnavailable, None, None)

    async def _step(self, work: Coroutine[Any, Any, None], steps: Steps) -> None:
        """Run a step of an upload, which continues to its end when the caller is cancelled."""
        steps[:] = [asyncio.create_task(work)]
        await asyncio.shield(steps[0])

    async def _undo(self, steps: Steps, undone: Coroutine[Any, Any, None]) -> None:
        """Undo an upload once its last step has ended.

        An upload can be aborted only when the bucket has returned its id. After UNDO_SECONDS the
        work continues in the background.
        """

        async def in_order() -> None:
            await asyncio.gather(*steps, return_exceptions=True)
            with suppress(ServiceUnavailable):
                await undone

        undoing = asyncio.create_task(in_order())
        self.undoing.add(undoing)
        undoing.add_done_callback(self.undoing.discard)
        await asyncio.wait([undoing], timeout=min(UNDO_SECONDS, self._answer_seconds))


def _bucket(url: str, access: S3Access) -> Bucket:
    location = urlsplit(url)
    if location.scheme != "s3" or not location.netloc:
        raise ValueError("The bucket is written s3://bucket or s3://bucket/prefix")
    config: S3Config = {
        "region": access.region or DEFAULT_REGION,
        "checksum_algorithm": "SHA256",  # sent with each object or part; the store verifies it
    }
    if access.endpoint:
        config["endpoint"] = access.endpoint
    if access.access_key_id and access.secret_access_key:
        config["access_key_id"] = access.access_key_id
        config["secret_access_key"] = access.secret_access_key
    return Bucket(
        location.netloc,
        prefix=location.path.strip("/") or None,
        config=config,
        client_options={
            "allow_http": _is_plain_loopback(access.endpoint),
            "connect_timeout": CONNECT,
            # Each step has its own time limit: a slow reader may take hours for one response.
            "timeout": timedelta(days=1),
        },
        retry_config={
            "max_retries": 2,
            "backoff": {"init_backoff": timedelta(milliseconds=100)},
            "retry_timeout": timedelta(seconds=ANSWER_SECONDS),
        },
    )


def _is_plain_loopback(endpoint: str | None) -> bool:
    address = urlsplit(endpoint or "https://")
    if address.scheme == "https":
        return False
    host = address.hostname or ""
    if address.scheme == "http" and (host == "localhost" or _is_loopback(host)):
        return True
    raise ValueError("An S3 endpoint elsewhere than on this machine must be https://")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _stored(meta: ObjectMeta) -> StoredObject:
    return StoredObject(meta["path"], meta["size"], meta["last_modified"].timestamp())


@asynccontextmanager
async def _within(seconds: float, *, may_miss: bool = False) -> AsyncGenerator[None, None]:
    """Raise ServiceUnavailable for every failure, and after `seconds`.

    `may_miss` passes FileNotFoundError on. Otherwise that error means a missing bucket.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except (BaseError, OSError) as error:
        if may_miss and isinstance(error, FileNotFoundError):
            raise
        raise ServiceUnavailable from error
