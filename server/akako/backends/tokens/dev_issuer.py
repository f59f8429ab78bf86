"""The development issuer, which replaces Clerk: one key pair in the data folder."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from akako.backends.tokens.key_set import StaticKeySet
from akako.backends.tokens.token_verifier import MAX_LIFETIME_SECONDS, JwtVerifier

ISSUER = "http://akako.localhost"
KEY_FILE = "dev-issuer.pem"
KEY_BITS = 2048


class DevIssuer:
    """Create tokens with the claims of Clerk's session tokens, and verify only its own."""

    def __init__(self, key: rsa.RSAPrivateKey, *, clock: Callable[[], float] = time.time) -> None:
        self._key = key
        self._kid = _key_id(key.public_key())
        self._clock = clock

    @classmethod
    def open(cls, data_dir: Path, *, clock: Callable[[], float] = time.time) -> DevIssuer:
        """Return the issuer of an existing data folder; create its key if it has none.

        Raises:
            ValueError: if the key file does not contain an RSA key.
            OSError: if the key file cannot be read or created.
        """
        path = data_dir / KEY_FILE
        if not path.exists():
            _create_key(path)
        key = load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ValueError(f"{path} holds no RSA key")  # noqa: TRY004 - a file's content
        return cls(key, clock=clock)

    def mint(self, sub: str, ttl_seconds: int = 3600, **extra: object) -> str:
        """Return a token for `sub`, with `extra` claims added or replaced.

        Raises:
            ValueError: if the lifetime is longer than the verifier accepts (24 hours).
        """
        if ttl_seconds > MAX_LIFETIME_SECONDS:
            raise ValueError(f"a token may last {MAX_LIFETIME_SECONDS:.0f} seconds at most")
        now = int(self._clock())
        claims = {
            "azp": ISSUER,
            "exp": now + ttl_seconds,
            "fva": [0, -1],
            "iat": now,
            "iss": ISSUER,
            "jti": secrets.token_hex(10),
            "nbf": now - 10,
            "sid": f"sess_{secrets.token_hex(12)}",
            "sub": sub,
            "v": 2,
            **extra,
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._kid})

    def verifier(self) -> JwtVerifier:
        keys = StaticKeySet(self._key.public_key(), kid=self._kid)
        return JwtVerifier(ISSUER, keys)


def _key_id(key: rsa.RSAPublicKey) -> str:
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"dev_{hashlib.sha256(der).hexdigest()[:16]}"


def _create_key(path: Path) -> None:
    """Create the key file with mode 0600, unless another process created it first."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with NamedTemporaryFile(dir=path.parent, prefix=f".{KEY_FILE}.") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
        # Unlike a rename, a link never replaces a key that another process just created.
        with suppress(FileExistsError):
            os.link(file.name, path)
