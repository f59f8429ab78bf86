"""The audit trail as administrators read it: who did what, and when."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any

import asyncpg
import msgspec
from msgspec import UNSET, UnsetType

from akako.kernel import fields, listing
from akako.kernel.database import Database
from akako.kernel.envelope import Listed
from akako.kernel.errors import SECRET_WORDS
from akako.kernel.listing import Sort, Spec, Where

ENTRIES = Spec(
    sorts={"createdAt": Sort("a.at")},
    default="createdAt",
    descending=True,
    dates={"created": "a.at"},
    # Cursors carry ids as text, and text of one length sorts as the numbers do.
    identity="lpad(a.id::text, 20, '0')",
)
PERSONAL = frozenset({"email", "firstName", "lastName", "imageUrl"})

Word = Annotated[str, fields.line(1, 200)]


class AuditEntry(msgspec.Struct, rename="camel", kw_only=True):
    """A deed. The actor is null where the server or the identity provider acted.

    `before` and `after` hold the changed state; of deleted users without anything personal.
    """

    id: str
    at: datetime
    actor_user_id: str | None
    actor_clerk_id: str | None
    impersonator_clerk_id: str | None
    action: str
    resource: str
    resource_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    ip: str | None
    request_id: str | None


class AuditFilter(msgspec.Struct, rename="camel", kw_only=True):
    """`actor` is the id of a user, or their Clerk id; the others are compared as they are."""

    actor: Word | UnsetType = UNSET
    resource: Word | UnsetType = UNSET
    resource_id: Word | UnsetType = UNSET
    action: Word | UnsetType = UNSET


async def list_entries(
    db: Database, chosen: AuditFilter, request: listing.Request
) -> Listed[AuditEntry]:
    where = Where()
    if chosen.actor:
        where.add(
            "a.actor_user_id = (select id from users where id = {} or clerk_id = {})",
            chosen.actor,
            chosen.actor,
        )
    for column in ("resource", "resource_id", "action"):
        if wanted := getattr(chosen, column):
            where.add(f"a.{column} = {{}}", wanted)
    where.dates(ENTRIES, request)
    return await listing.fetch(
        db,
        ENTRIES,
        request,
        source="audit_log a left join users u on a.resource = 'user' and u.id = a.resource_id",
        columns="""
        a.id, a.at, a.actor_user_id, a.actor_clerk_id, a.impersonator_clerk_id, a.action,
        a.resource, a.resource_id, a.before, a.after, a.ip, a.request_id,
        u.deleted_at is not null as forgotten
        """,
        where=where,
        build=_entry,
    )


def _entry(row: asyncpg.Record) -> AuditEntry:
    known = {name: row[name] for name in AuditEntry.__struct_fields__}
    hidden = PERSONAL if row["forgotten"] else frozenset()
    shown = {name: _without(row[name], hidden) for name in ("before", "after")}
    return AuditEntry(**{**known, **shown, "id": str(row["id"])})


def _without(state: Any, hidden: Collection[str]) -> Any:
    """The state without these fields, and without any that by its name is a secret."""
    if isinstance(state, list):
        return [_without(each, hidden) for each in state]
    if not isinstance(state, dict):
        return state
    return {
        name: _without(value, hidden)
        for name, value in state.items()
        if name not in hidden and not any(word in name.lower() for word in SECRET_WORDS)
    }
