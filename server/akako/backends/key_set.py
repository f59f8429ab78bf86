"""The public keys behind the tokens we accept: read from a JWKS address, or one fixed key."""

from __future__ import annotations

import asyncio
import base64
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import httpx
import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from akako.kernel import metrics
from akako.kernel.errors import ServiceUnavailable

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 5.0

CACHE_SECONDS = 300.0
RETRY_SECONDS = 10.0  # between two failing reads, and between two that unknown key ids asked for
ABSENT_SECONDS = 30.0
MAX_ABSENT = 1024
PATIENCE_SECONDS = 1.0  # of those who hold a key that is known
FIRST_SECONDS = 2.0  # of all others, counted from the beginning of the read they wait for
MAX_JWKS_BYTES = 256 * 1024
MIN_BITS, MAX_BITS = 2048, 8192
PRIVATE_PARTS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
NEVER = -math.inf


class KeySet(Protocol):
    async def find(self, kid: str) -> RSAPublicKey | None:
        """None when there is no such key. Raise ServiceUnavailable when that cannot be told."""

    async def close(self) -> None: ...


def outbound_client(headers: Mapping[str, str] | None = None) -> httpx.AsyncClient:
    """A client that follows no redirect and asks for bodies as they are, so that a limit holds."""
    return httpx.AsyncClient(
        headers={**(headers or {}), "Accept-Encoding": "identity"},
        timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        follow_redirects=False,
    )


async def get_bounded(
    client: httpx.AsyncClient,
    url: str,
    limit: int,
    params: Mapping[str, str] | None = None,
    *,
    seconds: float = math.inf,
) -> tuple[httpx.Response, bytes]:
    """GET within ANSWER_SECONDS, or fewer `seconds`; only the body of a 200 is read.

    Raise httpx.HTTPError or TimeoutError when nothing whole arrives, ValueError past `limit` bytes.
    """
    body = bytearray()
    # The client's own time-out starts anew with every byte that drips in.
    async with (
        asyncio.timeout(min(ANSWER_SECONDS, seconds)),
        client.stream("GET", url, params=params) as response,
    ):
        if response.status_code == 200:
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > limit:
                    raise ValueError(f"the answer is longer than {limit} bytes")
        return response, bytes(body)


def decode_base64url(text: object) -> bytes:
    """Only the one canonical spelling without padding. Raise ValueError on any other."""
    if not isinstance(text, str):
        raise ValueError("not a string")  # noqa: TRY004 - one error for whatever does not decode
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if base64.urlsafe_b64encode(data).rstrip(b"=") != text.encode("ascii"):
        raise ValueError("not canonical base64url")
    return data


def parse_key_set(body: bytes) -> dict[str, RSAPublicKey]:
    """The usable keys of a JWKS (RFC 7517) by key id. Raise ValueError when it is none."""
    try:
        document = msgspec.json.decode(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("not a key set")  # noqa: TRY004 - one error for whatever is no key set
    keys: dict[str, RSAPublicKey] = {}
    for entry in entries:
        key = _signing_key(entry) if isinstance(entry, dict) else None
        if key is not None and isinstance(entry.get("kid"), str):
            keys.setdefault(entry["kid"], key)
    return keys


def _signing_key(entry: Mapping[str, Any]) -> RSAPublicKey | None:
    """None for every entry that is not a public RSA signing key of a safe size."""
    if entry.get("kty") != "RSA" or not PRIVATE_PARTS.isdisjoint(entry):
        return None
    if entry.get("use", "sig") != "sig" or entry.get("alg", "RS256") != "RS256":
        return None
    try:
        modulus = int.from_bytes(decode_base64url(entry.get("n")), "big")
        exponent = int.from_bytes(decode_base64url(entry.get("e")), "big")
        if not MIN_BITS <= modulus.bit_length() <= MAX_BITS:
            return None
        return RSAPublicNumbers(exponent, modulus).public_key()
    except ValueError:
        return None


class StaticKeySet:
    """One key that never changes. Without a `kid` it answers to every key id."""

    def __init__(self, key: RSAPublicKey, *, kid: str | None = None) -> None:
        if key.key_size < MIN_BITS:
            raise ValueError(f"the key has fewer than {MIN_BITS} bits")
        self._key = key
        self._kid = kid

    @classmethod
    def from_pem(cls, pem: str) -> StaticKeySet:
        """Raise ValueError unless it is a public RSA key of at least MIN_BITS bits."""
        key = load_pem_public_key(pem.encode())
        if not isinstance(key, RSAPublicKey):
            raise ValueError("not an RSA key")  # noqa: TRY004 - the PEM is a value, not a type
        return cls(key)

    async def find(self, kid: str) -> RSAPublicKey | None:
        return self._key if self._kid in (None, kid) else None

    async def close(self) -> None:
        """Nothing is open."""


class JwksKeySet:
    """The keys at `url`: read when first needed, again after CACHE_SECONDS, and for unknown ids.

    Strangers choose the key ids they send, so unknown ones cause at most one read in RETRY_SECONDS.
    A failed read leaves the last good keys in use.
    """

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._client = outbound_client()
        self._keys: dict[str, RSAPublicKey] = {}
        self._loaded_at = NEVER
        self._failed_at = NEVER  # NEVER while the latest read succeeded
        self._forced_at = NEVER
        self._begun_at = NEVER
        self._absent: OrderedDict[str, float] = OrderedDict()
        self._loading: asyncio.Task[None] | None = None

    async def find(self, kid: str) -> RSAPublicKey | None:
        now = self._clock()
        stale = now - self._loaded_at >= CACHE_SECONDS
        known = kid in self._keys
        if not stale:
            if known:
                return self._keys[kid]
            if now - self._absent.get(kid, NEVER) < ABSENT_SECONDS:
                return None
        loading = self._load_if_due(now, forced=not stale)
        if loading is not None:
            await self._wait(loading, known=known)
        key = self._keys.get(kid)
        if key is None:
            self._check_readable()
            if loading is not None and not loading.done():
                raise ServiceUnavailable(retry_after=1)
            if loading is not None:
                self._remember_absent(kid)
        return key

    async def close(self) -> None:
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait({self._loading})
        await self._client.aclose()

    def _load_if_due(self, now: float, *, forced: bool) -> asyncio.Task[None] | None:
        """The read under way, else a new one unless the latest was too short a time ago."""
        if self._loading is None:
            latest = max(self._failed_at, self._forced_at) if forced else self._failed_at
            if now - latest < RETRY_SECONDS:
                return None
            if forced:
                self._forced_at = now
            self._begun_at = now
            self._loading = asyncio.create_task(self._load())
        return self._loading

    async def _wait(self, loading: asyncio.Task[None], *, known: bool) -> None:
        """Who holds a known key does not wait long, nor at all while the issuer is away.

        The read itself goes on, so that a slow line serves those who come later.
        """
        if not known:
            left = self._begun_at + FIRST_SECONDS - self._clock()
            await asyncio.wait({loading}, timeout=max(left, 0.0))
        elif self._failed_at == NEVER:
            await asyncio.wait({loading}, timeout=PATIENCE_SECONDS)

    async def _load(self) -> None:
        try:
            response, body = await get_bounded(self._client, self._url, MAX_JWKS_BYTES)
            if response.status_code != 200:
                raise ValueError(f"status {response.status_code}")
            self._keys = parse_key_set(body)
        except Exception as error:  # whatever went wrong out there, the keys at hand stay good
            self._failed_at = self._clock()
            metrics.KEY_SET_FAILURES.inc()
            log.warning("key_set_unreadable", error=type(error).__name__)
        else:
            self._loaded_at = self._clock()
            self._failed_at = NEVER
            metrics.record_keys_read()
        finally:
            self._loading = None

    def _check_readable(self) -> None:
        if self._failed_at != NEVER:
            wait = RETRY_SECONDS - (self._clock() - self._failed_at)
            raise ServiceUnavailable(retry_after=max(1, math.ceil(wait)))

    def _remember_absent(self, kid: str) -> None:
        self._absent[kid] = self._clock()
        self._absent.move_to_end(kid)
        if len(self._absent) > MAX_ABSENT:
            self._absent.popitem(last=False)
