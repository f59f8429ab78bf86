"""Writes whose authority is checked when they are committed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from akako.kernel.db.database import Database

Confirm = Callable[[Database], Awaitable[None]]


class ConfirmedTransaction:
    """A `Database` bound to an open transaction, with the check that it ends with."""

    def __init__(self, tx: Database, confirm: Confirm) -> None:
        self._tx = tx
        self._confirm: Confirm | None = confirm
        self.fetch = tx.fetch
        self.fetchrow = tx.fetchrow
        self.fetchval = tx.fetchval
        self.execute = tx.execute

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[ConfirmedTransaction]:
        async with self._tx.transaction():
            yield self

    async def confirm(self) -> None:
        """Check the caller's authority, unless that was done."""
        confirm, self._confirm = self._confirm, None
        if confirm:
            await confirm(self._tx)


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
    async def transaction(self) -> AsyncIterator[ConfirmedTransaction]:
        async with self.unconfirmed.transaction() as tx:
            confirmed = ConfirmedTransaction(tx, self._confirm)
            yield confirmed
            await confirmed.confirm()


def unconfirmed(db: Database) -> Database:
    """Return the database itself, for work that needs no authority, such as cleaning up."""
    return db.unconfirmed if isinstance(db, ConfirmedDatabase) else db


async def confirm_now(tx: Database) -> None:
    """Check the caller's authority now and not at the end.

    For verbs by which callers give up authority of their own. They must have locked the account.
    """
    if isinstance(tx, ConfirmedTransaction):
        await tx.confirm()
