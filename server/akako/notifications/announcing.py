"""Notify enrolled learners of published topics, in a job.

A job can stop at any point and run again, also beside another one: the rows of a batch are found by
the batch, and hold all of its topics.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

import asyncpg

from akako.kernel.core.ids import new_id
from akako.kernel.db import locks
from akako.kernel.db.database import Database
from akako.visibility.tree import TOPIC

CHUNK = 2_000  # learners per transaction
# An approval that is younger can still be undone.
UNDOABLE = "e.decided_at > now() - interval '1 minute'"

LOCK = f"select pg_advisory_xact_lock(hashtextextended($1, {locks.PUBLICATIONS_SEED}))"
WITHOUT_BATCH = """
select id from topic_publications where subject_id = $1 and batch_id is null
order by published_at, id
"""
# The batch of the publication that began within the hour before, or a new one.
SET_BATCH = """
update topic_publications p
set batch_id = coalesce((
    select b.id from topic_publications b
    where b.subject_id = p.subject_id and b.id = b.batch_id
      and b.published_at > p.published_at - interval '1 hour'
    order by b.published_at desc limit 1
), p.id)
where p.id = $1
"""
WAITING = """
select batch_id, array_agg(id) as ids from topic_publications
where subject_id = $1 and announced_at is null group by batch_id order by batch_id
"""
TOPICS = f"""
select p.topic_id, max(p.published_at) as at
from topic_publications p join {TOPIC.source} on t.id = p.topic_id
where p.batch_id = $1 and t.subject_id = $2 and {TOPIC.present} and {TOPIC.active}
group by p.topic_id order by at, p.topic_id
"""
LEARNERS = """
select e.user_id, e.id, e.decided_at from enrollments e join users u on u.id = e.user_id
where e.subject_id = $1 and e.status = 'APPROVED' and u.deleted_at is null and e.id > $2
"""
SETTLED = f"{LEARNERS} and not coalesce({UNDOABLE}, false) order by e.id limit $3"
# Undoing an approval waits for the lock, and then deletes the notification. The order is that in
# which several decisions lock their requests, which prevents deadlocks.
RECENT = f"{LEARNERS} and {UNDOABLE} order by e.id limit $3 for share of e"
# Another job may have written more topics of the batch already.
INSERT = """
insert into notifications as n (id, user_id, type, data, merge_key, about)
select id, user_id, 'topic.published', ($4::jsonb[])[place], $5, about
from unnest($1::text[], $2::text[], $3::text[], $6::int[]) as learner (id, user_id, about, place)
on conflict (user_id, merge_key) where merge_key is not null do update
set data = excluded.data, read_at = null, created_at = excluded.created_at
where jsonb_array_length(n.data->'topicIds') < jsonb_array_length(excluded.data->'topicIds')
"""
DONE = "update topic_publications set announced_at = now() where id = any($1)"
LEFT_OVER = """
select distinct subject_id from topic_publications
where announced_at is null and published_at < now() - interval '1 minute'
"""


async def announce(db: Database, *, subject_id: str) -> None:
    """Notify the learners of a subject of all topics that were published and not announced."""
    async with db.transaction() as tx:
        await tx.execute(LOCK, subject_id)
        for row in await tx.fetch(WITHOUT_BATCH, subject_id):
            await tx.execute(SET_BATCH, row["id"])
    for batch in await db.fetch(WAITING, subject_id):
        if batch["batch_id"] is None:
            continue  # published since; its own job follows
        # In this order, because an approval can become older between the two.
        for learners in (RECENT, SETTLED):
            await _announce_batch(db, subject_id, batch["batch_id"], learners)
        await db.execute(DONE, batch["ids"])


async def resume(db: Database) -> None:
    """Announce what a job that was killed has left."""
    for row in await db.fetch(LEFT_OVER):
        await announce(db, subject_id=row["subject_id"])


async def _announce_batch(db: Database, subject_id: str, batch_id: str, learners: str) -> None:
    last = ""
    while True:
        async with db.transaction() as tx:
            # Read again for each chunk: a topic can be hidden or deleted in between.
            rows = await tx.fetch(TOPICS, batch_id, subject_id)
            found = await tx.fetch(learners, subject_id, last, CHUNK)
            if not rows or not found:
                return
            await _insert(tx, subject_id, rows, found, f"topic.published:{batch_id}")
        if len(found) < CHUNK:
            return
        last = found[-1]["id"]


def _data(subject_id: str, topics: list[str]) -> dict[str, Any]:
    return {
        "subjectId": subject_id,
        "topicId": topics[-1],
        "topicIds": topics,
        "count": len(topics),
    }


async def _insert(
    tx: Database,
    subject_id: str,
    published: Sequence[asyncpg.Record],
    learners: Sequence[asyncpg.Record],
    merge_key: str,
) -> None:
    """Notify each learner of the topics that were published since the approval."""
    topics = [row["topic_id"] for row in published]
    times = [row["at"] for row in published]
    firsts = [bisect_left(times, each["decided_at"] or times[0]) for each in learners]
    concerned = [
        (learner, first)
        for learner, first in zip(learners, firsts, strict=True)
        if first < len(topics)
    ]
    places = {first: place for place, first in enumerate(sorted({each for _, each in concerned}))}
    await tx.execute(
        INSERT,
        [new_id() for _ in concerned],
        [learner["user_id"] for learner, _ in concerned],
        [learner["id"] for learner, _ in concerned],
        [_data(subject_id, topics[first:]) for first in places],
        merge_key,
        [places[first] + 1 for _, first in concerned],
    )
