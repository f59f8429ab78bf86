"""Writes whose authority is checked when they are committed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from akako.kernel.database import Database

Confirm = Callable[[Database], Awaitable[None]]


class ConfirmedDatabase:
    """A `Database` on behalf of a caller: each of its transactions ends with `confirm`.

    What `confirm` raises undoes the transaction. It runs last because a verb may lock rows of other
    users first: two administrators who change each other would otherwise wait for each other.
    """

    def __init__(self, db: Database, confirm: Confirm) -> None:
        self.unconfirmed = db
        self._confirm = confirm
        self.fetch = db.fetch
        self.fetchrow = db.fetchrow
        self.fetchval = db.fetchval
        self.execute = db.execute

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Database]:
        async with self.unconfirmed.transaction() as tx:
            yield tx
            await self._confirm(tx)


def unconfirmed(db: Database) -> Database:
    """Return the database itself, for work that needs no authority, such as cleaning up."""
    return db.unconfirmed if isinstance(db, ConfirmedDatabase) else db
