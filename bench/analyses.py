"""W9: the analyses of a school of a thousand, a hundred thousand and a million users."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable

import psycopg

from bench import data, load, progress, servers, turns
from bench.stage import Contestant, Stage
from bench.turns import Notes, say
from bench.workloads import Workload, get
from tests.parts.bulk import unindexed

SIZES = (1_000, 100_000, 1_000_000)
DAYS = 70
RATE, SECONDS = 5.0, 2.0
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


def fill(url: str, rows: int) -> None:
    """Add the history of a school, without the triggers that note each row."""
    given = {"days": DAYS}
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("set maintenance_work_mem = '256MB'")
        with unindexed(db, ("enrollments", "activity_days")):
            db.execute("set session_replication_role = replica")
            db.execute(ENROLLMENTS, given)
            db.execute(ACTIVITY, given)
            db.execute("set session_replication_role = origin")
        db.execute("vacuum analyze enrollments, activity_days")
    progress.fill(url, rows)


def rebuild(stage: Stage, url: str) -> float:
    """Run `akako analytics rebuild`; return its seconds."""
    started = time.monotonic()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AKAKO_")}
    subprocess.run(
        [sys.executable, "-m", "akako.cli", "analytics", "rebuild"],
        env=kept | stage.environment(url) | {"PYTHONPATH": str(servers.ROOT / "server")},
        check=True,
        capture_output=True,
    )
    return time.monotonic() - started


async def measured(stage: Stage, *, rounds: int, largest: int, rows: int) -> Notes:
    """Measure each analysis for each size; a contestant is named after its users."""
    contestants = []
    for users in [each for each in SIZES if each <= largest]:
        url = stage.another_database(users, prefix="analyses")
        fill(url, min(rows, users * progress.TOPICS))
        say(f"{users:,} users: rolled up in {rebuild(stage, url):.0f} seconds")
        contestants.append(stage.akako(f"akako-analyses-{users}", url=url))
    notes = Notes()
    for number in range(rounds + 1):
        for workload in _workloads(stage):
            for contestant in contestants:
                figures = await turns.at_rate(
                    stage, contestant, workload, SECONDS, rate=RATE, connections=4
                )
                if number:
                    notes.add(workload.name, contestant.name, figures)
    return notes


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
