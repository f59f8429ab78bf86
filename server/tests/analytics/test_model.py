"""Random histories of a school beside a naive model; every analysis equals the model."""

from __future__ import annotations

import asyncio
import statistics
import sys
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import psycopg
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from akako.analytics import rollup, service, totals
from akako.analytics.days import Interval, Range, TimeZone, end_of, start_of
from akako.backends.database.pool import Pool
from akako.kernel.core.ids import new_id
from akako.kernel.db import listing
from tests.factories import Topic, create_subject, create_topic, create_user, insert

T = TypeVar("T")
ZONE = TimeZone()
DAYS = 70
INTERVALS: tuple[Interval, ...] = ("day", "week", "month")
# Days ago; often of the last minutes, which the roll-up of today leaves to each request.
ages = st.floats(0, DAYS - 1) | st.floats(0, 0.02)
numbers = st.integers(0, 100)  # taken modulo the number of those that there are
CLEAR = """
truncate enrollments, enrollment_moments, topic_progress, activity_days, analytics_days,
    analytics_open_days, analytics_medians, analytics_subjects, analytics_state;
update subjects set deleted_at = now()
"""


class Request:
    def __init__(self, id: str, user: str, subject: str, at: datetime) -> None:
        self.id, self.user, self.subject, self.at = id, user, subject, at
        self.status = "PENDING"
        self.decided: datetime | None = None
        self.verdict = ""
        self.cancelled: datetime | None = None


class School(RuleBasedStateMachine):
    """The rows are written as the API's statements write them, at times in the past."""

    def __init__(self, db: psycopg.Connection[Any], run: Callable[[Any], Any], pool: Pool) -> None:
        super().__init__()
        self.db, self.run, self.pool = db, run, pool
        self.now, self.steps = datetime.now(UTC), 0
        self.today = self.now.date()
        self.requests: list[Request] = []
        self.active: set[tuple[date, str]] = set()
        self.done: set[tuple[str, str]] = set()
        self.started: set[tuple[str, str]] = set()
        self.gone: set[str] = set()
        db.execute(CLEAR)
        self.subjects = [create_subject(db).id for _ in range(2)]
        self.users = [create_user(db).id for _ in range(4)]
        self.topics: dict[str, list[Topic]] = {
            each: [create_topic(db, subject_id=each) for _ in range(2)] for each in self.subjects
        }
        self.alias = {each: each for each in self.users}

    def moment(self, age: float) -> datetime:
        return self.now - timedelta(days=age)

    @rule(user=numbers, subject=numbers, age=ages)
    def request(self, user: int, subject: int, age: float) -> None:
        who, what = self.users[user % 4], self.subjects[subject % 2]
        own = [each for each in self.requests if (each.user, each.subject) == (who, what)]
        if who in self.gone or any(each.status in ("PENDING", "APPROVED") for each in own):
            return
        one = Request(new_id(), who, what, self.moment(age))
        insert(
            self.db,
            "enrollments",
            id=one.id,
            user_id=who,
            subject_id=what,
            requested_at=one.at,
        )
        self.requests.append(one)

    @precondition(lambda self: self.requests)
    @rule(number=numbers, verdict=st.sampled_from(["APPROVED", "REJECTED"]), part=st.floats(0, 1))
    def decide(self, number: int, verdict: str, part: float) -> None:
        one = self.requests[number % len(self.requests)]
        if one.status == "PENDING":
            one.status = one.verdict = verdict
            one.decided = one.at + (self.now - one.at) * part
            sql = "update enrollments set status = %s, decided_at = %s where id = %s"
            self.db.execute(sql, (verdict, one.decided, one.id))

    @precondition(lambda self: self.requests)
    @rule(number=numbers)
    def cancel(self, number: int) -> None:
        one = self.requests[number % len(self.requests)]
        if one.status in ("PENDING", "APPROVED"):
            one.status, one.cancelled = "CANCELLED", self.now
            self.db.execute("update enrollments set status = 'CANCELLED' where id = %s", (one.id,))

    @precondition(lambda self: self.requests)
    @rule(number=numbers)
    def reopen(self, number: int) -> None:
        one = self.requests[number % len(self.requests)]
        others = [each for each in self.requests if each is not one and each.user == one.user]
        taken = any(
            each.subject == one.subject and each.status in ("PENDING", "APPROVED")
            for each in others
        )
        if one.status in ("APPROVED", "REJECTED") and not taken:
            one.status, one.decided, one.verdict = "PENDING", None, ""
            sql = "update enrollments set status = 'PENDING', decided_at = null where id = %s"
            self.db.execute(sql, (one.id,))

    @rule(user=numbers, subject=numbers, topic=numbers, age=ages, done=st.booleans())
    def learn(self, user: int, subject: int, topic: int, age: float, done: bool) -> None:
        who, what = self.users[user % 4], self.subjects[subject % 2]
        if who in self.gone:
            return
        topic_id = self.topics[what][topic % 2].id
        day = self.moment(age).date()
        self.db.execute(
            "insert into topic_progress (user_id, topic_id, completed_at) values (%s, %s, %s) "
            "on conflict (user_id, topic_id) do update "
            "set completed_at = coalesce(topic_progress.completed_at, excluded.completed_at)",
            (who, topic_id, self.now if done else None),
        )
        sql = "insert into activity_days (day, user_id) values (%s, %s) on conflict do nothing"
        self.started.add((who, topic_id))
        if done:
            self.done.add((who, topic_id))
        self.db.execute(sql, (day, who))
        self.active.add((day, who))

    @rule(user=numbers)
    def delete_user(self, user: int) -> None:
        who = self.users[user % 4]
        if len(self.gone) < 2 and who not in self.gone:
            self.gone.add(who)
            self.db.execute("update users set deleted_at = now() where id = %s", (who,))

    @rule(age=st.none() | st.integers(0, DAYS))
    def rebuild(self, age: int | None) -> None:
        first = None if age is None else self.today - timedelta(days=age)
        self.run(rollup.rebuild(self.pool, "UTC", first=first))

    @rule()
    def roll_up(self) -> None:
        self.run(rollup.roll_up(self.pool, "UTC"))

    @invariant()
    def equals_the_model(self) -> None:
        first = self.today - timedelta(days=DAYS - 3)
        for interval in INTERVALS:
            days = Range(first, self.today, interval)
            found = self.run(service.enrollments(self.pool, ZONE, days))
            assert [self.counted(each) for each in found] == self.enrollments(days)
            active = self.run(service.active_learners(self.pool, ZONE, days))
            assert [(each.date, each.learners_7d, each.learners_28d) for each in active] == (
                self.active_learners(days)
            )
        self.steps += 1
        self.completion_equals()

    def teardown(self) -> None:
        sys.stdout.write(f"{self.steps} steps\n")

    def counted(self, row: Any) -> tuple[Any, ...]:
        median = row.median_hours_to_decision
        return row.date, row.requested, row.approved, row.rejected, row.cancelled, median

    def enrollments(self, days: Range) -> list[tuple[Any, ...]]:
        found = []
        for name, inside in _buckets(days):
            decided = [each for each in self.requests if each.decided and inside(each.decided)]
            hours = [(each.decided - each.at).total_seconds() / 3600 for each in decided]  # type: ignore[operator]
            counts = [
                sum(inside(each.at) for each in self.requests),
                *(
                    sum(each.verdict == verdict for each in decided)
                    for verdict in ("APPROVED", "REJECTED")
                ),
                sum(bool(each.cancelled and inside(each.cancelled)) for each in self.requests),
            ]
            median = _rounded(statistics.median(hours)) if hours else None
            found.append((name, *counts, median))
        return found

    def active_learners(self, days: Range) -> list[tuple[date, int, int]]:
        found = []
        for name, _ in _buckets(days):
            last = min(end_of(name, days.interval), self.today)
            windows = (
                len({who for day, who in self.active if last - timedelta(days=n) < day <= last})
                for n in (7, 28)
            )
            found.append((name, *windows))
        return found  # type: ignore[return-value]

    def completion_equals(self) -> None:
        request = listing.read(totals.LISTED, {"limit": "100"})
        for rolled in (False, True):
            if rolled:
                self.run(rollup._roll_subjects(self.pool))
            listed = self.run(totals.list_completion(self.pool, request, rolled=rolled))
            found = {
                each.subject_id: (each.learners, each.started, each.completed, each.percent)
                for each in listed.data
            }
            assert found == {each: self.completion(each) for each in self.subjects}

    def completion(self, subject: str) -> tuple[int, int, int, int]:
        learners = {
            each.user
            for each in self.requests
            if (each.subject, each.status) == (subject, "APPROVED") and each.user not in self.gone
        }
        topics = [each.id for each in self.topics[subject]]
        started = sum(any((who, each) in self.started for each in topics) for who in learners)
        done = sum(all((who, each) in self.done for each in topics) for who in learners)
        return len(learners), started, done, done * 100 // len(learners) if learners else 0


def _rounded(hours: float) -> Any:
    return pytest.approx(hours, abs=0.0051)


def _buckets(days: Range) -> Iterator[tuple[date, Callable[[datetime], bool]]]:
    """Each bucket's name, and whether a moment is in it and in the range, day by day."""
    every = [days.first + timedelta(days=n) for n in range((days.last - days.first).days + 1)]
    for name in sorted({start_of(day, days.interval) for day in every}):
        own = {day for day in every if start_of(day, days.interval) == name}
        yield name, lambda moment, own=own: moment.astimezone(UTC).date() in own  # type: ignore[misc]


@pytest.mark.timeout(900)
def test_histories(new_database: Callable[[], str], long: bool) -> None:
    url = new_database()
    plans = [(25, 20), (1, 500)] if long else [(4, 20)]
    with asyncio.Runner() as runner, psycopg.connect(url, autocommit=True) as db:
        pool = Pool(url, size=2)

        def run(work: Coroutine[Any, Any, T]) -> T:
            return runner.run(work)

        try:
            for examples, steps in plans:
                chosen = settings(
                    max_examples=examples,
                    stateful_step_count=steps,
                    deadline=None,
                    derandomize=not long,
                    phases=[Phase.generate],
                )
                run_state_machine_as_test(lambda: School(db, run, pool), settings=chosen)  # type: ignore[arg-type]
        finally:
            runner.run(pool.close())
