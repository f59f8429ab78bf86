"""Measure outgoing webhooks: CPU time per delivery beside a plain loop with the same signatures."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import httpx2
import psycopg

from akako.kernel.core.ids import new_id
from bench import data, servers
from bench.stage import Contestant, Stage
from bench.turns import Table, say

EVENTS = 2_000
ROUNDS = 2
CONCURRENCY = 50
SETTLE_SECONDS = 2.0
WAIT_SECONDS = 300.0
INSERT = """
insert into outbox (id, type, data)
select id, 'grade.created', jsonb_build_object('id', id, 'name', 'Grade', 'levelId', 'level000')
from unnest(%s::text[]) as made (id)
"""


def measured(stage: Stage) -> Table:
    """Return per contestant the CPU microseconds per delivery, and deliveries per second."""
    say("outgoing webhooks")
    ours = stage.akako()
    port = servers.free_port()
    command = [sys.executable, "-m", "uvicorn", "bench.peers.counting:app", "--port", str(port)]
    command += ["--log-level", "error", "--no-access-log"]
    log = stage.folder / "counting.log"
    stage.stack.enter_context(servers.started(command, port, {}, log=log))
    url = f"http://127.0.0.1:{port}/hook"
    secret = _register(stage, ours, url)
    figures = [
        each
        for _ in range(ROUNDS)
        for each in (_our_round(stage, url), _loop_round(stage, url, secret))
    ]
    return {
        "deliveries": {
            name: {
                key: round(statistics.median(each[key] for who, each in figures if who == name), 1)
                for key in ("cpu_us", "per_second")
            }
            for name in ("akako", "loop")
        }
    }


def _register(stage: Stage, ours: Contestant, url: str) -> str:
    """Register the receiver as an administrator; return the secret."""
    response = httpx2.post(
        f"http://127.0.0.1:{ours.port}/api/integrations/webhooks",
        headers={"Authorization": f"Bearer {stage.token(data.ADMIN)}"},
        json={"url": url, "events": ["*"]},
    )
    if response.status_code != 201:
        raise RuntimeError(response.text)
    return str(response.json()["data"]["secret"])


def _received(url: str) -> int:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return int(answer.read())


def _our_round(stage: Stage, url: str) -> tuple[str, dict[str, float]]:
    """Write events as a transaction does, and wait until all have arrived and are recorded."""
    before = _received(url)
    spent, started = _servers_seconds(stage), time.monotonic()
    with psycopg.connect(stage.url, autocommit=True) as db:
        db.execute(INSERT, ([new_id() for _ in range(EVENTS)],))
        while _received(url) < before + EVENTS:
            if time.monotonic() > started + WAIT_SECONDS:
                raise RuntimeError(f"{_received(url) - before} of {EVENTS} events arrived")
            time.sleep(0.1)
        seconds = time.monotonic() - started
        time.sleep(SETTLE_SECONDS)  # for the record of the last attempts
    return "akako", _figures(_servers_seconds(stage) - spent, seconds)


def _servers_seconds(stage: Stage) -> float:
    """Return the CPU seconds of all our servers: each of them delivers."""
    ours = [each for each in stage.running.values() if each.name.startswith("akako")]
    return sum(servers.cpu_seconds(each.pid) for each in ours)


def _loop_round(stage: Stage, url: str, secret: str) -> tuple[str, dict[str, float]]:
    file = stage.folder / "events.jsonl"
    payload = {"type": "grade.created", "timestamp": "2026-01-31T08:00:00Z"}
    lines = []
    for _ in range(EVENTS):
        id = new_id()
        content = {"id": id, "name": "Grade", "levelId": "level000"}
        lines.append(json.dumps({"id": id, "payload": {**payload, "data": content}}))
    Path(file).write_text("\n".join(lines))
    spent, started = _children_seconds(), time.monotonic()
    command = [sys.executable, "-m", "bench.peers.sending_loop"]
    subprocess.run([*command, str(file), url, secret, str(CONCURRENCY)], check=True)
    return "loop", _figures(_children_seconds() - spent, time.monotonic() - started)


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _figures(cpu_seconds: float, seconds: float) -> dict[str, float]:
    return {"cpu_us": cpu_seconds / EVENTS * 1e6, "per_second": EVENTS / seconds}
