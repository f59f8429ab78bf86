"""What the rooms need of the outside world, as small interfaces that the backends implement."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

import msgspec


class Claims(msgspec.Struct, frozen=True):
    """What a verified token says. Roles are not among it: those are read from the database."""

    subject: str  # the Clerk id, `user_…`
    expires_at: float  # epoch seconds
    session_id: str | None = None
    organization_id: str | None = None
    authorized_party: str | None = None  # `azp`
    impersonator: str | None = None  # `act.sub`


class TokenVerifier(Protocol):
    async def verify(self, token: str) -> Claims:
        """Raise Unauthorized (malformed, invalid, expired), Forbidden (pending session), or
        ServiceUnavailable (an unknown key while the key set cannot be read)."""

    async def close(self) -> None: ...


class DirectoryUser(msgspec.Struct, frozen=True):
    """A user as the identity provider knows it. Times are epoch milliseconds."""

    id: str
    primary_email: str | None = None  # verified, as are `emails`
    emails: tuple[str, ...] = ()  # every verified address of the user, as written there
    username: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    image_url: str | None = None
    banned: bool = False
    locked: bool = False
    created_at: int | None = None
    updated_at: int | None = None


class Directory(Protocol):
    """Who exists, according to the identity provider."""

    async def get_user(self, clerk_id: str) -> DirectoryUser | None:
        """None when unknown. Raise UpstreamError on nonsense, ServiceUnavailable when away."""

    def list_users(self) -> AsyncIterator[DirectoryUser]: ...

    async def close(self) -> None: ...


class Verdict(msgspec.Struct, frozen=True):
    """The answer of a rate-limit window to one hit."""

    allowed: bool
    remaining: int  # hits left in the window after this one; 0 when refused
    reset_in: float  # seconds until the next slot frees; never 0 when refused


class Counters(Protocol):
    """Exact sliding windows: of all hits in any `seconds`, at most `limit` are allowed."""

    async def hit(self, key: str, limit: int, seconds: float) -> Verdict:
        """Count one hit. A refused hit is not recorded, so waiting `reset_in` always helps."""

    async def close(self) -> None: ...


class StoredObject(msgspec.Struct, frozen=True):
    """An object of the store: its size in bytes and last change in epoch seconds."""

    key: str
    size: int
    modified_at: float


class ObjectStore(Protocol):
    """Files under opaque keys. Every call raises ServiceUnavailable when the store is away."""

    async def require_space(self, size: int) -> None:
        """Raise StorageFull where the store knows that it has no room for so many bytes."""

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> int:
        """Store a stream whole or not at all; return the size that the store has of it, in bytes.

        Hold at most one part in memory. Raise StorageFull where the disk has no room.
        """

    async def head(self, key: str) -> StoredObject | None: ...

    def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes [start, end) in chunks. Raise FileNotFoundError before the first chunk."""

    def local_path(self, key: str) -> str | None:
        """The file's path where the store is a folder, for zero-copy sending; else None."""

    async def delete(self, key: str) -> None:
        """Idempotent: deleting a missing object succeeds."""

    def list(self, prefix: str = "") -> AsyncIterator[StoredObject]: ...

    async def close(self) -> None: ...
