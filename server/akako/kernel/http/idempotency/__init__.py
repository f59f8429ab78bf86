"""Idempotency keys: a repeated write returns the first response and has no second effect.

The key's row is written in the transaction of the effect itself, so there is never one without the
other. Responses are stored for 24 hours, at most MAX_KEYS and MAX_BYTES per user.
"""

from __future__ import annotations

import hashlib
import random
import re

import msgspec

from akako.kernel.core.errors import BadRequest, IdempotencyInProgress, IdempotencyKeyReused
from akako.kernel.core.validation import json
from akako.kernel.db import locks
from akako.kernel.db.database import Database

RETENTION_HOURS = 24
# Does not wait: a request whose key is in use is rejected at once.
CLAIM = f"select pg_try_advisory_xact_lock(hashtextextended($1, {locks.IDEMPOTENCY_KEY_SEED}))"
MAX_KEYS = 1_000
MAX_BYTES = 16 * 1024 * 1024
PRUNE_SHARE = 1 / 16  # of all writes, because counting the keys takes about a millisecond
CHANCE = random.Random()  # noqa: S311 - it decides when to tidy up
KEY = re.compile(r'"[\x21\x23-\x7e]{1,255}"|[\x21\x23-\x7e]{1,255}', re.ASCII)

# Results that a retry may change, or that occurred before the handler started.
NOT_STORED = {400, 401, 403, 413, 415, 422, 429}

# The row of a key, by the fields of its Scope in order, unless it has expired.
OF_SCOPE = """
from idempotency_keys
where caller = $1 and method = $2 and route = $3 and key = $4
  and created_at > now() - make_interval(hours => $5)
"""
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
    """Caller and operation of a key. `route` is the path template."""

    caller: str
    method: str
    route: str
    key: str


class Stored(msgspec.Struct, frozen=True):
    """A stored response."""

    status: int
    headers: dict[str, str]
    body: bytes


def read_key(header: str | None) -> str | None:
    """Return the key of an `Idempotency-Key` header: 1 to 255 visible ASCII characters."""
    if header is None:
        return None
    if not KEY.fullmatch(header):
        raise BadRequest("invalid_idempotency_key", "Malformed Idempotency-Key header")
    return header.strip('"')


def fingerprint(method: str, path: str, *parts: bytes) -> bytes:
    """Return the SHA-256 of everything that makes two requests equal."""
    digest = hashlib.sha256(f"{method} {path}\n".encode())
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def canonical(raw: bytes) -> bytes:
    """Return a JSON body in canonical form; other bodies are returned unchanged."""
    try:
        return json.canonical(json.decode_object(raw or b"{}"))
    except BadRequest:
        return raw


async def claim(tx: Database, scope: Scope, print_: bytes) -> Stored | None:
    """Claim the key for this transaction; return the stored response of an earlier request.

    Raises:
        IdempotencyInProgress: another transaction holds the key.
        IdempotencyKeyReused: the key was used for a different request.
    """
    name = "\x1f".join((scope.caller, scope.method, scope.route, scope.key))
    if not await tx.fetchval(CLAIM, name):
        raise IdempotencyInProgress
    row = await tx.fetchrow(
        f"select fingerprint, status, headers, body {OF_SCOPE}",
        *msgspec.structs.astuple(scope),
        RETENTION_HOURS,
    )
    if row is None:
        return None
    if row["fingerprint"] != print_:
        raise IdempotencyKeyReused
    return Stored(row["status"], row["headers"], row["body"])


async def is_known(db: Database, scope: Scope) -> bool:
    """Return whether a response is stored for the key."""
    known = await db.fetchval(
        f"select true {OF_SCOPE}", *msgspec.structs.astuple(scope), RETENTION_HOURS
    )
    return bool(known)


def is_stored_status(status: int) -> bool:
    """Return whether responses with this status are stored."""
    return status not in NOT_STORED and status < 500


async def keep(tx: Database, scope: Scope, print_: bytes, answer: Stored) -> None:
    """Store the response beside its effect, unless its status is in NOT_STORED."""
    if not is_stored_status(answer.status):
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
        *msgspec.structs.astuple(scope),
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


async def delete_expired(db: Database) -> None:
    """Delete expired keys; runs every hour."""
    await db.execute(
        "delete from idempotency_keys where created_at < now() - make_interval(hours => $1)",
        RETENTION_HOURS,
    )
