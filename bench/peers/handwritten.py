"""The same answers by hand: plain ASGI, asyncpg, msgspec, PyJWT and one Lua call.

It validates only what it reads, remembers no token and has no other endpoint: what a framework can
at best come near to.
"""

from __future__ import annotations

import base64
import hashlib
import math
import os
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import asyncpg
import jwt
import msgspec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from akako.backends.memory_counters import MemoryCounters
from akako.backends.resilient_counters import LIMITER_FALLBACKS, ResilientCounters
from akako.backends.valkey_counters import ValkeyCounters
from bench import sql

FOLDER = Path(os.environ["BENCH_FOLDER"])
ISSUER = os.environ["BENCH_ISSUER"]
LIMIT = 999_999
COMMON = [
    (b"content-type", b"application/json; charset=utf-8"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-api-version", b"2026-11-23"),
    (b"vary", b"Origin"),
]
PUBLIC = [(b"cache-control", b"public, max-age=30"), (b"vary", b"Authorization")]
UNCACHED = (b"cache-control", b"no-store")
PRIVATE = [UNCACHED, (b"x-quota-limit", b"unlimited")]
ROLES = ("ADMIN", "MENTOR", "LEARNER")
Headers = list[tuple[bytes, bytes]]


class Window(msgspec.Struct, array_like=True):
    id: str
    role: str
    start: datetime
    end: datetime | None
    assigned_by: str | None


class Wish(msgspec.Struct, rename="camel"):
    subject_id: str
    message: str | None = None


class Watched(msgspec.Struct, rename="camel"):
    position_seconds: float
    duration_seconds: float
    watched: list[tuple[float, float]]


windows = msgspec.json.Decoder(list[Window])


async def _keep(connection: Any) -> None:
    """No reset: a release costs no round trip."""


class Peer:
    """Everything in one place, nothing twice."""

    def __init__(self) -> None:
        self.key: Any = load_pem_public_key((FOLDER / "public.pem").read_bytes())
        # Like our server, it does not fail when Valkey is late, as on a machine under load.
        shared = ValkeyCounters(os.environ["BENCH_REDIS_URL"])
        self.counters = ResilientCounters(shared, MemoryCounters(), LIMITER_FALLBACKS.inc)
        self.pool: asyncpg.Pool | None = None

    async def connected(self) -> asyncpg.Pool:
        if self.pool is None:
            self.pool = await asyncpg.create_pool(
                os.environ["BENCH_DATABASE_URL"],
                min_size=1,
                max_size=10,
                reset=_keep,
                init=_prepare,
                server_settings={"timezone": "UTC"},
            )
        return self.pool

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        verdict = await self.counters.hit("handwritten", LIMIT, 60)
        assert verdict.allowed
        limit = [
            (b"x-request-id", secrets.token_hex(8).encode()),
            (b"x-ratelimit-limit", b"%d" % LIMIT),
            (b"x-ratelimit-remaining", b"%d" % verdict.remaining),
            (b"x-ratelimit-reset", b"%d" % math.ceil(time.time() + verdict.reset_in)),
        ]
        pool = await self.connected()
        status, body, more = await self.answer(pool, scope, receive, headers)
        head = [*COMMON, *more, *limit]
        if status != 304:
            head.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": body})

    async def answer(
        self, pool: asyncpg.Pool, scope: Any, receive: Any, headers: Any
    ) -> tuple[int, bytes, Headers]:
        query = dict(parse_qsl(scope["query_string"].decode()))
        match scope["path"]:
            case "/api/education/levels":
                body, link = await self.levels(pool)
                tag = b'W/"%s"' % hashlib.sha256(body).hexdigest()[:32].encode()
                more = [*PUBLIC, (b"etag", tag), link]
                if headers.get(b"if-none-match") == tag:
                    return 304, b"", more
                return 200, body, more
            case "/api/users":
                body, link = await self.users(pool, headers, query)
                return 200, body, [*PRIVATE, link]
            case "/api/enrollment/request":
                sent = (await receive())["body"]
                body, tag = await self.enroll(pool, headers, sent)
                location = (b"location", b"/api/enrollment/me")
                return 201, body, [*PRIVATE, location, (b"etag", tag)]
            case path if path.startswith("/api/progress/topics/"):
                sent = (await receive())["body"]
                body = await self.progress(pool, headers, path.rpartition("/")[2], sent)
                return 200, body, [UNCACHED]
        return 404, b"", []

    async def caller(self, pool: asyncpg.Pool, headers: Any, role: str) -> asyncpg.Record:
        token = headers[b"authorization"][7:].decode()
        claims = jwt.decode(token, self.key, algorithms=["RS256"], issuer=ISSUER)
        row = await pool.fetchrow(sql.CALLER, claims["sub"], claims["sid"])
        assert role in row["roles"]
        assert not row["ended"]
        assert not row["deleted"]
        return row

    async def levels(self, pool: asyncpg.Pool) -> tuple[bytes, tuple[bytes, bytes]]:
        rows = await pool.fetch(sql.LEVELS)
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
        last = rows[19]
        link = _link("/api/education/levels?limit=20", 2, "asc", last["created_at"], last["id"])
        return _page(data, rows[0]["total"], 1, more=len(rows) > 20), link

    async def users(
        self, pool: asyncpg.Pool, headers: Any, query: Any
    ) -> tuple[bytes, tuple[bytes, bytes]]:
        await self.caller(pool, headers, "ADMIN")
        if "cursor" in query:
            raw = query["cursor"]
            page, _, _, moment, after = msgspec.json.decode(
                base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4))
            )
            rows = await pool.fetch(sql.USERS_AFTER, datetime.fromisoformat(moment), after)
            path = "/api/users?sort=createdAt&order=asc&limit=20"
        else:
            rows, page = await pool.fetch(sql.SEARCH, f"%{query['search']}%"), 1
            path = f"/api/users?search={query['search']}&limit=20"
        data = [_user(r) for r in rows[:20]]
        last = rows[19]
        order = query.get("order", "desc")
        link = _link(path, page + 1, order, last["created_at"], last["id"])
        return _page(data, rows[0]["total"], page, more=len(rows) > 20), link

    async def enroll(self, pool: asyncpg.Pool, headers: Any, sent: bytes) -> tuple[bytes, bytes]:
        caller = await self.caller(pool, headers, "LEARNER")
        wish = msgspec.json.decode(sent, type=Wish)
        async with pool.acquire() as db, db.transaction():
            subject = await db.fetchrow(sql.SUBJECT, wish.subject_id)
            assert subject
            assert subject["mentor_id"] != caller["id"]
            row = await db.fetchrow(
                sql.ENROLL, secrets.token_hex(16), caller["id"], wish.subject_id, wish.message
            )
            enrollment = {
                "id": row["id"],
                "status": row["status"],
                "subjectId": row["subject_id"],
                "userId": row["user_id"],
                "message": row["message"],
                "requestedAt": row["requested_at"],
                "decidedAt": row["decided_at"],
                "decidedBy": row["decided_by"],
                "decisionReason": row["decision_reason"],
            }
            facts = {
                "status": "PENDING",
                "userId": caller["id"],
                "subjectId": wish.subject_id,
                "decidedAt": None,
                "decidedBy": None,
            }
            await db.execute(
                sql.AUDIT,
                *(caller["id"], caller["clerk_id"], "enrollment.requested", "enrollment"),
                *(row["id"], facts, "127.0.0.1", secrets.token_hex(8)),
            )
            concerned = {
                "enrollmentId": row["id"],
                "userId": caller["id"],
                "subjectId": wish.subject_id,
            }
            await db.execute(sql.ANNOUNCE, secrets.token_hex(16), "enrollment.requested", concerned)
            still = await db.fetchrow(sql.AUTHORITY, caller["id"], caller["session"])
            assert "LEARNER" in still["roles"]
            assert (still["status"], still["deleted"], still["ended"]) == ("ACTIVE", False, False)
            notice = (secrets.token_hex(16), "enrollment.requested", concerned)
            await db.execute(sql.NOTIFY, *notice, "unread:enrollment.requested")
        tag = hashlib.sha256(msgspec.json.encode(enrollment)).hexdigest()[:32]
        return _created(enrollment), b'"%s"' % tag.encode()

    async def progress(self, pool: asyncpg.Pool, headers: Any, topic_id: str, sent: bytes) -> bytes:
        caller = await self.caller(pool, headers, "LEARNER")
        update = msgspec.json.decode(sent, type=Watched)
        ranges = [asyncpg.Range(_tenths(start), _tenths(end)) for start, end in update.watched]
        row = await pool.fetchrow(
            sql.PROGRESS,
            *(caller["id"], topic_id, _tenths(update.position_seconds)),
            *(_tenths(update.duration_seconds), ranges, [], None, datetime.now(UTC)),
        )
        assert row["updated_at"]
        data = {
            "topicId": row["topic_id"],
            "subjectId": row["subject_id"],
            "status": "COMPLETED" if row["completed_at"] else "IN_PROGRESS",
            "positionSeconds": row["position_tenths"] / 10,
            "durationSeconds": row["duration_tenths"] / 10,
            "watchedSeconds": row["watched_tenths"] / 10,
            "watchedPercent": row["watched_tenths"] * 100 // row["duration_tenths"],
            "documentsOpened": row["documents_opened"],
            "markedDone": row["marked_done"],
            "completedAt": row["completed_at"],
            "updatedAt": row["updated_at"],
        }
        message = "Progress updated successfully"
        return msgspec.json.encode({"success": True, "data": data, "message": message})


def _tenths(seconds: float) -> int:
    return round(seconds * 10)


async def _prepare(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + msgspec.json.encode(value),
        decoder=lambda raw: msgspec.json.decode(raw[1:]),
        format="binary",
    )


def _link(path: str, page: int, order: str, moment: datetime, id: str) -> tuple[bytes, bytes]:
    raw = msgspec.json.encode([page, "createdAt", order, moment.isoformat(), id])
    cursor = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    return b"link", f'<{path}&cursor={cursor}>; rel="next"'.encode()


def _user(r: asyncpg.Record) -> dict[str, Any]:
    held, now = windows.decode(r["windows"]), r["moment"]
    current = {w.role for w in held if w.start <= now and (w.end is None or w.end > now)}
    return {
        "id": r["id"],
        "clerkId": r["clerk_id"],
        "email": r["email"],
        "username": r["username"],
        "firstName": r["first_name"],
        "lastName": r["last_name"],
        "imageUrl": r["image_url"],
        "status": r["status"],
        "plan": r["plan"],
        "roles": [role for role in ROLES if role in current],
        "createdAt": r["created_at"],
        "updatedAt": r["updated_at"],
        "userRoles": [
            {
                "id": w.id,
                "role": w.role,
                "effectiveStartDate": w.start.astimezone(UTC),
                "effectiveEndDate": w.end and w.end.astimezone(UTC),
                "assignedBy": w.assigned_by,
            }
            for w in held
        ],
        "lastSyncedAt": r["last_synced_at"],
    }


def _created(enrollment: dict[str, Any]) -> bytes:
    message = "Enrollment requested successfully"
    return msgspec.json.encode({"success": True, "data": enrollment, "message": message})


def _page(data: Any, total: int, page: int, *, more: bool) -> bytes:
    return msgspec.json.encode(
        {
            "success": True,
            "data": data,
            "pagination": {
                "page": page,
                "limit": 20,
                "total": total,
                "pages": math.ceil(total / 20),
                "hasNext": more,
                "hasPrev": page > 1,
            },
        }
    )


app = Peer()
