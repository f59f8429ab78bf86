"""What is done to the parts, one thing a minute, and which failures that explains."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.soak.stage import Stage

FILES = frozenset({"upload", "delete", "stream", "video", "play"})
ANY: frozenset[str] = frozenset({"*"})
NONE: frozenset[str] = frozenset()


def nothing(stage: Stage) -> None:
    """What was done passes by itself."""


@dataclass(frozen=True)
class Fault:
    """`unavailable`: kinds of requests that may be answered 503; `cut`: that may get no answer."""

    name: str
    begin: Callable[[Stage], None]
    end: Callable[[Stage], None] = nothing
    unavailable: frozenset[str] = NONE
    cut: frozenset[str] = NONE

    def explains(self, kind: str, status: int) -> bool:
        kinds = {503: self.unavailable, 0: self.cut}.get(status, NONE)
        return kind in kinds or kinds == ANY


def _clerk_unavailable(stage: Stage) -> None:
    for endpoint in ("jwks", "user", "users"):
        stage.clerk.fail(endpoint, 500)


def _leave_midway(stage: Stage) -> None:
    """Clients that hang up in the middle of an upload."""

    async def leave() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", stage.server.port)
        token = stage.clerk.mint("user_admin")
        head = (
            "POST /api/s3/document/upload HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {token}\r\nContent-Length: 1000000\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
            '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
        )
        writer.write(head.encode() + b"x" * 50_000)
        await writer.drain()
        writer.transport.abort()

    async def all_leave() -> None:
        await asyncio.gather(*(leave() for _ in range(40)), return_exceptions=True)

    with contextlib.suppress(OSError):
        asyncio.run(all_leave())


FAULTS: Sequence[Fault] = (
    Fault("worker killed", lambda stage: stage.signal_worker(signal.SIGKILL), cut=ANY),
    Fault("Valkey stopped", lambda stage: stage.valkey.stop(), lambda stage: stage.valkey.start()),
    Fault(
        "PostgreSQL restarted",
        lambda stage: stage.stop_postgres(),
        lambda stage: stage.start_postgres(),
        unavailable=ANY,
    ),
    Fault(
        "S3 stopped",
        lambda stage: stage.s3.stop(),
        lambda stage: stage.s3.start(),
        unavailable=FILES,
        cut=FILES,
    ),
    Fault(
        "Clerk away",
        _clerk_unavailable,
        lambda stage: stage.clerk.heal(),
        unavailable=frozenset({"newcomer"}),
    ),
    Fault(
        "PostgreSQL killed",
        lambda stage: stage.kill_postgres(),
        lambda stage: stage.start_postgres(),
        unavailable=ANY,
    ),
    Fault("Valkey paused", lambda stage: stage.valkey.pause(), lambda stage: stage.valkey.resume()),
    Fault("worker stopped by SIGTERM", lambda stage: stage.signal_worker(signal.SIGTERM), cut=ANY),
    Fault("Valkey flushed", lambda stage: stage.flush_valkey()),
    Fault(
        "S3 paused",
        lambda stage: stage.s3.pause(),
        lambda stage: stage.s3.resume(),
        unavailable=FILES,
        cut=FILES,
    ),
    Fault("40 clients gone mid-upload", _leave_midway),
)
