"""Transactions that check the caller's authority before the commit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from akako.kernel.db.database import Database

Confirm = Callable[[Database], Awaitable[None]]


class ConfirmedTransaction:
    """A `Database` on an open transaction that ends with a check."""

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
        """Check the caller's authority, unless it was checked."""
        confirm, self._confirm = self._confirm, None
        if confirm:
            await confirm(self._tx)


class ConfirmedDatabase:
    """A `Database` on behalf of a caller; each transaction ends with `confirm`.

    An error of `confirm` rolls the transaction back. It runs last, because an action may lock rows
    of other users first; otherwise two administrators who change each other would deadlock.
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
    """Return the plain database, for work without authority, such as cleanup."""
    return db.unconfirmed if isinstance(db, ConfirmedDatabase) else db


async def confirm_now(tx: Database) -> None:
    """Check the caller's authority now instead of at the end.

    For actions that reduce the caller's own authority, which must have locked the account, and
    before a lock for which other transactions wait.
    """
    if isinstance(tx, ConfirmedTransaction):
        await tx.confirm()
