"""The audit trail as administrators read it: who did what, and when."""

from __future__ import annotations

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
        source="audit_log a",
        columns="""
        a.id, a.at, a.actor_user_id, a.actor_clerk_id, a.impersonator_clerk_id, a.action,
        a.resource, a.resource_id, a.before, a.after, a.ip, a.request_id
        """,
        where=where,
        build=_entry,
    )


def _entry(row: asyncpg.Record) -> AuditEntry:
    known = {name: row[name] for name in AuditEntry.__struct_fields__}
    shown = {name: _without_secrets(row[name]) for name in ("before", "after")}
    return AuditEntry(**{**known, **shown, "id": str(row["id"])})


def _without_secrets(state: Any) -> Any:
    """The state without the fields that by their names are secrets."""
    if isinstance(state, list):
        return [_without_secrets(each) for each in state]
    if not isinstance(state, dict):
        return state
    return {
        name: _without_secrets(value)
        for name, value in state.items()
        if not any(word in name.lower() for word in SECRET_WORDS)
    }
