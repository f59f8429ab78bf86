"""Idempotency keys: a repeated write returns the first response and has no second effect.

The key's row is written in the transaction of the effect itself, so there is never one without the
other. Responses are stored for 24 hours, at most MAX_KEYS and MAX_BYTES per user.
"""

from __future__ import annotations

import hashlib
import random
import re

import msgspec

from akako.kernel.core import json
from akako.kernel.core.errors import BadRequest, IdempotencyInProgress, IdempotencyKeyReused
from akako.kernel.db import locks
from akako.kernel.db.database import Database

KEEP_HOURS = 24
# Taken without waiting: a request that finds the key in use is refused at once.
CLAIM = f"select pg_try_advisory_xact_lock(hashtextextended($1, {locks.IDEMPOTENCY_KEY_SEED}))"
MAX_KEYS = 1_000
MAX_BYTES = 16 * 1024 * 1024
PRUNE_SHARE = 1 / 16  # of the writes: counting a user's keys costs about a millisecond
CHANCE = random.Random()  # noqa: S311 - it decides when to tidy up
KEY = re.compile(r'"[\x21\x23-\x7e]{1,255}"|[\x21\x23-\x7e]{1,255}', re.ASCII)

# Outcomes that a repetition may change, or that were reached before the work began.
NOT_KEPT = {400, 401, 403, 413, 415, 422, 429}


# The oldest keys beyond the bounds. The lock keeps concurrent writes of the user from deleting the
# same rows in different orders.
PRUNE = f"""
delete from idempotency_keys where ctid = any(array(
    select ctid from (
        select ctid, row_number() over newest as number,
            sum(octet_length(body)) over newest as bytes
        from idempotency_keys where caller = $1
        window newest as (order by created_at desc, method, route, key)
    ) ranked
    where (number > $2 or bytes > $3)
        and pg_try_advisory_xact_lock(hashtextextended($1, {locks.IDEMPOTENCY_PRUNE_SEED}))
))
"""


class Scope(msgspec.Struct, frozen=True):
    """Whose key, and for which operation. `route` is the path's template."""

    caller: str
    method: str
    route: str
    key: str


class Stored(msgspec.Struct, frozen=True):
    """A kept answer."""

    status: int
    headers: dict[str, str]
    body: bytes


def read_key(header: str | None) -> str | None:
    """The key of an `Idempotency-Key` header: 1 to 255 visible ASCII characters, quoted or bare."""
    if header is None:
        return None
    if not KEY.fullmatch(header):
        raise BadRequest("invalid_idempotency_key", "Malformed Idempotency-Key header")
    return header.strip('"')


def fingerprint(method: str, path: str, *parts: bytes) -> bytes:
    """SHA-256 over what must be the same for two requests to be the same."""
    digest = hashlib.sha256(f"{method} {path}\n".encode())
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def canonical(raw: bytes) -> bytes:
    """What a JSON body says, however it is written; a body that says nothing stands as it is."""
    try:
        return json.canonical(json.decode_object(raw or b"{}"))
    except BadRequest:
        return raw


async def claim(tx: Database, scope: Scope, print_: bytes) -> Stored | None:
    """Take the key for this transaction; return the kept answer if the work was done before.

    Raise IdempotencyInProgress while another transaction holds the key, IdempotencyKeyReused when
    it stands for a different request.
    """
    name = "\x1f".join((scope.caller, scope.method, scope.route, scope.key))
    if not await tx.fetchval(CLAIM, name):
        raise IdempotencyInProgress
    row = await tx.fetchrow(
        """
        select fingerprint, status, headers, body from idempotency_keys
        where caller = $1 and method = $2 and route = $3 and key = $4
          and created_at > now() - make_interval(hours => $5)
        """,
        scope.caller,
        scope.method,
        scope.route,
        scope.key,
        KEEP_HOURS,
    )
    if row is None:
        return None
    if row["fingerprint"] != print_:
        raise IdempotencyKeyReused
    return Stored(row["status"], row["headers"], row["body"])


async def is_known(db: Database, scope: Scope) -> bool:
    """Whether an answer is kept for the key, to whichever request."""
    return bool(
        await db.fetchval(
            """
            select true from idempotency_keys
            where caller = $1 and method = $2 and route = $3 and key = $4
              and created_at > now() - make_interval(hours => $5)
            """,
            scope.caller,
            scope.method,
            scope.route,
            scope.key,
            KEEP_HOURS,
        )
    )


def is_kept(status: int) -> bool:
    """Whether an answer with this status is kept for repetitions."""
    return status not in NOT_KEPT and status < 500


async def keep(tx: Database, scope: Scope, print_: bytes, answer: Stored) -> None:
    """Store the response beside its effect, unless its status is in NOT_KEPT."""
    if not is_kept(answer.status):
        return
    await tx.execute(
        """
        insert into idempotency_keys
            (caller, method, route, key, fingerprint, status, headers, body)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (caller, method, route, key) do update
        set fingerprint = excluded.fingerprint, status = excluded.status,
            headers = excluded.headers, body = excluded.body, created_at = now()
        """,
        scope.caller,
        scope.method,
        scope.route,
        scope.key,
        print_,
        answer.status,
        answer.headers,
        answer.body,
    )
    if CHANCE.random() < PRUNE_SHARE:
        await prune(tx, scope.caller)


async def prune(tx: Database, caller: str) -> None:
    """Delete a user's oldest keys beyond MAX_KEYS keys or MAX_BYTES of responses."""
    await tx.execute(PRUNE, caller, MAX_KEYS, MAX_BYTES)


async def forget_old(db: Database) -> None:
    """Delete expired keys; runs every hour."""
    await db.execute(
        "delete from idempotency_keys where created_at < now() - make_interval(hours => $1)",
        KEEP_HOURS,
    )
