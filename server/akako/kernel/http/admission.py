"""Who may come in: the address's limit, the token, the account, its role, its limit and quota."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Protocol

import msgspec

from akako.kernel.core.access import Access, Actor
from akako.kernel.core.errors import ApiError, Forbidden, QuotaExceeded, RateLimited, Unauthorized
from akako.kernel.core.ports import Claims, TokenVerifier
from akako.kernel.db.confirmed import ConfirmedDatabase
from akako.kernel.db.database import Database
from akako.kernel.http.asgi import Scope
from akako.kernel.http.call import Call
from akako.kernel.http.client_address import Networks, client_address, in_networks, rate_key
from akako.kernel.http.endpoint import Endpoint
from akako.kernel.http.limits import (
    AUTH,
    GENERAL,
    SHARED_FACTOR,
    UPLOAD,
    Bucket,
    Limiter,
    Standing,
)

# Where an address is known to be many people, these are counted for each of them.
SHARED_BUCKETS = (GENERAL, AUTH)


class LoadActor(Protocol):
    """Finds (or makes) the caller's account. Raise Unauthorized or Forbidden when it is no good."""

    async def __call__(self, call: Call, claims: Claims, *, provision: bool) -> Actor: ...


class ConfirmActor(Protocol):
    """Check, in a transaction, that the actor may still use an endpoint with this access."""

    async def __call__(self, tx: Database, actor: Actor, access: Access) -> None: ...


class Admission(msgspec.Struct, kw_only=True):
    """What is asked of every request before anything is done for it."""

    limiter: Limiter
    verifier: TokenVerifier
    load_actor: LoadActor
    confirm: ConfirmActor
    trusted: Networks = ()
    shared: Networks = ()

    async def limit_address(self, endpoint: Endpoint, call: Call) -> None:
        """Count a hit. Where one address is many people, a known caller counts for themselves."""
        call.address = self.address(call.scope, call.headers.get(b"x-forwarded-for"))
        bucket = endpoint.bucket
        if bucket is UPLOAD:
            bucket = GENERAL
        shared = bucket in SHARED_BUCKETS and in_networks(call.address, self.shared)
        if (shared or bucket.per_user) and await self._claims(call):
            await self._hit_user(call, bucket, call.claims.subject)  # type: ignore[union-attr]
        else:
            standing = await self.hit_address(bucket, call.address)
            call.reply_headers = standing.headers()
            try:
                standing.enforce()
            except RateLimited as problem:
                if not endpoint.pardons:
                    raise
                call.over_limit = problem

    def address(self, scope: Scope, forwarded: bytes | None) -> str:
        """Who calls; `forwarded` is the value of X-Forwarded-For."""
        client = scope["client"]
        hops = [forwarded.decode("latin-1")] if forwarded else []
        return client_address(client[0] if client else None, hops, self.trusted)

    async def hit_address(self, bucket: Bucket, address: str) -> Standing:
        many = bucket in SHARED_BUCKETS and in_networks(address, self.shared)
        factor = SHARED_FACTOR if many else 1
        return await self.limiter.hit(bucket, "ip", rate_key(address), factor=factor)

    async def _hit_user(self, call: Call, bucket: Bucket, subject: str) -> None:
        standing = await self.limiter.hit(bucket, "user", subject)
        call.reply_headers = standing.headers()
        standing.enforce()

    async def _claims(self, call: Call) -> Claims | None:
        """The token's claims if it verifies; why it does not is asked again when it matters."""
        try:
            call.claims = await self._verify(call)
        except ApiError:
            return None
        return call.claims

    async def _verify(self, call: Call) -> Claims:
        if call.claims:
            return call.claims
        header = call.headers.get(b"authorization")
        if header is None:
            raise Unauthorized("missing")
        scheme, _, token = header.partition(b" ")
        if scheme.lower() != b"bearer" or not token or b"," in token:
            raise Unauthorized("malformed")
        try:
            return await self.verifier.verify(token.decode("ascii"))
        except UnicodeDecodeError:
            raise Unauthorized("malformed") from None

    async def identify(self, endpoint: Endpoint, call: Call) -> None:
        access = endpoint.access
        if access.token == "ignored":  # noqa: S105 - not a password
            return
        if access.token == "optional":  # noqa: S105
            await self._identify_if_possible(call)
        elif access.token == "checked":  # noqa: S105
            if b"authorization" in call.headers:
                call.claims = await self._verify(call)
            return
        else:
            call.claims = await self._verify(call)
            call.maybe_actor = await self.load_actor(call, call.claims, provision=True)
            if endpoint.writes:
                confirm = partial(self.confirm, actor=call.maybe_actor, access=access)
                call.db = ConfirmedDatabase(call.db, confirm)
        if call.maybe_actor and call.claims:
            await self._admit(endpoint, call, call.maybe_actor, call.claims)

    async def _admit(self, endpoint: Endpoint, call: Call, actor: Actor, claims: Claims) -> None:
        """Role, the user's own limit, quota. What a role does not allow is a call all the same."""
        try:
            endpoint.access.check(actor.roles)
        except Forbidden:
            with suppress(QuotaExceeded):
                await self._charge(endpoint, call, actor, claims)
            raise
        if endpoint.bucket is UPLOAD:
            await self._hit_user(call, endpoint.bucket, claims.subject)
        await self._charge(endpoint, call, actor, claims)

    async def _charge(self, endpoint: Endpoint, call: Call, actor: Actor, claims: Claims) -> None:
        if endpoint.metered:
            quota = await call.outside.meter.charge(call.db, actor, claims)
            call.reply_headers = call.reply_headers + quota
            call.charged = True

    async def _identify_if_possible(self, call: Call) -> None:
        if b"authorization" not in call.headers or not await self._claims(call):
            return
        try:
            call.maybe_actor = await self.load_actor(
                call,
                call.claims,  # type: ignore[arg-type]
                provision=False,
            )
        except (Unauthorized, Forbidden):
            call.claims = None
