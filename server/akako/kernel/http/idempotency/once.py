"""Run a write once per idempotency key, in one transaction with the key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from akako.kernel.core.errors import ApiError
from akako.kernel.db.database import Database
from akako.kernel.http import idempotency
from akako.kernel.http.context import Context
from akako.kernel.http.render import failure
from akako.kernel.http.responses import Response, wire

Work = Callable[[Database], Awaitable[Response]]


async def is_repeated(ctx: Context, route: str, key: str) -> bool:
    """Return whether a response is stored for the key of this request."""
    return await idempotency.is_known(ctx.db, _scope(ctx, route, key))


def _scope(ctx: Context, route: str, key: str) -> idempotency.Scope:
    return idempotency.Scope(ctx.actor.user_id, ctx.method, route, key)


async def once(ctx: Context, route: str, key: str, parts: list[bytes], work: Work) -> Response:
    """Return the response of `work`, or the stored response of the first request with this key.

    `parts` are compared, with the path, to decide whether two requests are equal.
    """
    scope = _scope(ctx, route, key)
    target = f"{ctx.scope['path']}?{ctx.scope['query_string'].decode('latin-1')}"
    print_ = idempotency.fingerprint(ctx.method, target, *parts)
    async with ctx.db.transaction() as tx:
        stored = await idempotency.claim(tx, scope, print_)
        if stored:
            return Response(
                stored.status, stored.body, wire(stored.headers | {"Idempotent-Replayed": "true"})
            )
        try:
            async with tx.transaction():
                answer = await work(tx)
        except ApiError as problem:
            if not idempotency.is_stored_status(problem.status):
                raise
            answer = failure(problem)
        await idempotency.keep(tx, scope, print_, _stored(answer))
        return answer


def _stored(answer: Response) -> idempotency.Stored:
    headers: dict[str, Any] = {
        name.decode("latin-1"): value.decode("latin-1") for name, value in answer.headers
    }
    body = answer.body if answer.stored is None else answer.stored
    return idempotency.Stored(answer.status, headers, body)
