"""The order of checks that every request goes through, whatever its endpoint.

Address limit, declared body, token, account, role, user limit and quota, idempotency, body,
validation, and then the handler. An unauthorised caller so never learns what is valid or exists.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Protocol

import msgspec
import structlog

from akako.kernel import audit, idempotency, json, limits, listing
from akako.kernel.access import Actor, Stranger, TurnedAway
from akako.kernel.database import AWAY, RETRYABLE, Database, unavailable
from akako.kernel.errors import (
    ApiError,
    Forbidden,
    InternalError,
    NotFound,
    QuotaExceeded,
    ServiceUnavailable,
    Unauthorized,
)
from akako.kernel.http import body
from akako.kernel.http.asgi import Receive, Scope
from akako.kernel.http.call import Call, ClientGone, Outside
from akako.kernel.http.client_address import Networks, client_address, in_networks, rate_key
from akako.kernel.http.endpoint import Endpoint
from akako.kernel.http.once import once
from akako.kernel.http.render import failure, render
from akako.kernel.http.reply import Reply
from akako.kernel.ids import is_id
from akako.kernel.ports import Claims, TokenVerifier
from akako.kernel.query import parse_query, read_query
from akako.kernel.validation import read, read_changes

log = structlog.get_logger(__name__)

ATTEMPTS = 3
FREE_OF_CHARGE = {304, 401, 429}


class LoadActor(Protocol):
    """Finds (or makes) the caller's account. Raise Unauthorized or Forbidden when it is no good."""

    async def __call__(self, call: Call, claims: Claims, *, provision: bool) -> Actor: ...


class Pipeline(msgspec.Struct, kw_only=True):
    """What all requests share."""

    db: Database
    limiter: limits.Limiter
    verifier: TokenVerifier
    outside: Outside
    load_actor: LoadActor
    trusted: Networks = ()
    shared: Networks = ()
    later: set[asyncio.Task[None]] = msgspec.field(default_factory=set)

    async def answer(self, endpoint: Endpoint, scope: Scope, receive: Receive) -> Reply:
        """Carry out one request. Never raises: every failure is an enveloped answer."""
        request_id = scope["state"]["request_id"]
        call = Call(scope, receive, id=request_id, db=self.db, outside=self.outside)
        call.public = endpoint.access.token == "optional"  # noqa: S105 - not a password
        try:
            answer = await self._checked(endpoint, call)
        except ApiError as problem:
            answer = failure(problem)
            self._note_refusal(call, endpoint, problem)
        except ClientGone:
            answer = Reply(499)
        except AWAY as error:
            answer = failure(unavailable(error))
        except Exception:
            log.exception("request_crashed", request_id=request_id, route=endpoint.path)
            answer = failure(InternalError(request_id))
        if call.charged and call.maybe_actor and call.claims and _is_free(answer.status):
            self.outside.meter.refund(call.maybe_actor, call.claims)
        answer.headers += call.reply_headers + endpoint.answer_headers
        if b"expect" in call.headers and not call.body_asked_for:
            # The client waits before it sends a large body; it need not send it any more.
            answer.headers.append((b"connection", b"close"))
        return answer

    async def _checked(self, endpoint: Endpoint, call: Call) -> Reply:
        if not endpoint.exempt:
            await self._limit_address(endpoint, call)
        if endpoint.media:
            body.check_declared(
                call,
                limit=self._body_limit(endpoint),
                media=endpoint.media,
                optional=endpoint.body_optional,
                overhead=body.FORM_OVERHEAD if endpoint.form else 0,
            )
        await self._identify(endpoint, call)
        key = idempotency.read_key(call.header("idempotency-key")) if endpoint.writes else None
        path = _path_values(endpoint, call)
        values: dict[str, Any] = {"call": call, **path}
        sent = await self._read_input(endpoint, call, values)
        _check_ids(endpoint, path)
        if key and endpoint.replays and call.maybe_actor:
            return await self._once(endpoint, call, values, key, sent)
        return await self._carry_out(endpoint, call, values)

    def _body_limit(self, endpoint: Endpoint) -> int:
        if endpoint.body_setting:
            return int(getattr(self.outside, endpoint.body_setting))
        return endpoint.body_limit

    async def _read_input(
        self, endpoint: Endpoint, call: Call, values: dict[str, Any]
    ) -> dict[str, Any]:
        """Read body and query into the handler's arguments; return the body as it was sent."""
        sent: dict[str, Any] = {}
        if endpoint.body:
            raw = await body.read_whole(call, endpoint.body_limit)
            sent = json.decode_object(raw) if raw or not endpoint.body_optional else {}
            if endpoint.merges:
                values["data"], values["echoed"] = read_changes(endpoint.body, sent)
            else:
                values["data"] = read(endpoint.body, sent)
        if endpoint.query:
            values["query"] = read_query(endpoint.query, call.scope["query_string"])
        if endpoint.listing:
            params = parse_query(call.scope["query_string"])
            call.listing = values["request"] = listing.read(endpoint.listing, params)
        return sent

    async def _limit_address(self, endpoint: Endpoint, call: Call) -> None:
        client = call.scope["client"]
        forwarded = call.header("x-forwarded-for")
        call.address = client_address(
            client[0] if client else None, [forwarded] if forwarded else [], self.trusted
        )
        bucket = endpoint.bucket
        if bucket is limits.UPLOAD:
            bucket = limits.GENERAL
        shared = bucket in (limits.GENERAL, limits.AUTH) and in_networks(call.address, self.shared)
        if (shared or bucket.per_user) and await self._claims(call):
            await self._hit(call, bucket, "user", call.claims.subject)  # type: ignore[union-attr]
        else:
            factor = limits.SHARED_FACTOR if shared else 1
            await self._hit(call, bucket, "ip", rate_key(call.address), factor=factor)

    async def _hit(
        self, call: Call, bucket: limits.Bucket, scope: str, caller: str, *, factor: int = 1
    ) -> None:
        standing = await self.limiter.hit(bucket, scope, caller, factor=factor)
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

    async def _identify(self, endpoint: Endpoint, call: Call) -> None:
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
        if endpoint.bucket is limits.UPLOAD:
            await self._hit(call, endpoint.bucket, "user", claims.subject)
        await self._charge(endpoint, call, actor, claims)

    async def _charge(self, endpoint: Endpoint, call: Call, actor: Actor, claims: Claims) -> None:
        if endpoint.metered:
            quota = await self.outside.meter.charge(call.db, actor, claims)
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

    async def _once(
        self, endpoint: Endpoint, call: Call, values: dict[str, Any], key: str, sent: Any
    ) -> Reply:
        async def work(tx: Database) -> Reply:
            call.db = tx
            return await self._carry_out(endpoint, call, values)

        canonical = msgspec.json.encode(sent, order="deterministic")
        return await once(call, endpoint.path, key, [canonical], work)

    async def _carry_out(self, endpoint: Endpoint, call: Call, values: dict[str, Any]) -> Reply:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return render(call, await endpoint.handler(**values))
            except RETRYABLE as error:
                # Inside an idempotent transaction, or with a body that is gone, once is all.
                if attempt == ATTEMPTS or call.db is not self.db or endpoint.body_setting:
                    raise ServiceUnavailable from error
                log.info("transaction_retried", route=endpoint.path, error=type(error).__name__)
        raise AssertionError

    def _note_refusal(self, call: Call, endpoint: Endpoint, problem: ApiError) -> None:
        """Audit a failed authorisation without making the caller wait for it."""
        if not isinstance(problem, Forbidden):
            return
        who: Actor | Stranger | None = call.maybe_actor
        if isinstance(problem, TurnedAway):
            who = msgspec.structs.replace(problem.who, ip=call.address, request_id=call.id)
        if who is None:
            return
        reason = problem.details.get("reason")
        noting = self._record(who, f"{endpoint.method} {endpoint.path}", reason)
        task = asyncio.get_running_loop().create_task(noting)
        self.later.add(task)
        task.add_done_callback(self.later.discard)

    async def _record(self, who: Actor | Stranger, operation: str, reason: str | None) -> None:
        after = {"reason": reason} if reason else None
        try:
            await audit.record(self.db, who, "access.refused", "operation", operation, after=after)
        except ServiceUnavailable:
            log.warning("refusal_not_audited", request_id=who.request_id)


def _is_free(status: int) -> bool:
    return status in FREE_OF_CHARGE or status >= 499


def _path_values(endpoint: Endpoint, call: Call) -> dict[str, str]:
    found = call.scope["path_params"]
    return {name: found[name] for name in endpoint.path_params}


def _check_ids(endpoint: Endpoint, path: dict[str, str]) -> None:
    """An id of an impossible shape is answered like one that does not exist."""
    for name, value in path.items():
        if not is_id(value):
            last = name == endpoint.path_params[-1]
            raise NotFound(endpoint.resource if last else name.removesuffix("_id"), value[:64])
