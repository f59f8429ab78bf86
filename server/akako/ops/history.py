"""Audit entries for administrators: actor, action, resource and time."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import asyncpg
import msgspec
from msgspec import UNSET, UnsetType

from akako.kernel.core import fields
from akako.kernel.core.envelope import Listed
from akako.kernel.core.errors import SECRET_WORDS
from akako.kernel.db import listing, pages
from akako.kernel.db.database import Database
from akako.kernel.db.listing import Sort, Spec
from akako.kernel.db.pages import Where

ENTRIES = Spec(
    sorts={"createdAt": Sort("a.at")},
    default="createdAt",
    descending=True,
    dates={"created": "a.at"},
    # Cursors contain ids as text; padded text sorts like the numbers.
    identity="lpad(a.id::text, 20, '0')",
)

# Earlier versions stored whole topic texts, up to 800 kB each. The limit keeps a page below 4 MiB.
MAX_STATE_BYTES = 16 * 1024

Word = Annotated[str, fields.line(1, 200)]


class AuditEntry(msgspec.Struct, rename="camel", kw_only=True):
    """An audit entry. The actor is null if the server or the identity provider acted.

    `before` and `after` hold the changed state: texts longer than 256 characters as `{"length",
    "sha256"}`, and no personal data of deleted users. `count` is above 1 for requests rejected with
    403: those of one actor and operation within an hour share the entry of the first one.
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
    count: int


class AuditFilter(msgspec.Struct, rename="camel", kw_only=True):
    """`actor` is the id of a user, or their Clerk id; the others are compared as they are."""

    actor: Word | UnsetType = UNSET
    resource: Word | UnsetType = UNSET
    resource_id: Word | UnsetType = UNSET
    action: Word | UnsetType = UNSET


def _bounded(state: str) -> str:
    """Return SQL for a state, or for its length if it is too long to be shown.

    `offset 0` keeps the planner from converting the state to text twice.
    """
    return f"""
    (select case when t.text is null or octet_length(t.text) <= {MAX_STATE_BYTES} then {state}
                 else jsonb_build_object('length', length(t.text)) end
     from (select {state}::text as text offset 0) t)
    """


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
    return await pages.fetch(
        db,
        ENTRIES,
        request,
        source="audit_log a",
        columns=f"""
        a.id, a.at, a.actor_user_id, a.actor_clerk_id, a.impersonator_clerk_id, a.action,
        a.resource, a.resource_id, {_bounded("a.before")} as before,
        {_bounded("a.after")} as after, a.ip, a.request_id, a.count
        """,
        where=where,
        build=_entry,
    )


def _entry(row: asyncpg.Record) -> AuditEntry:
    known = {name: row[name] for name in AuditEntry.__struct_fields__}
    shown = {name: _without_secrets(row[name]) for name in ("before", "after")}
    return AuditEntry(**{**known, **shown, "id": str(row["id"])})


def _without_secrets(state: Any) -> Any:
    """Return the state without fields whose names denote secrets."""
    if isinstance(state, list):
        return [_without_secrets(each) for each in state]
    if not isinstance(state, dict):
        return state
    return {
        name: _without_secrets(value)
        for name, value in state.items()
        if not any(word in name.lower() for word in SECRET_WORDS)
    }
