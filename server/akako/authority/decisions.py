"""Rules of all decisions: never on an own request, and open to undoing for a short time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from akako.kernel.core.access import ADMIN, Actor
from akako.kernel.core.errors import Forbidden
from akako.kernel.db.database import Database

REOPEN_SECONDS = 30  # in which a decision can be undone
TOO_LATE = f"Only a decision of the last {REOPEN_SECONDS} seconds can be reopened"

# The name of a user `u` in lists: names, else username or address; null for a deleted user.
NAME = "coalesce(nullif(concat_ws(' ', u.first_name, u.last_name), ''), u.username, u.email)"
DECIDER = f"(select {NAME} from users u where u.id = {{}}.decided_by) as decided_by_name"


MADE = f"""
select d.id, d.decided_at, d.decided_by, {DECIDER.format("d")} from {{}} d
where d.id = any($1) and d.decided_at is not null
"""
MADE_ON = {table: MADE.format(table) for table in ("enrollments", "mentor_applications")}


class Result(Protocol):
    """The result of one of several decisions."""

    id: str
    decided_at: datetime | None
    decided_by: str | None
    decided_by_name: str | None


async def describe(tx: Database, table: str, results: Sequence[Result]) -> None:
    """Add to each result the decision that its request has now, and who made it.

    Args:
        table: A key of MADE_ON.
    """
    made = {row["id"]: row for row in await tx.fetch(MADE_ON[table], [each.id for each in results])}
    for each in results:
        if row := made.get(each.id):
            each.decided_at, each.decided_by = row["decided_at"], row["decided_by"]
            each.decided_by_name = row["decided_by_name"]


async def refuse_own_request(tx: Database, actor: Actor, user_id: str) -> None:
    """Raise Forbidden if the actor or the impersonator made the request."""
    own = actor.user_id == user_id
    if not own and actor.impersonator:
        sql = "select exists (select from users where id = $1 and clerk_id = $2)"
        own = await tx.fetchval(sql, user_id, actor.impersonator)
    if own:
        message = "You cannot decide on your own request"
        raise Forbidden(message, required=(ADMIN,), user_roles=actor.roles)
