"""Rate limits: buckets, and the headers and errors of responses."""

from __future__ import annotations

import math
import time

import msgspec

from akako.kernel.core.errors import RateLimited
from akako.kernel.core.ports import Counters, Verdict


class Rate(msgspec.Struct, frozen=True):
    """At most `hits` in any `seconds`."""

    hits: int
    seconds: int


class Bucket(msgspec.Struct, frozen=True):
    """A named limit. `per_user` buckets count the signed-in user, the others the address."""

    name: str
    per_user: bool = False


GENERAL = Bucket("general")
AUTH = Bucket("auth")
UPLOAD = Bucket("upload", per_user=True)
MEDIA = Bucket("media", per_user=True)

# Factor of the limits per address in shared networks.
SHARED_FACTOR = 20


class RateLimitState(msgspec.Struct, frozen=True):
    """The state of a bucket after a hit. `reset` is in epoch seconds, rounded up."""

    limit: int
    seconds: int
    verdict: Verdict
    scope: str
    reset: int

    def headers(self) -> list[tuple[bytes, bytes]]:
        return [
            (b"x-ratelimit-limit", b"%d" % self.limit),
            (b"x-ratelimit-remaining", b"%d" % self.verdict.remaining),
            (b"x-ratelimit-reset", b"%d" % self.reset),
        ]

    def enforce(self) -> None:
        """Raise RateLimited if the hit was rejected."""
        if not self.verdict.allowed:
            wait = max(1, min(self.seconds, math.ceil(self.reset - time.time())))
            raise RateLimited(self.scope, self.limit, self.reset, wait)


class Limiter:
    """Counts hits in buckets, with one call to the counters per hit."""

    def __init__(self, counters: Counters, rates: dict[str, Rate]) -> None:
        self._counters = counters
        self._rates = rates

    async def hit(self, bucket: Bucket, scope: str, who: str, *, factor: int = 1) -> RateLimitState:
        """Count a hit. `scope` is ip or user, `who` the address key or user id."""
        rate = self._rates[bucket.name]
        limit = rate.hits * factor
        verdict = await self._counters.hit(f"{bucket.name}:{scope}:{who}", limit, rate.seconds)
        reset = math.ceil(time.time() + verdict.reset_in)
        return RateLimitState(limit, rate.seconds, verdict, scope, reset)
