"""Media links: addresses of one document or video that need no bearer token.

`<video>` elements, PDF viewers and players cannot send a token. A link contains, encrypted and
authenticated (AES-256-GCM), the file and the claims of the token that asked for it. So it cannot be
guessed, changed or read, and nothing is stored per link. The key is a row of the database, because
all workers and hosts share it.
"""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from akako.kernel.core.errors import Unauthorized
from akako.kernel.core.ports import Claims
from akako.kernel.db.database import Database
from akako.library.media import Name
from akako.medialinks import queries
from akako.medialinks.schemas import MediaLink

HOURS = 6
PATH = "/media/{link}"
NONCE_BYTES = 12
PURPOSE = b"akako media link, version 1"  # authenticated, so that the key can serve other purposes


class Ticket(msgspec.Struct, frozen=True, array_like=True):
    """What a link contains. `file_id` is the id of a document, or of the topic of a video."""

    kind: Name
    file_id: str
    claims: Claims


class MediaLinks:
    """Creates and reads links. The key is read from the database once."""

    def __init__(
        self,
        db: Database,
        *,
        public_url: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._db = db
        self._public_url = (public_url or "").rstrip("/")
        self._clock = clock
        self._cipher: AESGCM | None = None

    async def create(self, claims: Claims, kind: Name, file_id: str) -> MediaLink:
        """Return a link to a file with the rights of these claims."""
        expires_at = int(self._clock()) + HOURS * 3600
        carried = msgspec.structs.replace(claims, expires_at=expires_at)
        nonce = secrets.token_bytes(NONCE_BYTES)
        content = msgspec.msgpack.encode(Ticket(kind, file_id, carried))
        sealed = (await self._key()).encrypt(nonce, content, PURPOSE)
        path = f"/api{PATH}".format(link=_text(nonce + sealed))
        moment = datetime.fromtimestamp(expires_at, UTC)
        return MediaLink(url=f"{self._public_url}{path}", expires_at=moment)

    async def read(self, link: str) -> Ticket:
        """Return what a link contains. Raises Unauthorized (invalid or expired)."""
        raw = _bytes(link)
        try:
            content = (await self._key()).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], PURPOSE)
        except (InvalidTag, ValueError):
            raise Unauthorized("invalid") from None
        ticket = msgspec.msgpack.decode(content, type=Ticket)
        if ticket.claims.expires_at <= self._clock():
            raise Unauthorized("expired")
        return ticket

    async def verify(self, link: str) -> Claims:
        """Return the claims for which a link was created. Raises as `read` does."""
        return (await self.read(link)).claims

    async def _key(self) -> AESGCM:
        if self._cipher is None:
            self._cipher = AESGCM(await queries.link_key(self._db))
        return self._cipher


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(link: str) -> bytes:
    """Decode a link. Only the one spelling that `_text` writes is accepted."""
    try:
        raw = base64.urlsafe_b64decode(link + "=" * (-len(link) % 4))
    except (binascii.Error, ValueError):
        raise Unauthorized("invalid") from None
    if _text(raw) != link:
        raise Unauthorized("invalid")
    return raw
