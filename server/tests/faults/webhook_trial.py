"""Deliver events to good and bad receivers while the server is killed again and again."""

from __future__ import annotations

import itertools
import statistics
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import NamedTuple

from akako.kernel.core.ids import new_id
from tests.integrations.webhooks import PATH, register
from tests.parts.ports import free_port
from tests.parts.receiver import Answer, Received, Receiver, receiving
from tests.parts.server import Server

BATCH = 10
INSERT = """
insert into outbox (id, type, data)
select id, 'grade.created', jsonb_build_object('id', id) from unnest(%s::text[]) as made (id)
"""
# Retries that would come minutes later are due now, apart from those of the dead receiver.
HASTEN = """
update webhook_deliveries set next_attempt_at = now()
where status = 'PENDING' and next_attempt_at > now() + interval '10 seconds'
    and endpoint_id = any(%s)
"""


class Figures(NamedTuple):
    """What a trial found."""

    events: int
    kills: int
    seconds: float
    requests: dict[str, int]  # by receiver
    duplicates: dict[str, int]
    missing: dict[str, int]
    median_delay: float  # of the healthy receivers, for events announced while the server was up
    left: dict[str, int]  # deliveries that wait, by receiver


class Trial:
    """`slow` is how many seconds the slow receiver takes, `rate` the number of events a second."""

    def __init__(self, api: Server, *, events: int, kills: int, slow: float, rate: float) -> None:
        self.api = api
        self.events, self.kills, self.slow, self.rate = events, kills, slow, rate
        self.announced: dict[str, float] = {}  # when the event was written, by id
        self.up: list[tuple[float, float]] = []  # when the server was ready, and when it was killed
        self.receivers: dict[str, Receiver] = {}
        self.endpoints: dict[str, str] = {}
        self._counter = itertools.count(1)
        self._accepted_by_third: list[str] = []

    def run(self) -> Figures:
        started = time.monotonic()
        with ExitStack() as stack:
            self._register(stack)
            writing = threading.Thread(target=self._announce)
            writing.start()
            ready = time.monotonic()
            for number in range(1, self.kills + 1):
                self._wait_for_events(number * self.events // (self.kills + 1))
                self.api.kill()
                self.up.append((ready, time.monotonic()))
                self.api.start()
                ready = time.monotonic()
            writing.join()
            self._finish()
            self.up.append((ready, time.monotonic()))
            return self._figures(time.monotonic() - started)

    def _register(self, stack: ExitStack) -> None:
        for name in ("healthy", "healthy too", "slow", "third"):
            self.receivers[name] = stack.enter_context(receiving())
        self.receivers["slow"].answer = lambda received: Answer(seconds=self.slow)
        self.receivers["third"].answer = self._fail_every_third
        urls = {name: each.url for name, each in self.receivers.items()}
        urls["dead"] = f"http://127.0.0.1:{free_port()}"
        self.endpoints = {name: register(self.api, url)["id"] for name, url in urls.items()}

    def _fail_every_third(self, received: Received) -> Answer:
        if next(self._counter) % 3 == 0:
            return Answer(500)
        self._accepted_by_third.append(received.id)
        return Answer()

    def _announce(self) -> None:
        with self.api.db() as db:
            for _ in range(0, self.events, BATCH):
                ids = [new_id() for _ in range(BATCH)]
                now = time.monotonic()
                db.execute(INSERT, (ids,))
                self.announced.update(dict.fromkeys(ids, now))
                time.sleep(BATCH / self.rate)

    def _wait_for_events(self, number: int) -> None:
        self._until(lambda: len(self.announced) >= number)

    def _until(self, reached: Callable[[], bool], seconds: float = 600) -> None:
        deadline = time.monotonic() + seconds
        while not reached():
            assert time.monotonic() < deadline, self._left()
            time.sleep(0.02)

    def _finish(self) -> None:
        """Wait until nothing is left for the receivers that can keep up."""
        names = ["healthy", "healthy too", "third", *(["slow"] if self.slow < 1 else [])]
        wanted = [self.endpoints[name] for name in names]

        def finished() -> bool:
            self.api.execute(HASTEN, wanted)
            left = self._left()
            time.sleep(0.2)
            return not any(left.get(name) for name in names)

        self._until(finished)
        # Of many events, some meet the failing receiver eight times in its bad moments.
        replay = {"from": "2026-01-01T00:00:00Z"}
        path = f"{PATH}/{self.endpoints['third']}/replay"
        while self.api.post(path, as_="admin", json=replay).json()["data"]["scheduled"]:
            self._until(finished)

    def _left(self) -> dict[str, int]:
        sql = "select endpoint_id, count(*) from webhook_deliveries where status = 'PENDING'"
        with self.api.db() as db:
            found = dict(db.execute(f"{sql} group by 1".encode()).fetchall())
            (waiting,) = db.execute(
                "select count(*) from outbox where delivered_at is null"
            ).fetchone() or (0,)
        names = {id: name for name, id in self.endpoints.items()}
        return {names[id]: number for id, number in found.items()} | {
            **({"not distributed": waiting} if waiting else {}),
            **(dict.fromkeys(names.values(), 1) if waiting else {}),
        }

    def _figures(self, seconds: float) -> Figures:
        left = self._left()
        received = {name: list(each.received) for name, each in self.receivers.items()}
        accepted = {name: [each.id for each in some] for name, some in received.items()}
        accepted["third"] = self._accepted_by_third
        waiting = self._waiting_ids()
        return Figures(
            events=self.events,
            kills=self.kills,
            seconds=round(seconds, 1),
            requests={name: len(each) for name, each in received.items()},
            duplicates={name: len(each) - len(set(each)) for name, each in accepted.items()},
            missing={
                name: len(self.announced.keys() - set(each) - waiting.get(name, set()))
                for name, each in (accepted | {"dead": []}).items()
            },
            median_delay=round(statistics.median(self._delays(received)), 3),
            left=left,
        )

    def _waiting_ids(self) -> dict[str, set[str]]:
        sql = "select endpoint_id, event_id from webhook_deliveries where status = 'PENDING'"
        names = {id: name for name, id in self.endpoints.items()}
        found: dict[str, set[str]] = {}
        with self.api.db() as db:
            for endpoint_id, event_id in db.execute(sql.encode()):
                found.setdefault(names[endpoint_id], set()).add(event_id)
        return found

    def _delays(self, received: dict[str, list[Received]]) -> list[float]:
        found = []
        for name in ("healthy", "healthy too"):
            first: dict[str, float] = {}
            for each in received[name]:
                first.setdefault(each.id, each.at)
            for id, at in first.items():
                announced = self.announced[id]
                if any(begin <= announced and at <= end for begin, end in self.up):
                    found.append(at - announced)
        return found
