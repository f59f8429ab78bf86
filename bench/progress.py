"""W8: learners save their progress while the table holds ten million rows."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

import psycopg

from bench import data, load, rivals, turns, workloads
from bench.load import Source
from bench.stage import Contestant, Stage
from bench.turns import Notes, say
from bench.workloads import Workload
from tests.parts.bulk import unindexed

PEERS = ("handwritten", "fastify")
SUBJECT = "subject0999"
TOPICS = 100
PIECE_SECONDS = 10  # what one write adds
LESSON_SECONDS = 6_000
LESSONS = """
insert into topics (id, name, name_key, subject_id)
select 'lesson' || lpad(n::text, 3, '0'), 'Lesson ' || n, 'lesson ' || n, %(subject)s
from generate_series(0, %(topics)s - 1) n
"""
PLACES = """
insert into enrollments (id, user_id, subject_id, status, decided_at)
select 'place' || clerk_id, id, %(subject)s, 'APPROVED', now() from users
where clerk_id = any(%(pupils)s)
"""
STORED = """
insert into topic_progress (user_id, topic_id, position_tenths, duration_tenths, watched,
                            updated_at, recorded_at, active_on)
select u.id, t.id, 3000, 6000, '{[0,3000)}', at, at, at::date
from users u cross join topics t,
     lateral (select timestamptz '2026-09-01Z' + mod(hashtext(u.id), 70) * interval '1 day') d(at)
where t.subject_id = %(subject)s and u.clerk_id <> all(%(pupils)s) limit %(rows)s
"""


def fill(url: str, rows: int) -> None:
    """Add a subject of 100 topics in which the pupils are enrolled, and progress of other users."""
    say(f"filling in {rows:,} rows of progress")
    given = {"subject": SUBJECT, "topics": TOPICS, "pupils": data.pupils(), "rows": rows}
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(LESSONS, given)
        db.execute(PLACES, given)
        db.execute("set maintenance_work_mem = '256MB'")
        with unindexed(db, ("topic_progress",), keys=("topic_progress",)):
            db.execute(STORED, given)
        db.execute("vacuum analyze topic_progress, topics, enrollments")


async def measured(prepared: Stage, *, seconds: float, rounds: int, rows: int) -> Notes:
    """Measure our server beside the peers that have this endpoint."""
    fill(prepared.url, rows)
    contestants = [prepared.akako()]
    for name in PEERS:
        rivals.install(name)
        contestants.append(prepared.rival(name))
    writes = Writes(prepared)
    good = frozenset({b"200"})
    # Repeated, this write changes nothing. Languages format whole numbers differently.
    once = Workload("W8", "", lambda _: load.forever(writes.of(0, 10.5)), good)
    for peer in contestants[1:]:
        await workloads.check_same(contestants[0], peer, once, prepared.url)
    workload = Workload("W8", "a learner saves progress", writes.source, good, PEERS)
    return await turns.interleaved(
        prepared, [(workload, contestants)], seconds=seconds, rounds=rounds
    )


class Writes:
    """The writes of a turn: every learner continues each topic, ten seconds at a time."""

    def __init__(self, stage: Stage) -> None:
        self._bearers = [f"Bearer {stage.token(clerk_id)}" for clerk_id in data.pupils()]
        self._starts = itertools.cycle(range(0, LESSON_SECONDS // 2, PIECE_SECONDS))

    def source(self, _: Contestant) -> Source:
        return load.forever(
            each for start in self._starts for each in self.of(start, start + PIECE_SECONDS)
        )

    def of(self, start: float, end: float) -> Iterator[bytes]:
        """Create the write of each learner and topic for one piece of the video."""
        update = {"positionSeconds": end, "durationSeconds": LESSON_SECONDS + 0.5}
        body = json.dumps({**update, "watched": [[start, end]]})
        for topic in range(TOPICS):
            for bearer in self._bearers:
                yield (
                    f"PUT /api/progress/topics/lesson{topic:03} HTTP/1.1\r\n"
                    f"Host: 127.0.0.1\r\nAuthorization: {bearer}\r\n"
                    f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
                ).encode()
