"""Audit entries as the pages show them: who did what, and which fields changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from akako.ops.history import AuditEntry
from akako.web.site import Visit
from akako.web.staff.people import actions

INLINE, SHORT = 2, 80  # how many changes are shown without opening the entry, and characters
# What these entries say is in their time, and in who made them.
UNSHOWN = {"updatedAt", "createdAt", "lastSyncedAt"}


class Change(msgspec.Struct, frozen=True):
    """A field that an entry changed; empty where it was absent."""

    field: str
    before: str
    after: str


class Entry(msgspec.Struct, kw_only=True):
    """An audit entry in words."""

    at: datetime
    who: str
    who_id: str | None
    what: str
    code: str
    name: str
    resource: str
    resource_id: str | None
    short: bool  # whether all changes fit into a line
    changes: list[Change]
    count: int
    request_id: str | None


def actors(entries: Sequence[AuditEntry]) -> set[str]:
    return {each.actor_user_id for each in entries if each.actor_user_id}


def describe(visit: Visit, each: AuditEntry, names: Mapping[str, str]) -> Entry:
    """Return an entry in words. `names`: of the users who are not deleted."""
    known = names.get(each.actor_user_id or "")
    unnamed = each.actor_clerk_id or each.actor_user_id or visit.text("The server")
    found = changes(each.before, each.after)
    return Entry(
        at=each.at,
        who=known or unnamed,
        who_id=each.actor_user_id if known else None,
        what=actions.action(visit.language, each.action),
        code=each.action,
        name=_name(each.after or each.before or {}),
        short=0 < len(found) <= INLINE and bool(each.before) and all(map(_fits, found)),
        resource=actions.resource(visit.language, each.resource),
        resource_id=each.resource_id,
        changes=found,
        count=each.count,
        request_id=each.request_id,
    )


def _name(state: Mapping[str, Any]) -> str:
    """Return the name that a state holds: of the thing, of a person, or of a role."""
    person = " ".join(str(state[part]) for part in ("firstName", "lastName") if state.get(part))
    return str(state.get("name") or person or state.get("role") or "")


def _fits(change: Change) -> bool:
    return len(change.before) + len(change.after) <= SHORT


def changes(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[Change]:
    """Return the fields that differ, in the order of the states."""
    old, new = before or {}, after or {}
    fields = [*old, *(name for name in new if name not in old)]
    return [
        Change(name, _shown(old.get(name)), _shown(new.get(name)))
        for name in fields
        if name not in UNSHOWN and old.get(name) != new.get(name)
    ]


def _shown(value: object) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
