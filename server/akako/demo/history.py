"""Ten weeks of history of a school. The same day gives the same history; no clock is read."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec

DAYS = 70
SEED = 20_260_105
# Requests per week, the oldest first; there were holidays in the fifth.
REQUESTS = (11, 17, 21, 18, 6, 15, 24, 22, 25, 23)
HOLIDAY = 4  # index of the week
WAITING = 8  # of the latest requests, at least
MEDIAN_HOURS = 6.0  # from a request to its decision
MESSAGES = ("", "", "I would like to repeat it for the exam.", "My friends are in this subject.")
REASONS = ("The class is full this term.", "Please take the first part before this one.")
EVENING = timedelta(hours=20)


class Request(msgspec.Struct):
    """An enrollment request. `decided_at` is null while it waits."""

    learner: int
    subject: int
    requested_at: datetime
    message: str
    status: str = "PENDING"
    decided_at: datetime | None = None
    reason: str | None = None
    cancelled_at: datetime | None = None


class Progress(msgspec.Struct, frozen=True):
    """What a learner did in a topic; `completed` is false for the topic that they are in."""

    learner: int
    subject: int
    topic: int
    at: datetime
    completed: bool


class History(msgspec.Struct):
    """Learners, subjects and topics are numbers from 0."""

    joined: list[datetime]
    requests: list[Request]
    progress: list[Progress]
    active: set[tuple[date, int]]  # day and learner
    calls: dict[date, int]


def make(today: date, *, learners: int, topics: Sequence[int]) -> History:
    """Return the history that ends on a day.

    Args:
        topics: The number of topics of each subject.
    """
    chance = random.Random(SEED)  # noqa: S311 - not for secrets
    end = _at(today) - timedelta(days=1) + EVENING
    requests = _requests(chance, today, end, learners, len(topics))
    diligence = [chance.uniform(0.25, 1.0) for _ in range(learners)]
    progress = [
        each
        for request in requests
        if request.status == "APPROVED"
        for each in _learning(chance, request, diligence[request.learner], topics, end)
    ]
    joined = [end - timedelta(days=chance.uniform(5, DAYS)) for _ in range(learners)]
    for request in requests:
        before = request.requested_at - timedelta(minutes=20)
        joined[request.learner] = min(joined[request.learner], before)
    active = {(each.at.date(), each.learner) for each in progress}
    active |= _study_days(chance, today, requests, diligence)
    return History(joined, requests, progress, active, _calls(chance, today))


def _at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _requests(
    chance: random.Random, today: date, end: datetime, learners: int, subjects: int
) -> list[Request]:
    """Return requests in the order of time, each learner and subject at most once."""
    free = [(learner, subject) for learner in range(learners) for subject in range(subjects)]
    chance.shuffle(free)
    first = today - timedelta(days=DAYS - 1)
    moments = sorted(
        _at(first + timedelta(days=7 * week + _school_day(chance, first)))
        + timedelta(hours=chance.uniform(7, 20))
        for week, number in enumerate(REQUESTS)
        for _ in range(number)
    )
    made = []
    for moment in moments:
        learner, subject = free.pop()
        at = min(moment, end - timedelta(minutes=chance.uniform(1, 90)))
        made.append(Request(learner, subject, at, chance.choice(MESSAGES)))
    made.sort(key=lambda each: each.requested_at)
    for request in made[:-WAITING]:
        _decide(chance, request, end)
    return made


def _school_day(chance: random.Random, first: date) -> int:
    """Return a day of a week that begins with the weekday of `first`; rarely of a weekend."""
    day = chance.randrange(7)
    return chance.randrange(7) if (first.weekday() + day) % 7 > 4 else day


def _decide(chance: random.Random, request: Request, end: datetime) -> None:
    hours = min(70.0, math.exp(chance.gauss(math.log(MEDIAN_HOURS), 0.8)))
    decided = request.requested_at + timedelta(hours=hours)
    age = end - request.requested_at
    waits = chance.random() < (0.5 if age < timedelta(hours=40) else 0.0)
    approves, cancels = chance.random() < 0.88, chance.random() < 0.03
    reason = chance.choice(REASONS)
    if waits or decided > end:
        return
    request.decided_at = decided
    request.status = "APPROVED" if approves else "REJECTED"
    request.reason = None if approves else reason
    if approves and cancels:
        request.cancelled_at = min(end, decided + timedelta(days=chance.uniform(1, 9)))
        request.status = "CANCELLED"


def _learning(
    chance: random.Random, request: Request, diligence: float, topics: Sequence[int], end: datetime
) -> list[Progress]:
    """Return progress in topics, one after the other at the learner's pace."""
    assert request.decided_at is not None
    at, found = request.decided_at, list[Progress]()
    for topic in range(topics[request.subject]):
        at += timedelta(days=chance.uniform(1.5, 11) * (1.4 - diligence))
        stays = chance.random() > 0.72 + 0.28 * diligence  # leaves the subject
        if at > end:
            break
        found.append(Progress(request.learner, request.subject, topic, at, not stays))
        if stays:
            break
    return found


def _study_days(
    chance: random.Random, today: date, requests: Sequence[Request], diligence: Sequence[float]
) -> set[tuple[date, int]]:
    """Return the days on which enrolled learners opened something."""
    first: dict[int, date] = {}
    for each in requests:
        if each.decided_at and each.status == "APPROVED":
            day = each.decided_at.date()
            first[each.learner] = min(day, first.get(each.learner, day))
    # The most diligent one has been here today already.
    found = {(today, max(first, key=lambda each: diligence[each]))}
    for number in range(DAYS):
        day = today - timedelta(days=DAYS - 1 - number)
        rate = 0.07 if day.weekday() > 4 else 0.3
        rate *= 0.25 if number // 7 == HOLIDAY else 1.0
        rate *= 0.6 if day == today else 1.0
        for learner, since in sorted(first.items()):
            if chance.random() < rate * diligence[learner] and since <= day:
                found.add((day, learner))
    return found


def _calls(chance: random.Random, today: date) -> dict[date, int]:
    """Return the API calls of each day."""
    calls = {}
    for number in range(DAYS):
        day = today - timedelta(days=DAYS - 1 - number)
        most = 70 if day.weekday() > 4 else 260 + 3 * number
        calls[day] = chance.randrange(most // 2, most) // (2 if day == today else 1)
    return calls
