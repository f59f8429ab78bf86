"""Admit a request: limit per address, token, account, role, limit per user, quota."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Protocol

import msgspec

from akako.kernel.core.access import Access, Actor
from akako.kernel.core.errors import (
    ApiError,
    Forbidden,
    PlanRequired,
    QuotaExceeded,
    RateLimited,
    Unauthorized,
)
from akako.kernel.core.ports import Claims, LinkVerifier, TokenVerifier
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
    RateLimitState,
)

# In shared networks these buckets count per signed-in user.
SHARED_BUCKETS = (GENERAL, AUTH)


class LoadActor(Protocol):
    """Load or create the caller's account. Raises Unauthorized or Forbidden."""

    async def __call__(self, ctx: Context, claims: Claims, *, provision: bool) -> Actor: ...


class ConfirmActor(Protocol):
    """Check, in a transaction, that the actor may still use an endpoint with this access."""

    async def __call__(self, tx: Database, actor: Actor, access: Access) -> None: ...


class Rejections(Protocol):
    """Learns which users the rate limit of an address rejects, to find shared addresses."""

    def wants(self, address: str) -> bool:
        """Return whether the user of a rejected request matters, which takes a verified token."""

    def add(self, address: str, user: str) -> None: ...


class Admission(msgspec.Struct, kw_only=True):
    """The checks of every request before its handler."""

    limiter: Limiter
    verifier: TokenVerifier
    links: LinkVerifier
    load_actor: LoadActor
    meter: Meter
    confirm: ConfirmActor
    rejections: Rejections
    trusted: Networks = ()
    shared: Networks = ()

    async def limit_address(self, endpoint: Endpoint, ctx: Context) -> None:
        """Count the request per address; in shared networks, count a signed-in caller instead."""
        ctx.address = self.address(ctx.scope, ctx.headers.get(b"x-forwarded-for"))
        bucket = endpoint.bucket
        if bucket is UPLOAD:
            bucket = GENERAL
        shared = bucket in SHARED_BUCKETS and in_networks(ctx.address, self.shared)
        if (shared or bucket.per_user) and await self._claims(ctx):
            await self._hit_user(ctx, bucket, ctx.claims.subject)  # type: ignore[union-attr]
        else:
            state = await self.hit_address(bucket, ctx.address)
            ctx.response_headers = state.headers()
            try:
                state.enforce()
            except RateLimited as problem:
                if bucket in SHARED_BUCKETS and not shared:
                    await self._detect_shared_address(ctx)
                if not endpoint.serves_over_limit:
                    raise
                ctx.over_limit = problem

    def address(self, scope: Scope, forwarded: bytes | None) -> str:
        """Return the client address; `forwarded` is the value of X-Forwarded-For."""
        client = scope["client"]
        hops = [forwarded.decode("latin-1")] if forwarded else []
        return client_address(client[0] if client else None, hops, self.trusted)

    def address_of(self, scope: Scope) -> str:
        """Return the client address of a request outside the API."""
        forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        return self.address(scope, b", ".join(forwarded) or None)

    async def hit_address(self, bucket: Bucket, address: str) -> RateLimitState:
        many = bucket in SHARED_BUCKETS and in_networks(address, self.shared)
        factor = SHARED_FACTOR if many else 1
        return await self.limiter.hit(bucket, "ip", rate_key(address), factor=factor)

    async def _hit_user(self, ctx: Context, bucket: Bucket, subject: str) -> None:
        state = await self.limiter.hit(bucket, "user", subject)
        ctx.response_headers = state.headers()
        state.enforce()

    async def _detect_shared_address(self, ctx: Context) -> None:
        """Record the user whose request the limit of the address rejected."""
        address = rate_key(ctx.address)
        if self.rejections.wants(address) and await self._claims(ctx):
            self.rejections.add(address, ctx.claims.subject)  # type: ignore[union-attr]

    async def _claims(self, ctx: Context) -> Claims | None:
        """Return the claims of a valid token. Errors are raised later, where a token is needed."""
        try:
            ctx.claims = await self._verify(ctx)
        except ApiError:
            return None
        return ctx.claims

    async def _verify(self, ctx: Context) -> Claims:
        if ctx.claims:
            return ctx.claims
        if ctx.link is not None:
            return await self.links.verify(ctx.link)
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
            provision = access.token == "required"  # noqa: S105
            ctx.maybe_actor = await self.load_actor(ctx, ctx.claims, provision=provision)
            if endpoint.writes:
                confirm = partial(self.confirm, actor=ctx.maybe_actor, access=access)
                ctx.db = ConfirmedDatabase(ctx.db, confirm)
        if ctx.maybe_actor and ctx.claims:
            await self._admit(endpoint, ctx, ctx.maybe_actor, ctx.claims)

    async def _admit(self, endpoint: Endpoint, ctx: Context, actor: Actor, claims: Claims) -> None:
        """Check role, plan, limit per user and quota.

        Requests rejected with 403 count against the quota.
        """
        try:
            endpoint.access.check(actor.roles)
            endpoint.access.check_plan(actor.plan)
        except (Forbidden, PlanRequired):
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
