"""Compare all accounts with the identity provider, because webhooks can be lost."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import structlog

from akako.identity import accounts
from akako.identity.accounts import Tombstoned
from akako.kernel.core.access import Policy
from akako.kernel.core.errors import Conflict
from akako.kernel.core.ports import Directory
from akako.kernel.db.database import Database
from akako.kernel.telemetry import metrics

log = structlog.get_logger(__name__)

# So many users, or such a part of all, may leave between two reconciliations.
MOST_MISSING = 20
MOST_MISSING_PART = 0.1


class TooManyMissing(Exception):
    """More users are missing at the identity provider than leave a school within days."""

    def __init__(self, missing: int, expected: int) -> None:
        self.missing, self.expected = missing, expected
        super().__init__(f"at least {missing} of {expected} users are missing at Clerk")


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
    *,
    delete_any_number: bool = False,
) -> Summary:
    """Update every account; `progress` receives the compared number and the expected total.

    An account that the list did not contain is fetched by id before it is treated as deleted.
    Many at once are a sign that the provider's list is not that of this school, for example after
    a change of the secret key: then none is deleted, unless `delete_any_number`.

    Raises:
        TooManyMissing: Everything else was updated, but nothing was deleted.
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
    most = math.inf if delete_any_number else max(MOST_MISSING, int(expected * MOST_MISSING_PART))
    missing = list[str]()
    for clerk_id in await _unmet(db, met):
        if await directory.get_user(clerk_id) is None:
            missing.append(clerk_id)
        if len(missing) > most:
            raise TooManyMissing(len(missing), expected)
    for clerk_id in missing:
        await accounts.erase(db, clerk_id)
        summary.deleted += 1
    return summary


async def reconcile_unattended(db: Database, directory: Directory, policy: Policy) -> None:
    """Update every account. Whether many users are to be deleted is left to a person."""
    try:
        await reconcile(db, directory, policy)
    except TooManyMissing as error:
        metrics.alert("users_missing")
        log.warning("users_missing", missing=error.missing, users=error.expected)


async def _unmet(db: Database, met: set[str]) -> list[str]:
    rows = await db.fetch("select clerk_id from users where deleted_at is null")
    return [row["clerk_id"] for row in rows if row["clerk_id"] not in met]
