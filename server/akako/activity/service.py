"""Record that a user learned today."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, tzinfo

import structlog

from akako.activity import queries
from akako.kernel.core.errors import ServiceUnavailable
from akako.kernel.db.database import AWAY, Database

log = structlog.get_logger(__name__)

MAX_REMEMBERED = 100_000  # users; more of them are written to the database again


class _Today:
    """The users whose activity of this day is stored, as far as this process knows."""

    def __init__(self) -> None:
        self.zone: tzinfo = UTC
        self.day = date.min
        self.users: set[str] = set()
        self.later: set[asyncio.Task[None]] = set()

    def has(self, day: date, user_id: str) -> bool:
        if day != self.day or len(self.users) >= MAX_REMEMBERED:
            self.day, self.users = day, set()
        return user_id in self.users


_today = _Today()


def use_zone(zone: tzinfo) -> None:
    """Set the time zone of the days that are recorded from now on."""
    _today.zone = zone


async def record(db: Database, user_id: str) -> None:
    """Store that the user was active today; one statement per user, day and process.

    Call it after the commit of the action: a rolled back row would be remembered.
    """
    day = datetime.now(_today.zone).date()
    if not _today.has(day, user_id):
        await queries.insert_day(db, day, user_id)
        _today.users.add(user_id)


def record_soon(db: Database, user_id: str) -> None:
    """Do the same in the background, for streams, which must not wait for it or fail with it."""
    if not _today.has(datetime.now(_today.zone).date(), user_id):
        task = asyncio.get_running_loop().create_task(_try_to_record(db, user_id))
        _today.later.add(task)
        task.add_done_callback(_today.later.discard)


async def _try_to_record(db: Database, user_id: str) -> None:
    try:
        await record(db, user_id)
    except (ServiceUnavailable, *AWAY) as error:
        log.warning("activity_not_recorded", user_id=user_id, error=type(error).__name__)
