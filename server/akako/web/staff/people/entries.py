"""Audit entries as the pages show them: who did what, and which fields changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from akako.ops.history import AuditEntry
from akako.web.site import Visit
from akako.web.staff.people import actions, fields

INLINE, SHORT = 2, 80  # how many changes are shown without opening the entry, and characters
# What these fields say is in the time, the actor and the resource of the entry.
UNSHOWN = {"id", "updatedAt", "createdAt", "lastSyncedAt"}

CONCERNED = ("userId", "topicId", "subjectId")


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


def ids_in(entries: Sequence[AuditEntry]) -> set[str]:
    """Return the ids of the actors, and of all that the entries are about or refer to."""
    found = {id for each in entries for id in (each.actor_user_id, each.resource_id) if id}
    states = (state for each in entries for state in (each.before, each.after))
    return found.union(*map(fields.ids_in, states))


def describe(visit: Visit, each: AuditEntry, names: Mapping[str, str]) -> Entry:
    """Return an entry in words. `names`: of users who are not deleted, and of the curriculum."""
    known = names.get(each.actor_user_id or "")
    unnamed = each.actor_clerk_id or each.actor_user_id or visit.text("The server")
    found = changes(visit, each, names)
    return Entry(
        at=each.at,
        who=known or unnamed,
        who_id=each.actor_user_id if known else None,
        what=actions.action(visit.language, each.action),
        code=each.action,
        name=_name(visit, each, names),
        short=0 < len(found) <= INLINE and bool(each.before) and all(map(_fits, found)),
        resource=actions.resource(visit.language, each.resource),
        resource_id=each.resource_id,
        changes=found,
        count=each.count,
        request_id=each.request_id,
    )


def _name(visit: Visit, each: AuditEntry, names: Mapping[str, str]) -> str:
    """Return the name of the thing or person; otherwise the role, person and topic concerned."""
    state = {**(each.before or {}), **(each.after or {})}
    person = " ".join(str(state[part]) for part in ("firstName", "lastName") if state.get(part))
    if state.get("name") or person:
        return str(state.get("name") or person)
    about = [each.resource_id, *(state.get(name) for name in CONCERNED)]
    known = (names.get(id, "") for id in about if isinstance(id, str))
    role = fields.field_value(visit, "role", state.get("role"), names)
    return ", ".join(dict.fromkeys(part for part in (role, *known) if part))


def _fits(change: Change) -> bool:
    return len(change.before) + len(change.after) <= SHORT


def changes(visit: Visit, each: AuditEntry, names: Mapping[str, str]) -> list[Change]:
    """Return the fields that differ, in words and in the order of the states."""
    old, new = each.before or {}, each.after or {}
    differing = [
        name
        for name in dict.fromkeys((*old, *new))
        if name not in UNSHOWN and old.get(name) != new.get(name)
    ]
    return [
        Change(
            fields.field_name(visit.language, name, each.resource),
            fields.field_value(visit, name, old.get(name), names),
            fields.field_value(visit, name, new.get(name), names),
        )
        for name in differing
    ]
