"""Create the demonstration school with its history, once."""

from __future__ import annotations

from datetime import date

from akako.analytics import rollup
from akako.backends.demo_people import NUMBER
from akako.demo import curriculum, history, rows
from akako.kernel.core.access import Actor
from akako.kernel.core.ports import ObjectStore
from akako.kernel.db.database import Database
from akako.ops.demo import seed_school


async def seed(
    db: Database, store: ObjectStore, admin: Actor, mentor_id: str, *, today: date, zone: str
) -> bool:
    """Create the school unless a level ever existed; return whether it was created.

    School and history are one transaction, so an interrupted start leaves nothing behind.

    Args:
        today: The last day of the history.
        zone: The time zone of the roll-ups.
    """
    async with db.transaction() as tx:
        if not await seed_school(tx, admin, mentor_id):
            return False
        subjects = await curriculum.complete(tx, store, admin, mentor_id)
        topics = [len(each.topics) for each in subjects]
        made = history.make(today, learners=NUMBER, topics=topics)
        await rows.write(tx, admin, subjects, made)
    await rollup.rebuild(db, zone, first=None)
    return True
