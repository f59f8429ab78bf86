"""Compare all accounts with the identity provider, because webhooks can be lost."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import structlog

from akako.identity import accounts
from akako.identity.accounts import Tombstoned
from akako.kernel.core.access import Policy
from akako.kernel.core.errors import Conflict
from akako.kernel.core.ports import Directory
from akako.kernel.db.database import Database

log = structlog.get_logger(__name__)


class Summary(msgspec.Struct):
    """The result of a reconciliation."""

    seen: int = 0
    created: int = 0
    updated: int = 0
    deleted: int = 0
    conflicts: int = 0


async def reconcile(
    db: Database,
    directory: Directory,
    policy: Policy,
    progress: Callable[[int, int], object] = lambda seen, expected: None,
) -> Summary:
    """Update every account; `progress` receives the compared number and the expected total.

    An account that the list did not contain is fetched by id before it is treated as deleted.
    """
    summary, met = Summary(), set[str]()
    expected = await db.fetchval("select count(*) from users where deleted_at is null")
    async for person in directory.list_users():
        met.add(person.id)
        try:
            merged = await accounts.merge_or_resolve(db, directory, person, policy)
        except Conflict:
            summary.conflicts += 1
        except Tombstoned:
            log.warning("deleted_user_exists", user=person.id)
        else:
            summary.created += merged.created
            summary.updated += merged.changed and not merged.created
        summary.seen += 1
        progress(summary.seen, expected)
    for clerk_id in await _unmet(db, met):
        if await directory.get_user(clerk_id) is None:
            await accounts.erase(db, clerk_id)
            summary.deleted += 1
    return summary


async def _unmet(db: Database, met: set[str]) -> list[str]:
    rows = await db.fetch("select clerk_id from users where deleted_at is null")
    return [row["clerk_id"] for row in rows if row["clerk_id"] not in met]
