"""W9: the analyses of a school of a thousand, a hundred thousand and a million users."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

import psycopg

from bench import data, load, servers, turns
from bench.stage import Contestant, Stage
from bench.turns import REBUILD, Notes, say
from bench.workloads import Workload, get
from tests.parts.bulk import unindexed

SIZES = (1_000, 100_000, 1_000_000)
DAYS = 70
MOST_TOPICS = 100  # of a subject
RATE, SECONDS = 25.0, 2.0
# A connection that is new to the database reads its catalogs, and plans the first five requests for
# their values: 12 ms of CPU time, which is not the cost of a request to a server that is running.
WARM_UP = 0.5
IDLE_TURNS = 4
ANALYSES = {
    "overview": "/api/analytics/overview",
    "enrollments": "/api/analytics/enrollments?from={first}&to={last}&interval=week",
    "active learners": "/api/analytics/active-learners?from={first}&to={last}&interval=week",
    "completion": "/api/analytics/completion?limit=100",
    "storage": "/api/analytics/storage",
    "API usage": "/api/analytics/api-usage",
}
# Ten weeks in which every user requests a subject, most are approved, and a third is active a day.
ENROLLMENTS = """
insert into enrollments (id, user_id, subject_id, status, requested_at, decided_at)
select 'e' || id, id, 'subject' || lpad(mod(n, 999)::text, 4, '0'), status, at,
       case when status <> 'PENDING' then at + mod(n, 96) * interval '15 minutes' end
from (
    select u.id, n, now() - mod(n, %(days)s) * interval '1 day' - interval '1 day' as at,
           case when mod(n, 20) = 1 then 'REJECTED' when mod(n, 1000) = 3 then 'PENDING'
           else 'APPROVED' end as status
    from (select id, row_number() over (order by id) as n from users) u
) asked
"""
ACTIVITY = """
insert into activity_days (day, user_id)
select current_date - d, u.id from users u, generate_series(0, %(days)s - 1) d
where mod(hashtext(u.id) + d, 3) = 0
"""
# What the trigger of enrollments records, which is disabled for the rows above.
MOMENTS = """
insert into enrollment_moments (enrollment_id, kind, at, seconds)
select id, 'requested', requested_at, null from enrollments
union all
select id, lower(status), decided_at, extract(epoch from decided_at - requested_at)
from enrollments where status in ('APPROVED', 'REJECTED')
"""
FILLED = """
insert into analytics_state (key, value) values ('filled', '{"after": "", "done": true}')
"""
TOPICS = """
insert into topics (id, name, name_key, subject_id, position)
select s.id || 'x' || n, 'Topic ' || n, 'topic ' || n, s.id, n
from subjects s, generate_series(1, %(topics)s) n
"""
# Each learner began every topic of the subject; a third completed all, and others half of them.
PROGRESS = """
insert into topic_progress (user_id, topic_id, position_tenths, duration_tenths, watched,
                            completed_at, updated_at, recorded_at, active_on)
select e.user_id, t.id, 3000, 6000, '{[0,3000)}',
       case when mod(hashtext(e.user_id), 3) = 0 or mod(t.position, 2) = 0 then e.decided_at end,
       e.decided_at, e.decided_at, e.decided_at::date
from enrollments e join topics t on t.subject_id = e.subject_id
where e.decided_at is not null limit %(rows)s
"""
FILLED_TABLES = ("enrollments", "enrollment_moments", "activity_days", "topics", "topic_progress")


def fill(url: str, users: int, rows: int) -> None:
    """Add the history of a school, without the triggers that note each row.

    Args:
        url: the database with the users and subjects.
        users: their number.
        rows: the rows of progress, fewer in schools where each learner has MOST_TOPICS.
    """
    # One more, because learners without a decision have no progress.
    topics = min(rows // users + 1, MOST_TOPICS)
    given = {"days": DAYS, "topics": topics, "rows": rows}
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("set maintenance_work_mem = '256MB'")
        with unindexed(db, FILLED_TABLES, keys=FILLED_TABLES):
            db.execute("set session_replication_role = replica")
            for statement in (ENROLLMENTS, MOMENTS, ACTIVITY, TOPICS, PROGRESS):
                db.execute(statement, given)
            db.execute(FILLED)
            db.execute("set session_replication_role = origin")
        db.execute(f"vacuum analyze {', '.join(FILLED_TABLES)}".encode())


def rebuild(stage: Stage, url: str) -> float:
    """Run `akako analytics rebuild`; return its seconds."""
    started = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "akako.cli", "analytics", "rebuild"],
        env=servers.process_environment(stage.environment(url)),
        check=True,
        capture_output=True,
    )
    return time.monotonic() - started


async def measured(stage: Stage, *, rounds: int, largest: int, rows: int) -> Notes:
    """Measure each analysis for each size; a contestant is named after its users."""
    contestants, notes = [], Notes()
    for users in [each for each in SIZES if each <= largest]:
        url = stage.another_database(users, prefix="analyses")
        say(f"filling in the history of {users:,} users")
        fill(url, users, rows)
        seconds = rebuild(stage, url)
        say(f"{users:,} users: rolled up in {seconds:.0f} seconds")
        contestants.append(stage.akako(f"akako-analyses-{users}", url=url))
        notes.add(REBUILD, contestants[-1].name, {"seconds": seconds})
    stage.idle = await _idle(stage)
    for number in range(rounds + 1):
        for workload in _workloads(stage):
            for contestant in contestants:
                run = partial(turns.at_rate, stage, contestant, workload, rate=RATE, connections=4)
                await run(WARM_UP)
                figures = await run(SECONDS)
                if number:
                    notes.add(workload.name, contestant.name, figures)
    stage.idle = 0.0
    return notes


async def _idle(stage: Stage) -> float:
    """Return the CPU seconds per second of the database without requests.

    The servers look for jobs. The least of several turns leaves out the jobs themselves.
    """
    found = []
    for _ in range(IDLE_TURNS):
        before = servers.cpu_seconds(stage.postmaster)
        await asyncio.sleep(SECONDS)
        found.append((servers.cpu_seconds(stage.postmaster) - before) / SECONDS)
    return min(found)


def _workloads(stage: Stage) -> list[Workload]:
    admin = f"Bearer {stage.token(data.ADMIN)}"
    today = time.time()
    days = {
        name: time.strftime("%Y-%m-%d", time.gmtime(today - back * 86_400))
        for name, back in (("first", DAYS - 1), ("last", 0))
    }
    return [
        Workload(f"W9 {name}", name, _asking(path.format(**days), admin), frozenset({b"200"}), ())
        for name, path in ANALYSES.items()
    ]


def _asking(path: str, bearer: str) -> Callable[[Contestant], load.Source]:
    """Return what makes the same request again and again."""
    request = get(path, Authorization=bearer)
    return lambda _: load.forever(itertools.repeat(request))
