"""SQL about users."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

import asyncpg
import msgspec

from akako.identity.schemas import AdminUser, Profile, User, UserRole
from akako.kernel.core.access import ROLES
from akako.kernel.core.envelope import Listed
from akako.kernel.db import listing, pages
from akako.kernel.db.database import Database
from akako.kernel.db.listing import Choice, Flag, Sort, Spec
from akako.kernel.db.pages import Where

U = TypeVar("U", bound=User)


USERS = Spec(
    sorts={
        "createdAt": Sort("u.created_at"),
        "updatedAt": Sort("u.updated_at"),
        "email": Sort("coalesce(u.email_key, '')", "text"),
        "firstName": Sort("u.first_sort_key", "text"),
        "lastName": Sort("u.last_sort_key", "text"),
    },
    default="createdAt",
    descending=True,
    filters={
        "role": Choice(ROLES, many=True),
        "status": Choice(("ACTIVE", "INACTIVE", "SUSPENDED", "DELETED")),
        "isActive": Flag(),
    },
    search=True,
    dates={"created": "u.created_at", "updated": "u.updated_at"},
    identity="u.id",
)

# Effective now: the start is inclusive, the end exclusive.
EFFECTIVE = "r.effective_start <= now() and (r.effective_end is null or r.effective_end > now())"


def _columns(assigned_by: str, which: str = "") -> str:
    """Return the select list of a user. `which` limits the role windows by a condition.

    The last column is the windows in order and the roles effective now, as one JSON text.
    """
    return f"""
    u.id, u.clerk_id, u.email, u.username, u.first_name, u.last_name, u.image_url,
    case when u.deleted_at is null then u.status else 'DELETED' end, u.plan,
    u.created_at, u.updated_at, u.last_synced_at,
    (select json_build_array(
        coalesce(json_agg(json_build_object(
                'id', r.id, 'role', r.role, 'effectiveStartDate', r.effective_start,
                'effectiveEndDate', r.effective_end, 'assignedBy', {assigned_by})
            order by r.effective_start, r.id), '[]'),
        coalesce(json_agg(r.role) filter (where {EFFECTIVE}), '[]'))
     from user_roles r where r.user_id = u.id {which})::text as windows
    """


COLUMNS = _columns("r.assigned_by")
# A profile shows the open windows. Only administrators see who assigned a role.
OWN_COLUMNS = _columns("null::text", f"and {EFFECTIVE}")
FACTS, WIDTH = 9, 13  # number of columns before the times, and of all columns

_windows = msgspec.json.Decoder(tuple[list[UserRole], list[str]])


def in_order(roles: Collection[str]) -> list[str]:
    """Return the roles without duplicates, in the order of ROLES."""
    return [role for role in ROLES if role in roles]


def _admin_user(row: asyncpg.Record) -> AdminUser:
    """Build a user from a row that begins with COLUMNS. Reading by position is faster."""
    created_at, updated_at, synced_at, windows = row[FACTS:WIDTH]
    history, roles = _windows.decode(windows)
    if len(roles) > 1:
        roles = in_order(roles)
    more = (roles, created_at, updated_at, history, synced_at)
    return AdminUser(*row[:FACTS], *more)  # type: ignore[call-arg]


def _user(row: asyncpg.Record, model: type[U]) -> U:
    user = _admin_user(row)
    if model is AdminUser:
        return user  # type: ignore[return-value]
    return model(*[getattr(user, name) for name in model.__struct_fields__])


async def get_user(db: Database, user_id: str, model: type[U], *, lock: bool = False) -> U | None:
    """Return a user who is not deleted. `lock` locks the row until the end of the transaction."""
    columns = OWN_COLUMNS if model is Profile else COLUMNS
    sql = f"select {columns} from users u where u.id = $1 and u.deleted_at is null"
    row = await db.fetchrow(sql + (" for update of u" if lock else ""), user_id)
    return _user(row, model) if row else None


async def list_users(db: Database, request: listing.Request) -> Listed[AdminUser]:
    where = Where()
    deleted = request["status"] == "DELETED"
    where.add("u.deleted_at is not null" if deleted else "u.deleted_at is null")
    if request["status"] and not deleted:
        where.add("u.status = {}", request["status"])
    if request["isActive"] is not None:
        where.add("(u.status = 'ACTIVE') = {}", request["isActive"])
    if request["role"]:
        where.add(
            f"exists (select from user_roles r where r.user_id = u.id and r.role = any({{}}) "
            f"and {EFFECTIVE})",
            list(request["role"]),
        )
    where.search("u.search_key", request.search)
    where.dates(USERS, request)
    return await pages.fetch(
        db,
        USERS,
        request,
        source="users u",
        columns=COLUMNS,
        where=where,
        build=_admin_user,
    )


async def update_user(db: Database, user_id: str, changes: dict[str, object]) -> None:
    """Set columns and `updated_at`. Column names come from this code, never from a caller."""
    sets = ", ".join(f"{column} = ${n}" for n, column in enumerate(changes, start=2))
    sql = f"update users set {sets}, updated_at = now() where id = $1"
    await db.execute(sql, user_id, *changes.values())
