"""Encrypt the secrets of endpoints for the database, with AES-256-GCM.

The id of the endpoint is authenticated with the secret, so that a row cannot be exchanged for
another one.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SECRET_BYTES = 32
NONCE_BYTES = 12
VERSION = b"\x01"


class SecretUnreadable(Exception):
    """The secret was encrypted with a key that this server does not have."""


def new_secret() -> str:
    """Return a secret in the form of Standard Webhooks: whsec_ and 32 random bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


class Seal:
    """Encrypts with the first key, and decrypts with any of them. A key has 32 bytes."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = [AESGCM(key) for key in keys]

    def close(self, endpoint_id: str, secret: str) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._keys[0].encrypt(nonce, secret.encode(), endpoint_id.encode())
        return VERSION + nonce + sealed

    def open(self, endpoint_id: str, sealed: bytes) -> str:
        """Return the secret. Raises SecretUnreadable."""
        nonce, content = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        for key in self._keys if sealed[:1] == VERSION else ():
            try:
                return key.decrypt(nonce, content, endpoint_id.encode()).decode()
            except InvalidTag:
                continue
        raise SecretUnreadable
