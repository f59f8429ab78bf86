"""Accept bearer tokens of several issuers, each with its own keys."""

from __future__ import annotations

import binascii
from collections.abc import Mapping

import msgspec

from akako.backends.tokens.key_set import decode_base64url
from akako.backends.tokens.token_verifier import MAX_TOKEN_CHARS
from akako.kernel.core.ports import Claims, TokenVerifier


class _Issued(msgspec.Struct):
    iss: str = ""


class IssuerVerifier:
    """Verify a token with the verifier of its issuer; unknown issuers go to `default`.

    Args:
        first_party: The verifiers of issuers whose requests are not metered, by issuer.
    """

    def __init__(self, default: TokenVerifier, first_party: Mapping[str, TokenVerifier]) -> None:
        self._default = default
        self._first_party = first_party

    async def verify(self, token: str) -> Claims:
        verifier = self._first_party.get(_issuer(token))
        if verifier is None:
            return await self._default.verify(token)
        claims = await verifier.verify(token)
        return msgspec.structs.replace(claims, first_party=True)

    async def close(self) -> None:
        for verifier in (self._default, *self._first_party.values()):
            await verifier.close()


def _issuer(token: str) -> str:
    """Return the unverified issuer, which only selects the verifier."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > MAX_TOKEN_CHARS:
        return ""
    try:
        return msgspec.json.decode(decode_base64url(parts[1]), type=_Issued).iss
    except (ValueError, binascii.Error, msgspec.MsgspecError, RecursionError):
        return ""
