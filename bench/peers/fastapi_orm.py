"""What a Python team would write: FastAPI, pydantic models, SQLAlchemy's ORM, PyJWT, redis.

The look-up of ended sessions is left out, in its favour.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import os
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from redis.asyncio import BlockingConnectionPool, Redis
from sqlalchemy import ForeignKey, and_, func, select, tuple_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
)
from sqlalchemy.types import TIMESTAMP

FOLDER = Path(os.environ["BENCH_FOLDER"])
ISSUER = os.environ["BENCH_ISSUER"]
URL = os.environ["BENCH_DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://")
KEY: Any = load_pem_public_key((FOLDER / "public.pem").read_bytes())
ROLES = ("ADMIN", "MENTOR", "LEARNER")
LIMIT = 999_999
COMMON = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-api-version": "2026-11-23",
}

engine = create_async_engine(
    URL, pool_size=10, max_overflow=0, connect_args={"server_settings": {"timezone": "UTC"}}
)
sessions = async_sessionmaker(engine, expire_on_commit=False)
redis = Redis(
    connection_pool=BlockingConnectionPool.from_url(os.environ["BENCH_REDIS_URL"], protocol=2)
)
count_hit = redis.register_script((FOLDER / "limit.lua").read_text())


# Tables


class Table(DeclarativeBase):
    type_annotation_map = {datetime: TIMESTAMP(timezone=True), dict[str, Any]: JSONB}  # noqa: RUF012


class Level(Table):
    __tablename__ = "education_levels"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str]
    image_url: Mapped[str | None]
    is_active: Mapped[bool]
    deleted_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Grade(Table):
    __tablename__ = "grades"
    id: Mapped[str] = mapped_column(primary_key=True)
    level_id: Mapped[str] = mapped_column(ForeignKey("education_levels.id"))
    is_active: Mapped[bool]
    deleted_at: Mapped[datetime | None]
    level: Mapped[Level] = relationship()


class Subject(Table):
    __tablename__ = "subjects"
    id: Mapped[str] = mapped_column(primary_key=True)
    grade_id: Mapped[str] = mapped_column(ForeignKey("grades.id"))
    mentor_id: Mapped[str | None]
    is_active: Mapped[bool]
    deleted_at: Mapped[datetime | None]
    grade: Mapped[Grade] = relationship()


class Role(Table):
    __tablename__ = "user_roles"
    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    role: Mapped[str]
    effective_start: Mapped[datetime]
    effective_end: Mapped[datetime | None]
    assigned_by: Mapped[str | None]

    def holds_at(self, moment: datetime) -> bool:
        end = self.effective_end
        return self.effective_start <= moment and (end is None or end > moment)


class User(Table):
    __tablename__ = "users"
    id: Mapped[str] = mapped_column(primary_key=True)
    clerk_id: Mapped[str]
    email: Mapped[str | None]
    username: Mapped[str | None]
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    image_url: Mapped[str | None]
    status: Mapped[str]
    plan: Mapped[str]
    search_key: Mapped[str] = mapped_column(deferred=True)
    last_synced_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    user_roles: Mapped[list[Role]] = relationship(order_by=(Role.effective_start, Role.id))

    @property
    def roles(self) -> list[str]:
        now = datetime.now(UTC)
        held = {role.role for role in self.user_roles if role.holds_at(now)}
        return [role for role in ROLES if role in held]


class Enrollment(Table):
    __tablename__ = "enrollments"
    id: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(default="PENDING")
    subject_id: Mapped[str] = mapped_column(ForeignKey("subjects.id"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    message: Mapped[str | None]
    requested_at: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decision_reason: Mapped[str | None]


class Audit(Table):
    __tablename__ = "audit_log"
    id: Mapped[int] = mapped_column(primary_key=True)
    actor_user_id: Mapped[str | None]
    actor_clerk_id: Mapped[str | None]
    action: Mapped[str]
    resource: Mapped[str]
    resource_id: Mapped[str | None]
    after: Mapped[dict[str, Any] | None]
    ip: Mapped[str | None]
    request_id: Mapped[str | None]


class Outbox(Table):
    __tablename__ = "outbox"
    id: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str]
    data: Mapped[dict[str, Any]]


# Answers


class Shown(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, from_attributes=True)


class LevelShown(Shown):
    id: str
    name: str
    description: str
    image_url: str | None
    is_active: bool
    created_at: datetime
    updated_at: datetime


class RoleShown(Shown):
    id: str
    role: str
    effective_start: datetime = Field(serialization_alias="effectiveStartDate")
    effective_end: datetime | None = Field(serialization_alias="effectiveEndDate")
    assigned_by: str | None


class UserShown(Shown):
    id: str
    clerk_id: str
    email: str | None
    username: str | None
    first_name: str | None
    last_name: str | None
    image_url: str | None
    status: str
    plan: str
    roles: list[str]
    created_at: datetime
    updated_at: datetime
    user_roles: list[RoleShown]
    last_synced_at: datetime | None


class EnrollmentShown(Shown):
    id: str
    status: str
    subject_id: str
    user_id: str
    message: str | None
    requested_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    decision_reason: str | None


class Pagination(Shown):
    page: int
    limit: int
    total: int
    pages: int
    has_next: bool
    has_prev: bool


class Levels(Shown):
    success: bool = True
    data: list[LevelShown]
    pagination: Pagination


class Users(Shown):
    success: bool = True
    data: list[UserShown]
    pagination: Pagination


class Created(Shown):
    success: bool = True
    data: EnrollmentShown
    message: str = "Enrollment requested successfully"


class Wish(Shown):
    subject_id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    message: str | None = Field(None, max_length=1000)


# What every request passes


async def limited(response: Response) -> None:
    hit = await count_hit(keys=["bench:fastapi"], args=[LIMIT, 60_000_000])
    if not hit[0]:
        raise HTTPException(429)
    response.headers["x-request-id"] = secrets.token_hex(8)
    response.headers["x-ratelimit-limit"] = str(LIMIT)
    response.headers["x-ratelimit-remaining"] = str(hit[1])
    response.headers["x-ratelimit-reset"] = str(math.ceil(time.time() + hit[2] / 1e6))
    response.headers.update(COMMON)
    response.headers["vary"] = "Origin"


async def session() -> Any:
    async with sessions() as opened:
        yield opened


Db = Annotated[AsyncSession, Depends(session)]


async def caller(db: Db, authorization: Annotated[str, Header()]) -> User:
    try:
        claims = jwt.decode(authorization[7:], KEY, algorithms=["RS256"], issuer=ISSUER)
    except jwt.PyJWTError:
        raise HTTPException(401) from None
    query = select(User).options(joinedload(User.user_roles)).where(User.clerk_id == claims["sub"])
    user = (await db.scalars(query)).unique().one_or_none()
    if user is None or user.deleted_at or user.status != "ACTIVE":
        raise HTTPException(401)
    return user


async def admin(user: Annotated[User, Depends(caller)]) -> User:
    if "ADMIN" not in user.roles:
        raise HTTPException(403)
    return user


async def learner(user: Annotated[User, Depends(caller)]) -> User:
    if "LEARNER" not in user.roles:
        raise HTTPException(403)
    return user


app = FastAPI(openapi_url=None, dependencies=[Depends(limited)])


def answer(model: BaseModel, response: Response, status: int = 200) -> Response:
    """The JSON, written once; what FastAPI does by itself costs more."""
    body = model.model_dump_json(by_alias=True)
    response.headers["content-type"] = "application/json; charset=utf-8"
    return Response(body, status, dict(response.headers))


def link(path: str, page: int, order: str, last: Any) -> str:
    raw = [page, "createdAt", order, last.created_at.isoformat(), last.id]
    text = json.dumps(raw, separators=(",", ":")).encode()
    return f'<{path}&cursor={base64.urlsafe_b64encode(text).rstrip(b"=").decode()}>; rel="next"'


def paged(page: int, limit: int, total: int, *, more: bool) -> Pagination:
    return Pagination(
        page=page,
        limit=limit,
        total=total,
        pages=math.ceil(total / limit),
        has_next=more,
        has_prev=page > 1,
    )


@app.get("/api/education/levels")
async def list_levels(
    request: Request, response: Response, db: Db, page: int = 1, limit: int = 20
) -> Response:
    present = and_(Level.deleted_at.is_(None), Level.is_active)
    total = await db.scalar(select(func.count()).select_from(Level).where(present)) or 0
    query = select(Level).where(present).order_by(Level.created_at, Level.id)
    rows = list(await db.scalars(query.limit(limit + 1).offset((page - 1) * limit)))
    shown = [LevelShown.model_validate(row) for row in rows[:limit]]
    response.headers["cache-control"] = "public, max-age=30"
    response.headers["vary"] = "Authorization, Origin"
    path = f"/api/education/levels?limit={limit}"
    response.headers["link"] = link(path, page + 1, "asc", rows[limit - 1])
    done = answer(
        Levels(data=shown, pagination=paged(page, limit, total, more=len(rows) > limit)), response
    )
    tag = f'W/"{hashlib.sha256(done.body).hexdigest()[:32]}"'
    done.headers["etag"] = tag
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={**response.headers, "etag": tag})
    return done


@app.get("/api/users", dependencies=[Depends(admin)])
async def list_users(
    response: Response,
    db: Db,
    search: str | None = None,
    order: str = "desc",
    limit: int = 20,
    cursor: str | None = None,
) -> Response:
    where: list[Any] = [User.deleted_at.is_(None)]
    if search:
        where.append(User.search_key.contains(search, autoescape=True))
    total = await db.scalar(select(func.count()).select_from(User).where(*where)) or 0
    page, path = 1, f"/api/users?search={search}&limit={limit}"
    if cursor:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        page, _, _, moment, after = json.loads(raw)
        where.append(tuple_(User.created_at, User.id) > (datetime.fromisoformat(moment), after))
        path = f"/api/users?sort=createdAt&order={order}&limit={limit}"
    keys = (User.created_at, User.id)
    ordered = keys if order == "asc" else tuple(key.desc() for key in keys)
    query = select(User).options(selectinload(User.user_roles)).where(*where)
    rows = list(await db.scalars(query.order_by(*ordered).limit(limit + 1)))
    shown = [UserShown.model_validate(row) for row in rows[:limit]]
    response.headers["cache-control"] = "no-store"
    response.headers["x-quota-limit"] = "unlimited"
    response.headers["link"] = link(path, page + 1, order, rows[limit - 1])
    pagination = paged(page, limit, total, more=len(rows) > limit)
    return answer(Users(data=shown, pagination=pagination), response)


@app.post("/api/enrollment/request")
async def request_enrollment(
    request: Request,
    response: Response,
    db: Db,
    user: Annotated[User, Depends(learner)],
    wish: Wish,
) -> Response:
    query = (
        select(Subject)
        .join(Subject.grade)
        .join(Grade.level)
        .where(Subject.id == wish.subject_id)
        .where(*(kind.deleted_at.is_(None) for kind in (Subject, Grade, Level)))
        .where(*(kind.is_active for kind in (Subject, Grade, Level)))
    )
    subject = await db.scalar(query)
    if subject is None:
        raise HTTPException(404)
    if subject.mentor_id == user.id:
        raise HTTPException(422)
    enrollment = Enrollment(
        id=secrets.token_hex(16), user_id=user.id, subject_id=subject.id, message=wish.message
    )
    try:
        db.add(enrollment)
        await db.flush()
    except IntegrityError:
        raise HTTPException(409) from None
    concerned = {"userId": user.id, "subjectId": subject.id}
    db.add(
        Audit(
            actor_user_id=user.id,
            actor_clerk_id=user.clerk_id,
            action="enrollment.requested",
            resource="enrollment",
            resource_id=enrollment.id,
            after={"status": "PENDING", **concerned, "decidedAt": None, "decidedBy": None},
            ip=request.client.host if request.client else None,
            request_id=response.headers["x-request-id"],
        )
    )
    db.add(
        Outbox(
            id=secrets.token_hex(16),
            type="enrollment.requested",
            data={"enrollmentId": enrollment.id, **concerned},
        )
    )
    await db.commit()
    shown = EnrollmentShown.model_validate(enrollment)
    response.headers["cache-control"] = "no-store"
    response.headers["x-quota-limit"] = "unlimited"
    response.headers["location"] = "/api/enrollment/me"
    tag = hashlib.sha256(shown.model_dump_json(by_alias=True).encode()).hexdigest()[:32]
    response.headers["etag"] = f'"{tag}"'
    return answer(Created(data=shown), response, 201)
