"""Rules of all decisions: never on an own request, and open to undoing for a short time."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from akako.kernel.core.access import ADMIN, Actor
from akako.kernel.core.errors import Forbidden
from akako.kernel.db.database import Database

REOPEN_SECONDS = 30  # in which a decision can be undone
TOO_LATE = f"Only a decision of the last {REOPEN_SECONDS} seconds can be reopened"

# The name of a user `u` in lists: names, else username or address; null for a deleted user.
NAME = "coalesce(nullif(concat_ws(' ', u.first_name, u.last_name), ''), u.username, u.email)"
DECIDER = f"(select {NAME} from users u where u.id = {{}}.decided_by) as decided_by_name"


class Made(NamedTuple):
    """A decision that was made: the moment, and id and name of the administrator."""

    at: datetime
    by: str | None
    name: str | None


async def refuse_own_request(tx: Database, actor: Actor, user_id: str) -> None:
    """Raise Forbidden if the actor or the impersonator made the request."""
    own = actor.user_id == user_id
    if not own and actor.impersonator:
        sql = "select exists (select from users where id = $1 and clerk_id = $2)"
        own = await tx.fetchval(sql, user_id, actor.impersonator)
    if own:
        message = "You cannot decide on your own request"
        raise Forbidden(message, required=(ADMIN,), user_roles=actor.roles)
