"""Short-lived bearer tokens for the scripts of the web app, signed by this server."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from akako.kernel.db.database import Database
from akako.web.sessions import queries
from akako.web.sessions.queries import Session

ISSUER = "urn:akako:web"
KEY_BITS = 2048
TOKEN_SECONDS = 300


class Token(msgspec.Struct, rename="camel"):
    """A token and the moment at which it expires."""

    token: str
    expires_at: datetime


class WebKeys:
    """The signing keys in the database, which all workers and hosts share.

    It is a `KeySet` of the token verifier. Keys are read once and kept in memory.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._signing: tuple[str, RSAPrivateKey] | None = None
        self._public: dict[str, RSAPublicKey] = {}

    async def find(self, kid: str) -> RSAPublicKey | None:
        if not kid.startswith("web_"):
            return None
        if kid not in self._public:
            pem = await queries.find_key(self._db, kid)
            if pem is None:
                return None
            self._public[kid] = _private(pem).public_key()
        return self._public[kid]

    async def close(self) -> None:
        """Release nothing: the pool belongs to the application."""

    async def signing(self) -> tuple[str, RSAPrivateKey]:
        """Return id and key; create the key at the first use."""
        if self._signing is None:
            found = await queries.signing_key(self._db)
            if found is None:
                await queries.insert_key(self._db, f"web_{secrets.token_hex(8)}", _new_pem())
                found = await queries.signing_key(self._db)
            assert found
            self._signing = (found[0], _private(found[1]))
        return self._signing


async def mint(keys: WebKeys, session: Session, origin: str) -> Token:
    """Return a token that acts for the session's user until the session ends."""
    kid, key = await keys.signing()
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "sub": session.clerk_id,
        "sid": session.public_id,
        "azp": origin,
        "iat": now,
        "nbf": now,
        "exp": now + TOKEN_SECONDS,
    }
    token = jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid})
    return Token(token, datetime.fromtimestamp(now + TOKEN_SECONDS, UTC))


def _new_pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _private(pem: str) -> RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), password=None)
    assert isinstance(key, RSAPrivateKey)
    return key
