"""The same answers by hand: plain ASGI, asyncpg, msgspec, PyJWT and one Lua call.

It has no validation, no caching of tokens and no second endpoint: what a framework can at best
come near to.
"""

from __future__ import annotations

import hashlib
import math
import os
import time
from typing import Any
from urllib.parse import parse_qsl

import asyncpg
import jwt
import msgspec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from akako.backends.dev_issuer import ISSUER, KEY_FILE
from akako.backends.valkey_counters import ValkeyCounters
from akako.identity import queries as users
from akako.kernel import cursors

LEVELS = """
select c.total, p.* from (
    select count(*) as total from education_levels l where l.deleted_at is null and l.is_active
) c left join lateral (
    select l.id, l.name, l.description, l.image_url, l.is_active, l.created_at, l.updated_at
    from education_levels l where l.deleted_at is null and l.is_active
    order by l.created_at, l.id limit 21
) p on true order by p.created_at, p.id
"""
SEARCH = f"""
select c.total, p.* from (
    select count(*) as total from users u where u.deleted_at is null and u.search_key like $1
) c left join lateral (
    select {users.COLUMNS} from users u where u.deleted_at is null and u.search_key like $1
    order by u.created_at desc, u.id desc limit 21
) p on true order by p.created_at desc, p.id desc
"""
COMMON = [
    (b"content-type", b"application/json; charset=utf-8"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-api-version", b"2026-11-23"),
    (b"x-request-id", b"0123456789abcdef"),
]


class Peer:
    """Everything in one place, nothing twice."""

    def __init__(self) -> None:
        folder = os.environ["AKAKO_DATA_DIR"]
        with open(os.path.join(folder, KEY_FILE), "rb") as file:
            private = load_pem_private_key(file.read(), None)
        self.key: Any = private.public_key()
        self.counters = ValkeyCounters(os.environ["AKAKO_REDIS_URL"])
        self.pool: asyncpg.Pool | None = None

    async def connected(self) -> asyncpg.Pool:
        if self.pool is None:

            async def keep(connection: Any) -> None: ...

            url = os.environ["AKAKO_DATABASE_URL"]
            self.pool = await asyncpg.create_pool(url, min_size=1, max_size=10, reset=keep)
        return self.pool

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        verdict = await self.counters.hit("peer:127.0.0.1", 100_000_000, 60)
        limit = [
            (b"x-ratelimit-limit", b"100000000"),
            (b"x-ratelimit-remaining", b"%d" % verdict.remaining),
            (b"x-ratelimit-reset", b"%d" % math.ceil(time.time() + verdict.reset_in)),
        ]
        pool = await self.connected()
        if scope["path"] == "/api/users":
            body = await self.search(pool, headers, dict(parse_qsl(scope["query_string"].decode())))
            cache = [(b"cache-control", b"no-store")]
        else:
            body = await self.levels(pool)
            tag = b'W/"%s"' % hashlib.sha256(body).hexdigest()[:32].encode()
            cache = [(b"cache-control", b"public, max-age=30"), (b"etag", tag)]
            if headers.get(b"if-none-match") == tag:
                head = [*COMMON, *cache, *limit]
                await send({"type": "http.response.start", "status": 304, "headers": head})
                await send({"type": "http.response.body", "body": b""})
                return
        head = [*COMMON, *cache, *limit, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body})

    async def levels(self, pool: asyncpg.Pool) -> bytes:
        rows = await pool.fetch(LEVELS)
        data = [
            {
                "id": r["id"],
                "name": r["name"],
                "description": r["description"],
                "imageUrl": r["image_url"],
                "isActive": r["is_active"],
                "createdAt": r["created_at"],
                "updatedAt": r["updated_at"],
            }
            for r in rows[:20]
        ]
        return _page(data, rows[0]["total"])

    async def search(self, pool: asyncpg.Pool, headers: Any, query: Any) -> bytes:
        token = headers[b"authorization"][7:].decode()
        claims = jwt.decode(token, self.key, algorithms=["RS256"], issuer=ISSUER)
        row = await pool.fetchrow(users.ACTOR, claims["sub"], claims["sid"], None)
        assert "ADMIN" in row["roles"]
        rows = await pool.fetch(SEARCH, f"%{query['search']}%")
        data = [users._user(r, users.AdminUser) for r in rows[:20]]
        last = rows[19]
        cursors.encode(2, "createdAt", "desc", last["created_at"], last["id"])
        return _page(data, rows[0]["total"])


def _page(data: Any, total: int) -> bytes:
    return msgspec.json.encode(
        {
            "success": True,
            "data": data,
            "pagination": {
                "page": 1,
                "limit": 20,
                "total": total,
                "pages": math.ceil(total / 20),
                "hasNext": True,
                "hasPrev": False,
            },
        }
    )


app = Peer()
