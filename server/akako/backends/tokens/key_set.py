"""Public keys that verify tokens: read from a JWKS URL, or one fixed key."""

from __future__ import annotations

import asyncio
import base64
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import httpx2
import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from prometheus_client import Counter, Gauge

from akako.kernel.core.errors import ServiceUnavailable
from akako.kernel.telemetry.metrics import REGISTRY

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 1.0
RESPONSE_SECONDS = 5.0

CACHE_SECONDS = 300.0
RETRY_SECONDS = 10.0  # between failed reads, and between reads that unknown key ids cause
ABSENT_SECONDS = 30.0
MAX_ABSENT = 1024
KNOWN_KEY_SECONDS = 1.0  # how long a request with a cached key waits for a refresh
UNKNOWN_KEY_SECONDS = 2.0  # how long other requests wait, from the start of the read
MAX_JWKS_BYTES = 256 * 1024
MIN_BITS, MAX_BITS = 2048, 8192
PRIVATE_PARTS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
NEVER = -math.inf

KEY_SET_FAILURES = Counter(
    "akako_key_set_failures", "Failed reads of the issuer's keys", registry=REGISTRY
)
# The label avoids a series with the value 0 (1970) in workers that have not read the keys yet.
KEY_SET_LOADED = Gauge(
    "akako_key_set_loaded_timestamp_seconds",
    "When the worker with the oldest keys last read them from the issuer",
    ["source"],
    registry=REGISTRY,
    multiprocess_mode="livemin",
)


class KeySet(Protocol):
    async def find(self, kid: str) -> RSAPublicKey | None:
        """Return the key, or None if there is none.

        Raises:
            ServiceUnavailable: if the key set cannot be read.
        """

    async def close(self) -> None: ...


def outbound_client(headers: Mapping[str, str] | None = None) -> httpx2.AsyncClient:
    """Return a client that follows no redirects and requests uncompressed bodies.

    Without compression, the limit on received bytes also limits the body.
    """
    return httpx2.AsyncClient(
        headers={**(headers or {}), "Accept-Encoding": "identity"},
        timeout=httpx2.Timeout(RESPONSE_SECONDS, connect=CONNECT_SECONDS),
        follow_redirects=False,
    )


async def get_bounded(
    client: httpx2.AsyncClient,
    url: str,
    limit: int,
    params: Mapping[str, str] | None = None,
    *,
    seconds: float = math.inf,
) -> tuple[httpx2.Response, bytes]:
    """Send a GET request, and read the body of a 200 response only.

    Args:
        limit: maximum size of the body in bytes.
        seconds: total time limit, at most RESPONSE_SECONDS.

    Raises:
        httpx2.HTTPError, TimeoutError: if no complete response arrives in time.
        ValueError: if the body is larger than `limit`.
    """
    body = bytearray()
    # The time-out of the client restarts with every received byte.
    async with (
        asyncio.timeout(min(RESPONSE_SECONDS, seconds)),
        client.stream("GET", url, params=params) as response,
    ):
        if response.status_code == 200:
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > limit:
                    raise ValueError(f"the response is larger than {limit} bytes")
        return response, bytes(body)


def decode_base64url(text: object) -> bytes:
    """Decode canonical base64url without padding. Raise ValueError for any other text."""
    if not isinstance(text, str):
        raise ValueError("not a string")  # noqa: TRY004 - one error type for all malformed input
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if base64.urlsafe_b64encode(data).rstrip(b"=") != text.encode("ascii"):
        raise ValueError("not canonical base64url")
    return data


def parse_key_set(body: bytes) -> dict[str, RSAPublicKey]:
    """Return the usable keys of a JWKS (RFC 7517) by key id, or raise ValueError."""
    try:
        document = msgspec.json.decode(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("not a key set")  # noqa: TRY004 - one error type for all malformed input
    keys: dict[str, RSAPublicKey] = {}
    for entry in entries:
        key = _signing_key(entry) if isinstance(entry, dict) else None
        if key is not None and isinstance(entry.get("kid"), str):
            keys.setdefault(entry["kid"], key)
    return keys


def _signing_key(entry: Mapping[str, Any]) -> RSAPublicKey | None:
    """Return the key of a JWK, or None unless it is a public RSA signing key of a safe size."""
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
    """One fixed key. Without a `kid` it matches every key id."""

    def __init__(self, key: RSAPublicKey, *, kid: str | None = None) -> None:
        if key.key_size < MIN_BITS:
            raise ValueError(f"the key has fewer than {MIN_BITS} bits")
        self._key = key
        self._kid = kid

    @classmethod
    def from_pem(cls, pem: str) -> StaticKeySet:
        """Read a public RSA key of at least MIN_BITS bits, or raise ValueError."""
        key = load_pem_public_key(pem.encode())
        if not isinstance(key, RSAPublicKey):
            raise ValueError("not an RSA key")  # noqa: TRY004 - the PEM is a value, not a type
        return cls(key)

    async def find(self, kid: str) -> RSAPublicKey | None:
        return self._key if self._kid in (None, kid) else None

    async def close(self) -> None:
        """Release nothing: no connection is open."""


class JwksKeySet:
    """The keys at `url`: read on first use, after CACHE_SECONDS, and for unknown key ids.

    Callers choose the key ids that they send, so unknown ids cause at most one read per
    RETRY_SECONDS. After a failed read the previous keys stay in use.
    """

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._client = outbound_client()
        self._keys: dict[str, RSAPublicKey] = {}
        self._loaded_at = NEVER
        self._failed_at = NEVER  # NEVER while the latest read succeeded
        self._forced_at = NEVER
        self._started_at = NEVER
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
        loading = self._load_if_needed(now, forced=not stale)
        if loading is not None:
            await self._wait(loading, known=known)
        key = self._keys.get(kid)
        if key is None:
            self._check_readable()
            if loading is not None and not loading.done():
                raise ServiceUnavailable(retry_after=1)
            if loading is not None:
                self._cache_absent(kid)
        return key

    async def close(self) -> None:
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait({self._loading})
        await self._client.aclose()

    def _load_if_needed(self, now: float, *, forced: bool) -> asyncio.Task[None] | None:
        """Return the running read, or start one unless the latest was too recent."""
        if self._loading is None:
            latest = max(self._failed_at, self._forced_at) if forced else self._failed_at
            if now - latest < RETRY_SECONDS:
                return None
            if forced:
                self._forced_at = now
            self._started_at = now
            self._loading = asyncio.create_task(self._load())
        return self._loading

    async def _wait(self, loading: asyncio.Task[None], *, known: bool) -> None:
        """Wait for a read: briefly with a cached key, not at all while the issuer is unavailable.

        The read continues after the wait, so later requests benefit from a slow one.
        """
        if not known:
            remaining = self._started_at + UNKNOWN_KEY_SECONDS - self._clock()
            await asyncio.wait({loading}, timeout=max(remaining, 0.0))
        elif self._failed_at == NEVER:
            await asyncio.wait({loading}, timeout=KNOWN_KEY_SECONDS)

    async def _load(self) -> None:
        try:
            response, body = await get_bounded(self._client, self._url, MAX_JWKS_BYTES)
            if response.status_code != 200:
                raise ValueError(f"status {response.status_code}")
            self._keys = parse_key_set(body)
        except Exception as error:  # after any failure the previous keys stay in use
            self._failed_at = self._clock()
            KEY_SET_FAILURES.inc()
            log.warning("key_set_unreadable", error=type(error).__name__)
        else:
            self._loaded_at = self._clock()
            self._failed_at = NEVER
            KEY_SET_LOADED.labels("issuer").set(time.time())
        finally:
            self._loading = None

    def _check_readable(self) -> None:
        if self._failed_at != NEVER:
            wait = RETRY_SECONDS - (self._clock() - self._failed_at)
            raise ServiceUnavailable(retry_after=max(1, math.ceil(wait)))

    def _cache_absent(self, kid: str) -> None:
        self._absent[kid] = self._clock()
        self._absent.move_to_end(kid)
        if len(self._absent) > MAX_ABSENT:
            self._absent.popitem(last=False)
