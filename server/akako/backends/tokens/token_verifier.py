"""Bearer tokens as Clerk signs them: JSON Web Tokens (RFC 7519), RS256, one issuer."""

from __future__ import annotations

import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Collection
from typing import Any, NoReturn

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from akako.backends.tokens.key_set import KeySet, decode_base64url
from akako.kernel.core.access import CallerRejected, UnknownCaller
from akako.kernel.core.errors import BadRequest, Unauthorized
from akako.kernel.core.ports import Claims
from akako.kernel.core.validation.json import decode_object

MAX_TOKEN_CHARS = 8 * 1024
MAX_KID_CHARS = 255
MAX_REMEMBERED = 10_000
LEEWAY_SECONDS = 5.0
MAX_LIFETIME_SECONDS = 24 * 3600.0
LAST_INSTANT = 253_402_300_799  # the end of the year 9999

SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
SUBJECT = re.compile(r"user_[A-Za-z0-9_]{1,64}")
IDENTIFIER = re.compile(r"[\x21-\x7e]{1,255}")
REQUIRED = ["exp", "iat", "iss", "sub"]


class _Verified(msgspec.Struct, frozen=True):
    kid: str
    key: RSAPublicKey
    claims: Claims


class JwtVerifier:
    """Verifies tokens of one issuer. PyJWT checks the signature and the registered claims.

    Args:
        authorized_parties: The accepted values of `azp`; empty accepts any.
        audience: The value that `aud` must contain; None accepts any.
        require_azp: Whether tokens without `azp`, such as those of native apps, are rejected.
    """

    def __init__(
        self,
        issuer: str,
        keys: KeySet,
        *,
        authorized_parties: Collection[str] = (),
        audience: str | None = None,
        require_azp: bool = False,
    ) -> None:
        self._issuer = issuer
        self._keys = keys
        self._authorized_parties = frozenset(authorized_parties)
        self._audience = audience
        self._require_azp = require_azp
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()

    async def verify(self, token: str) -> Claims:
        if len(token) > MAX_TOKEN_CHARS or not token.isascii():
            raise Unauthorized("malformed")
        digest = hashlib.sha256(token.encode("ascii")).digest()
        claims = await self._recall(digest)
        if claims is None:
            if not SHAPE.fullmatch(token):
                raise Unauthorized("malformed")
            verified = await self._verify(token)
            self._remember(digest, verified)
            claims = verified.claims
        return claims

    async def close(self) -> None:
        await self._keys.close()

    async def _recall(self, digest: bytes) -> Claims | None:
        """Return the cached claims of a token, while the token and its key are valid."""
        verified = self._verified.get(digest)
        if verified is None:
            return None
        self._verified.move_to_end(digest)
        current = not _expired(verified.claims.expires_at, time.time())
        if current and await self._keys.find(verified.kid) == verified.key:
            return verified.claims
        self._verified.pop(digest, None)
        return None

    def _remember(self, digest: bytes, verified: _Verified) -> None:
        self._verified[digest] = verified
        if len(self._verified) > MAX_REMEMBERED:
            self._verified.popitem(last=False)

    async def _verify(self, token: str) -> _Verified:
        header, payload = _parse(token)
        kid = _key_id(header)
        key = await self._keys.find(kid)
        if key is None:
            _refuse()
        try:
            expired = self._has_expired(token, key)
        except jwt.PyJWTError:
            _refuse()
        return _Verified(kid, key, self._claims(payload, expired=expired))

    def _has_expired(self, token: str, key: RSAPublicKey) -> bool:
        """Return whether only `exp` is wrong. Raise PyJWTError if another part is wrong.

        PyJWT checks `exp` before `iss` and `aud`, but only an otherwise valid token may be reported
        as expired.
        """
        try:
            self._decode(token, key, verify_exp=True)
        except jwt.ExpiredSignatureError:
            self._decode(token, key, verify_exp=False)
            return True
        return False

    def _decode(self, token: str, key: RSAPublicKey, *, verify_exp: bool) -> None:
        """Check signature, exp, nbf, iat, iss, aud and that the required claims are present."""
        jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            issuer=self._issuer,
            audience=self._audience,
            leeway=LEEWAY_SECONDS,
            options={
                "require": REQUIRED,
                "verify_exp": verify_exp,
                "verify_aud": self._audience is not None,
                "verify_jti": False,  # nothing here uses it
            },
        )

    def _claims(self, payload: dict[str, Any], *, expired: bool) -> Claims:
        """Apply our own rules to verified claims, and then report expiry."""
        expires_at = _lifetime_end(payload)
        if "client_id" in payload and "scope" in payload:  # an OAuth token, not a session
            _refuse()
        claims = Claims(
            subject=_subject(payload.get("sub")),
            expires_at=expires_at,
            session_id=_identifier(payload.get("sid")),
            organization_id=_organization(payload),
            authorized_party=self._authorized_party(payload),
            impersonator=_impersonator(payload),
        )
        if expired:
            raise Unauthorized("expired")
        if payload.get("sts") == "pending":
            who = UnknownCaller(clerk_id=claims.subject, impersonator=claims.impersonator)
            message = "The session is pending: finish signing in"
            raise CallerRejected(message, who, reason="account_inactive")
        return claims

    def _authorized_party(self, payload: dict[str, Any]) -> str | None:
        if "azp" not in payload and not self._require_azp:
            return None
        party = payload.get("azp")
        if not isinstance(party, str) or not party:
            _refuse()
        if self._authorized_parties and party not in self._authorized_parties:
            _refuse()
        return party


def _refuse() -> NoReturn:
    """Raise the same error for every forgery, so that it does not reveal which check failed."""
    raise Unauthorized("invalid")


def _parse(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and payload of the compact form (RFC 7515), read more strictly than by PyJWT.

    PyJWT accepts a repeated key, NaN and base64url that is not canonical.
    """
    try:
        header, payload, _ = (decode_base64url(part) for part in token.split("."))
        return decode_object(header), decode_object(payload)
    except (ValueError, BadRequest):
        raise Unauthorized("malformed") from None


def _key_id(header: dict[str, Any]) -> str:
    """Return the key id of a header, if it does not require another way of verification.

    Keys in the header (`jwk`) or behind its addresses (`jku`, `x5u`) are ignored.
    """
    kind, kid = header.get("typ", "JWT"), header.get("kid")
    if header.get("alg") != "RS256" or not isinstance(kind, str) or kind.upper() != "JWT":
        _refuse()
    if "crit" in header or header.get("b64", True) is not True:
        _refuse()
    if not isinstance(kid, str) or not 0 < len(kid) <= MAX_KID_CHARS:
        _refuse()
    return kid


def _lifetime_end(payload: dict[str, Any]) -> float:
    """Return `exp`, unless the token is valid for longer than any session token."""
    issued_at, expires_at = _instant(payload.get("iat")), _instant(payload.get("exp"))
    _instant(payload.get("nbf", issued_at))
    if expires_at - issued_at > MAX_LIFETIME_SECONDS:
        _refuse()
    return expires_at


def _instant(value: object) -> float:
    """Return epoch seconds. PyJWT converts with `int`, which accepts text, booleans and 10^30."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        _refuse()
    if not 0 <= value <= LAST_INSTANT:
        _refuse()
    return float(value)


def _expired(expires_at: float, now: float) -> bool:
    """Return whether the token has expired, with the leeway for clocks that differ."""
    return expires_at <= now - LEEWAY_SECONDS


def _subject(value: object) -> str:
    if not isinstance(value, str) or not SUBJECT.fullmatch(value):
        _refuse()
    return value


def _identifier(value: object) -> str | None:
    return value if isinstance(value, str) and IDENTIFIER.fullmatch(value) else None


def _organization(payload: dict[str, Any]) -> str | None:
    """Return the active organization: `o.id` in Clerk's session tokens v2, `org_id` in v1."""
    organization = payload.get("o")
    if isinstance(organization, dict):
        return _identifier(organization.get("id"))
    return _identifier(payload.get("org_id"))


def _impersonator(payload: dict[str, Any]) -> str | None:
    """Return the impersonator. Reject a token whose `act` claim does not name one."""
    act = payload.get("act")
    if act is None:
        return None
    impersonator = _identifier(act.get("sub")) if isinstance(act, dict) else None
    if impersonator is None:
        _refuse()
    return impersonator
