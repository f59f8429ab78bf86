"""Carrying a write out once per idempotency key, in one transaction with the key's row."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from akako.kernel.core.errors import ApiError
from akako.kernel.db.database import Database
from akako.kernel.http import idempotency
from akako.kernel.http.call import Call
from akako.kernel.http.render import failure
from akako.kernel.http.reply import Reply, wire

Work = Callable[[Database], Awaitable[Reply]]


async def is_repeated(call: Call, route: str, key: str) -> bool:
    """Whether a request with this key was answered before, and will be so again."""
    return await idempotency.is_known(call.db, _scope(call, route, key))


def _scope(call: Call, route: str, key: str) -> idempotency.Scope:
    return idempotency.Scope(call.actor.user_id, call.method, route, key)


async def once(call: Call, route: str, key: str, parts: list[bytes], work: Work) -> Reply:
    """The answer of `work`, or the kept one of the first request with this key.

    `parts` are what must be the same for two requests to be the same, beside the address.
    """
    scope = _scope(call, route, key)
    target = f"{call.scope['path']}?{call.scope['query_string'].decode('latin-1')}"
    print_ = idempotency.fingerprint(call.method, target, *parts)
    async with call.db.transaction() as tx:
        kept = await idempotency.claim(tx, scope, print_)
        if kept:
            return Reply(
                kept.status, kept.body, wire(kept.headers | {"Idempotent-Replayed": "true"})
            )
        try:
            async with tx.transaction():
                answer = await work(tx)
        except ApiError as problem:
            if not idempotency.is_kept(problem.status):
                raise
            answer = failure(problem)
        await idempotency.keep(tx, scope, print_, _stored(answer))
        return answer


def _stored(answer: Reply) -> idempotency.Stored:
    headers: dict[str, Any] = {
        name.decode("latin-1"): value.decode("latin-1") for name, value in answer.headers
    }
    return idempotency.Stored(answer.status, headers, answer.body)
