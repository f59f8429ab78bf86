"""The checks of every request, in one order.

Limit per address, declared body, token, account, role, plan, limit per user and quota, idempotency,
body, validation, handler. An unauthorized caller cannot learn what is valid or exists.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import structlog

from akako.kernel.core.access import Actor, CallerRejected, UnknownCaller
from akako.kernel.core.errors import (
    ApiError,
    Conflict,
    Forbidden,
    InternalError,
    NotFound,
    PlanRequired,
    ServiceUnavailable,
)
from akako.kernel.core.ids import is_id
from akako.kernel.core.validation import json, most_elements, read, read_changes
from akako.kernel.db import audit
from akako.kernel.db.database import AWAY, RETRYABLE, Database, unavailable
from akako.kernel.db.query import read_query
from akako.kernel.http import body, idempotency
from akako.kernel.http.admission import Admission
from akako.kernel.http.asgi import Receive, Scope
from akako.kernel.http.context import ClientGone, Context, Dependencies
from akako.kernel.http.endpoint import Endpoint
from akako.kernel.http.idempotency.once import once
from akako.kernel.http.public_cache import PublicCache
from akako.kernel.http.render import failure, render, unless_held
from akako.kernel.http.responses import Response

log = structlog.get_logger(__name__)

ATTEMPTS = 3
REFUSED = 429
FREE_OF_CHARGE = {304, 401, REFUSED}


class Pipeline(msgspec.Struct, kw_only=True):
    """The shared parts of all requests."""

    db: Database
    admission: Admission
    dependencies: Dependencies
    public: PublicCache = msgspec.field(default_factory=PublicCache)
    later: set[asyncio.Task[None]] = msgspec.field(default_factory=set)

    async def answer(self, endpoint: Endpoint, scope: Scope, receive: Receive) -> Response:
        """Process a request. Never raises: every failure becomes an error response."""
        request_id = scope["state"]["request_id"]
        ctx = Context(scope, receive, id=request_id, db=self.db, dependencies=self.dependencies)
        ctx.public = endpoint.access.token == "optional"  # noqa: S105 - not a password
        ctx.generation = self.public.generation
        if endpoint.access.token == "link":  # noqa: S105
            ctx.link = scope["path_params"]["link"]
        try:
            answer = await self._checked(endpoint, ctx)
        except ApiError as problem:
            answer = failure(problem)
            self._record_rejection(ctx, endpoint, problem)
        except ClientGone:
            answer = Response(499)
        except AWAY as error:
            answer = failure(unavailable(error))
        except Exception:
            log.exception("request_crashed", request_id=request_id, route=endpoint.path)
            answer = failure(InternalError(request_id))
        if endpoint.changes_public and not 400 <= answer.status < 500:
            self.public.drop()  # before the caller receives the response
        if ctx.charged and ctx.maybe_actor and ctx.claims and _is_free(answer.status):
            self.admission.meter.refund(ctx.maybe_actor, ctx.claims)
        if answer.status == REFUSED and ctx.maybe_actor and ctx.claims:
            self.admission.meter.refuse(ctx.maybe_actor, ctx.claims)
        answer.headers += ctx.response_headers + endpoint.response_headers
        if b"expect" in ctx.headers and not ctx.body_asked_for:
            # The client waits with the body; it must not send it after this response.
            answer.headers.append((b"connection", b"close"))
        return answer

    async def _checked(self, endpoint: Endpoint, ctx: Context) -> Response:
        if not endpoint.exempt:
            await self.admission.limit_address(endpoint, ctx)
        limit = _body_limit(endpoint, ctx)
        if endpoint.media:
            body.check_declared(
                ctx,
                limit=limit,
                media=endpoint.media,
                optional=endpoint.body_optional,
                overhead=body.FORM_OVERHEAD if endpoint.form else 0,
            )
        await self.admission.identify(endpoint, ctx)
        key = idempotency.read_key(ctx.header("idempotency-key")) if endpoint.writes else None
        values: dict[str, Any] = {"ctx": ctx, **_path_values(endpoint, ctx)}
        raw = await body.read_whole(ctx, limit) if endpoint.body else b""
        if key and endpoint.replays and ctx.maybe_actor:
            return await self._once(endpoint, ctx, values, key, raw)
        return await self._carry_out(endpoint, ctx, values, raw)

    async def _once(
        self,
        endpoint: Endpoint,
        ctx: Context,
        values: dict[str, Any],
        key: str,
        raw: bytes,
    ) -> Response:
        """Look up the idempotency key before the body is validated."""

        async def work(tx: Database) -> Response:
            ctx.db, ctx.in_transaction = tx, True
            return await self._carry_out(endpoint, ctx, values, raw)

        return await once(ctx, endpoint.path, key, [idempotency.canonical(raw)], work)

    async def _carry_out(
        self, endpoint: Endpoint, ctx: Context, values: dict[str, Any], raw: bytes
    ) -> Response:
        sent = _read_input(endpoint, ctx, values, raw)
        _check_ids(endpoint, values)
        try:
            return await self._attempt(endpoint, ctx, values)
        except Conflict as problem:
            raise problem.as_sent(sent) from None

    async def _attempt(self, endpoint: Endpoint, ctx: Context, values: dict[str, Any]) -> Response:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = render(ctx, await endpoint.handler(**values))
            except RETRYABLE as error:
                # An open transaction or a consumed body cannot be retried.
                if attempt == ATTEMPTS or ctx.in_transaction or callable(endpoint.body_limit):
                    raise ServiceUnavailable from error
                log.info("transaction_retried", route=endpoint.path, error=type(error).__name__)
            else:
                self._keep_public(endpoint, ctx, answer)
                return unless_held(ctx, answer)
        raise AssertionError

    def _keep_public(self, endpoint: Endpoint, ctx: Context, answer: Response) -> None:
        """Offer a response without a token to the cache, which stores public ones only."""
        if answer.status == 200 and b"authorization" not in ctx.headers:
            key = (ctx.scope["path"], ctx.scope["query_string"])
            self.public.store(key, ctx.generation, answer, endpoint.path)

    def _record_rejection(self, ctx: Context, endpoint: Endpoint, problem: ApiError) -> None:
        """Record a failed authorization in the audit log, after the response."""
        if not isinstance(problem, (Forbidden, PlanRequired)):
            return
        who: Actor | UnknownCaller | None = ctx.maybe_actor
        if isinstance(problem, CallerRejected):
            who = msgspec.structs.replace(problem.who, ip=ctx.address, request_id=ctx.id)
        if who is None:
            return
        refused_plan = isinstance(problem, PlanRequired)
        reason = "plan_required" if refused_plan else problem.details.get("reason")
        noting = self._record(who, f"{endpoint.method} {endpoint.path}", reason)
        task = asyncio.get_running_loop().create_task(noting)
        self.later.add(task)
        task.add_done_callback(self.later.discard)

    async def _record(self, who: Actor | UnknownCaller, operation: str, reason: str | None) -> None:
        try:
            await audit.record_refusal(self.db, who, operation, reason)
        except ServiceUnavailable:
            log.warning("refusal_not_audited", request_id=who.request_id)


def _body_limit(endpoint: Endpoint, ctx: Context) -> int:
    limit = endpoint.body_limit
    return limit(ctx) if callable(limit) else limit


def _is_free(status: int) -> bool:
    return status in FREE_OF_CHARGE or status >= 499


def _path_values(endpoint: Endpoint, ctx: Context) -> dict[str, str]:
    found = ctx.scope["path_params"]
    return {name: found[name] for name in endpoint.path_params}


def _read_input(
    endpoint: Endpoint, ctx: Context, values: dict[str, Any], raw: bytes
) -> dict[str, Any]:
    """Parse body and query into the arguments of the handler; return the raw body."""
    sent: dict[str, Any] = {}
    if endpoint.body:
        if raw or not endpoint.body_optional:
            sent = json.decode_object(raw, most_elements(endpoint.body))
        if endpoint.merges:
            values["data"], values["echoed"] = read_changes(endpoint.body, sent)
        else:
            values["data"] = read(endpoint.body, sent)
    if endpoint.query:
        values["query"] = read_query(endpoint.query, ctx.scope["query_string"])
    if endpoint.read_list:
        ctx.listing = values["request"] = endpoint.read_list(ctx.scope["query_string"])
    return sent


def _check_ids(endpoint: Endpoint, values: dict[str, Any]) -> None:
    """Reject an id with an invalid shape like an unknown id."""
    for name in endpoint.path_params:
        if name == "link":  # verified instead of the token
            continue
        if not is_id(value := values[name]):
            last = name == endpoint.path_params[-1]
            raise NotFound(endpoint.resource if last else name.removesuffix("_id"), value[:64])
