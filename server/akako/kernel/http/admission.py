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
from akako.kernel.http.client_address import Networks, client_address, in_networks, rate_key
from akako.kernel.http.context import Context, Meter
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

    async def __call__(self, ctx: Context, claims: Claims, *, provision: bool) -> Actor: ...


class ConfirmActor(Protocol):
    """Check, in a transaction, that the actor may still use an endpoint with this access."""

    async def __call__(self, tx: Database, actor: Actor, access: Access) -> None: ...


class Admission(msgspec.Struct, kw_only=True):
    """What is asked of every request before anything is done for it."""

    limiter: Limiter
    verifier: TokenVerifier
    load_actor: LoadActor
    meter: Meter
    confirm: ConfirmActor
    trusted: Networks = ()
    shared: Networks = ()

    async def limit_address(self, endpoint: Endpoint, ctx: Context) -> None:
        """Count a hit. Where one address is many people, a known caller counts for themselves."""
        ctx.address = self.address(ctx.scope, ctx.headers.get(b"x-forwarded-for"))
        bucket = endpoint.bucket
        if bucket is UPLOAD:
            bucket = GENERAL
        shared = bucket in SHARED_BUCKETS and in_networks(ctx.address, self.shared)
        if (shared or bucket.per_user) and await self._claims(ctx):
            await self._hit_user(ctx, bucket, ctx.claims.subject)  # type: ignore[union-attr]
        else:
            standing = await self.hit_address(bucket, ctx.address)
            ctx.response_headers = standing.headers()
            try:
                standing.enforce()
            except RateLimited as problem:
                if not endpoint.pardons:
                    raise
                ctx.over_limit = problem

    def address(self, scope: Scope, forwarded: bytes | None) -> str:
        """Who calls; `forwarded` is the value of X-Forwarded-For."""
        client = scope["client"]
        hops = [forwarded.decode("latin-1")] if forwarded else []
        return client_address(client[0] if client else None, hops, self.trusted)

    async def hit_address(self, bucket: Bucket, address: str) -> Standing:
        many = bucket in SHARED_BUCKETS and in_networks(address, self.shared)
        factor = SHARED_FACTOR if many else 1
        return await self.limiter.hit(bucket, "ip", rate_key(address), factor=factor)

    async def _hit_user(self, ctx: Context, bucket: Bucket, subject: str) -> None:
        standing = await self.limiter.hit(bucket, "user", subject)
        ctx.response_headers = standing.headers()
        standing.enforce()

    async def _claims(self, ctx: Context) -> Claims | None:
        """The token's claims if it verifies; why it does not is asked again when it matters."""
        try:
            ctx.claims = await self._verify(ctx)
        except ApiError:
            return None
        return ctx.claims

    async def _verify(self, ctx: Context) -> Claims:
        if ctx.claims:
            return ctx.claims
        header = ctx.headers.get(b"authorization")
        if header is None:
            raise Unauthorized("missing")
        scheme, _, token = header.partition(b" ")
        if scheme.lower() != b"bearer" or not token or b"," in token:
            raise Unauthorized("malformed")
        try:
            return await self.verifier.verify(token.decode("ascii"))
        except UnicodeDecodeError:
            raise Unauthorized("malformed") from None

    async def identify(self, endpoint: Endpoint, ctx: Context) -> None:
        access = endpoint.access
        if access.token == "ignored":  # noqa: S105 - not a password
            return
        if access.token == "optional":  # noqa: S105
            await self._identify_if_possible(ctx)
        elif access.token == "checked":  # noqa: S105
            if b"authorization" in ctx.headers:
                ctx.claims = await self._verify(ctx)
            return
        else:
            ctx.claims = await self._verify(ctx)
            ctx.maybe_actor = await self.load_actor(ctx, ctx.claims, provision=True)
            if endpoint.writes:
                confirm = partial(self.confirm, actor=ctx.maybe_actor, access=access)
                ctx.db = ConfirmedDatabase(ctx.db, confirm)
        if ctx.maybe_actor and ctx.claims:
            await self._admit(endpoint, ctx, ctx.maybe_actor, ctx.claims)

    async def _admit(self, endpoint: Endpoint, ctx: Context, actor: Actor, claims: Claims) -> None:
        """Role, the user's own limit, quota. A rejected role counts against the quota."""
        try:
            endpoint.access.check(actor.roles)
        except Forbidden:
            with suppress(QuotaExceeded):
                await self._charge(endpoint, ctx, actor, claims)
            raise
        if endpoint.bucket is UPLOAD:
            await self._hit_user(ctx, endpoint.bucket, claims.subject)
        await self._charge(endpoint, ctx, actor, claims)

    async def _charge(self, endpoint: Endpoint, ctx: Context, actor: Actor, claims: Claims) -> None:
        if endpoint.metered:
            quota = await self.meter.charge(ctx.db, actor, claims)
            ctx.response_headers = ctx.response_headers + quota
            ctx.charged = True

    async def _identify_if_possible(self, ctx: Context) -> None:
        if b"authorization" not in ctx.headers or not await self._claims(ctx):
            return
        try:
            ctx.maybe_actor = await self.load_actor(
                ctx,
                ctx.claims,  # type: ignore[arg-type]
                provision=False,
            )
        except (Unauthorized, Forbidden):
            ctx.claims = None
