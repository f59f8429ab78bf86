"""The audit log as a whole: export of the entries of a user, and deletion of old entries."""

from __future__ import annotations

from typing import Any

from akako.kernel.db.database import Database

BATCH = 1_000
EXPORT = """
with own as materialized (
    select id from audit_log where actor_user_id = $1
    union select id from audit_log where resource = 'user' and resource_id = $1
)
select a.id, a.at, a.action, a.resource, a.resource_id as "resourceId",
       case when a.resource = 'user' and a.resource_id = $1 then a.before end as before,
       case when a.resource = 'user' and a.resource_id = $1 then a.after end as after,
       case when a.actor_user_id = $1 then a.ip end as ip
from audit_log a join own using (id) where a.id > $2 order by a.id limit $3
"""
EXPIRE = """
delete from audit_log where id in (
    select id from audit_log where at < now() - make_interval(days => $1) order by at, id limit $2
)
"""
EXPIRE_EVENTS = """
delete from outbox where id in (
    select id from outbox where created_at < now() - make_interval(days => $1)
    order by created_at limit $2
)
"""


async def export_entries(db: Database, user_id: str, after: int) -> list[dict[str, Any]]:
    """Return the next BATCH entries by or about a user, for the export of personal data.

    `after` is the id of the last entry that was returned, 0 at first. The changed state is included
    in entries about the user.
    """
    rows = await db.fetch(EXPORT, user_id, after, BATCH)
    return [dict(row) for row in rows]


async def expire(db: Database, *, audit_days: int, outbox_days: int) -> None:
    """Delete audit entries and events older than so many days, in batches of BATCH rows."""
    for sql, days in ((EXPIRE, audit_days), (EXPIRE_EVENTS, outbox_days)):
        while await db.execute(sql, days, BATCH) == f"DELETE {BATCH}":
            pass
