"""The interfaces of the backends that rooms use."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

import msgspec


class Claims(msgspec.Struct, frozen=True):
    """The claims of a verified token. Roles are read from the database instead."""

    subject: str  # the Clerk id, `user_…`
    expires_at: float  # epoch seconds
    session_id: str | None = None
    organization_id: str | None = None
    authorized_party: str | None = None  # `azp`
    impersonator: str | None = None  # `act.sub`
    first_party: bool = False  # issued by this server to its own pages; not metered


class TokenVerifier(Protocol):
    async def verify(self, token: str) -> Claims:
        """Raise Unauthorized (malformed, invalid, expired), Forbidden (pending session), or
        ServiceUnavailable (an unknown key while the key set cannot be read)."""

    async def close(self) -> None: ...


class LinkVerifier(Protocol):
    async def verify(self, link: str) -> Claims:
        """Return the claims for which a link was created. Raise Unauthorized (invalid, expired)."""


class DirectoryUser(msgspec.Struct, frozen=True):
    """A user of the identity provider. Times are epoch milliseconds."""

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
    """The users of the identity provider."""

    async def get_user(self, clerk_id: str) -> DirectoryUser | None:
        """Return the user, or None. Raises UpstreamError or ServiceUnavailable."""

    def list_users(self) -> AsyncIterator[DirectoryUser]: ...

    async def close(self) -> None: ...


class Verdict(msgspec.Struct, frozen=True):
    """The result of one hit in a rate-limit window."""

    allowed: bool
    remaining: int  # hits left in the window after this one; 0 if rejected
    reset_in: float  # seconds until the next slot is free; never 0 if rejected


class Counters(Protocol):
    """Exact sliding windows: of all hits in any `seconds`, at most `limit` are allowed."""

    async def hit(self, key: str, limit: int, seconds: float) -> Verdict:
        """Count one hit. A rejected hit is not recorded, so a retry after `reset_in` succeeds."""

    async def close(self) -> None: ...


class StoredObject(msgspec.Struct, frozen=True):
    """An object of the store: its size in bytes and last change in epoch seconds."""

    key: str
    size: int
    modified_at: float


class ObjectStore(Protocol):
    """Files under opaque keys.

    Every method raises ServiceUnavailable if the store is unavailable.
    """

    async def require_space(self, size: int) -> None:
        """Raise StorageFull if the store has no space for this many bytes."""

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> int:
        """Store a stream completely or not at all; return the stored size in bytes.

        Holds at most one part in memory. Raises StorageFull if the disk is full.
        """

    async def head(self, key: str) -> StoredObject | None: ...

    def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield the bytes [start, end). Raises FileNotFoundError before the first chunk."""

    def local_path(self, key: str) -> str | None:
        """Return the path of a file in a local folder, or None for other stores."""

    async def delete(self, key: str) -> None:
        """Delete an object. Deleting a missing one succeeds."""

    def list(self, prefix: str = "") -> AsyncIterator[StoredObject]: ...

    async def close(self) -> None: ...
