"""W10: what pages of the web app cost the server, beside Kolibri's learner page in the same run."""

from __future__ import annotations

import hashlib
import http.client
import secrets
import time
from collections.abc import Iterable
from itertools import cycle, islice

import psycopg

from bench import data, kolibri, servers
from bench.stage import Contestant, Stage
from bench.turns import Notes, say

TOPICS, SUBJECTS = 20, 5
IDLE_SECONDS = 4.0
# Per round. Pages are limited to 600 a minute for each person, so the queue gets fewer.
PAGES = {"W10 Home": 200, "W10 topic": 200, "W10 queue": 60}
OF_KOLIBRI = 40
# Every learner has five subjects with twenty topics each, of which a quarter is done.
SCHOOL = """
insert into topics (id, name, name_key, search_key, subject_id, content)
select 'page' || s || 'x' || t, 'Topic ' || t, 'topic ' || t, 'topic ' || t,
       'subject' || lpad(s::text, 4, '0'), repeat('A paragraph about the **topic**. ', 40)
from generate_series(0, %(subjects)s - 1) s, generate_series(0, %(topics)s - 1) t;
insert into enrollments (id, user_id, subject_id, status, decided_at)
select 'e' || u.id || s, u.id, 'subject' || lpad(s::text, 4, '0'), 'APPROVED',
       now() - interval '1 day'
from users u, generate_series(0, %(subjects)s - 1) s where u.clerk_id = any(%(pupils)s);
insert into topic_progress (user_id, topic_id, position_tenths, duration_tenths, completed_at)
select u.id, 'page' || s || 'x' || t, 2520, 6000, case when mod(t, 4) = 0 then now() end
from users u, generate_series(0, %(subjects)s - 1) s, generate_series(0, %(topics)s - 1) t
where u.clerk_id = any(%(pupils)s) and mod(t, 2) = 0;
insert into enrollments (id, user_id, subject_id)
select 'w' || u.id, u.id, 'subject0100' from users u
where u.clerk_id like 'user\\_x%%' limit 1000;
"""


class Reader:
    """A connection that loads pages one after another and checks each."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = headers

    def load(self, path: str) -> int:
        """Return the bytes of a page's body, as sent."""
        try:
            answer = self._ask(path)
        except http.client.RemoteDisconnected:  # the connection was idle for too long
            self._connection.close()
            answer = self._ask(path)
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {body[:300]!r}")
        return len(body)

    def _ask(self, path: str) -> http.client.HTTPResponse:
        self._connection.request("GET", path, headers=self._headers)
        return self._connection.getresponse()


def fill(url: str) -> None:
    """Add what the pages show; the workloads of the API do not measure these tables."""
    values = {"subjects": SUBJECTS, "topics": TOPICS, "pupils": data.pupils()}
    with psycopg.connect(url, autocommit=True) as db:
        for statement in SCHOOL.split(";\n"):
            if statement.strip():
                db.execute(statement.encode(), values)
        db.execute("vacuum analyze")


def readers_of(stage: Stage, ours: Contestant) -> dict[str, tuple[list[Reader], list[str]]]:
    """Fill the school; return who reads which pages, by the name of the measurement."""
    data.clear_enrollments(stage.url)
    fill(stage.url)
    learners = [_signed_in(stage, ours.port, pupil) for pupil in data.pupils()]
    return {
        "W10 Home": (learners, ["/home"]),
        "W10 topic": (learners, [f"/topics/page{n}x{n}" for n in range(SUBJECTS)]),
        "W10 queue": ([_signed_in(stage, ours.port, data.ADMIN)], ["/admin/requests"]),
    }


def measured(stage: Stage, *, rounds: int) -> Notes:
    """Measure Home, a topic and the queue of our server, and Kolibri's learner page, in turns."""
    say("W10, pages")
    ours, notes = stage.akako(), Notes()
    readers = readers_of(stage, ours)
    other, headers, paths = kolibri.start(stage)
    theirs = [Reader(other.port, headers)]
    for contestant in (ours, other):
        contestant.idle = _idle(contestant)
    for number in range(rounds + 1):
        for name, (people, pages) in readers.items():
            figures = _turn(stage, ours, people, pages, PAGES[name])
            if number:
                notes.add(name, "akako", figures)
        for name, pages in (("kolibri, empty page", paths[:1]), ("kolibri, with its data", paths)):
            figures = _turn(stage, other, theirs, pages, OF_KOLIBRI * len(pages))
            if number:
                figures = {key: value * len(pages) for key, value in figures.items()}
                notes.add("W10 Home", name, {"cpu_us": figures["cpu_us"]})
    ours.idle = 0.0
    data.clear_enrollments(stage.url)
    return notes


def _turn(
    stage: Stage, contestant: Contestant, people: list[Reader], paths: list[str], count: int
) -> dict[str, float]:
    """Load pages one after another; return the CPU time of server and database for each."""
    before, database = servers.cpu_seconds(contestant.pid), servers.cpu_seconds(stage.postmaster)
    started = time.perf_counter()
    waits = [_timed(person, path) for person, path in _visits(people, paths, count)]
    spent = servers.cpu_seconds(contestant.pid) - before
    spent -= contestant.idle * (time.perf_counter() - started)
    database = servers.cpu_seconds(stage.postmaster) - database
    ordered = sorted(waits)
    return {
        "cpu_us": spent / count * 1e6,
        "db_us": database / count * 1e6,
        "p50_ms": ordered[count // 2] * 1000,
        "p99_ms": ordered[count * 99 // 100] * 1000,
    }


def read(people: list[Reader], paths: list[str], *, seconds: float, most: int) -> None:
    """Load pages one after another for some seconds, at most a number of them."""
    until = time.monotonic() + seconds
    for person, path in _visits(people, paths, most):
        if time.monotonic() > until:
            return
        person.load(path)


def _visits(people: list[Reader], paths: list[str], count: int) -> Iterable[tuple[Reader, str]]:
    return islice(zip(cycle(people), cycle(paths), strict=False), count)


def _timed(person: Reader, path: str) -> float:
    started = time.perf_counter()
    person.load(path)
    return time.perf_counter() - started


def _idle(contestant: Contestant) -> float:
    before = servers.cpu_seconds(contestant.pid)
    time.sleep(IDLE_SECONDS)
    return (servers.cpu_seconds(contestant.pid) - before) / IDLE_SECONDS


def _signed_in(stage: Stage, port: int, user_id: str) -> Reader:
    """Return a reader with a session, which is written to the database without a sign-in."""
    cookie = secrets.token_urlsafe(32)
    row = (hashlib.sha256(cookie.encode()).digest(), user_id + cookie[:8], user_id, cookie[:22])
    with psycopg.connect(stage.url, autocommit=True) as db:
        db.execute(
            "insert into web_sessions (id_hash, public_id, user_id, form_token, user_agent) "
            "values (%s, %s, %s, %s, 'benchmark')",
            row,
        )
    headers = {"Accept": "text/html", "Accept-Encoding": "gzip"}
    return Reader(port, {"Cookie": f"akako={cookie}", **headers})
