"""A class that begins its lesson: all learners behind one address, at the same time."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import httpx2

from akako.backends.dev_directory import DevDirectory
from akako.kernel.core.ids import new_id
from tests.library.school import MIB, Topic, add_topic, put_video, uploaded, video
from tests.parts.server import GENEROUS, Server

ROUTER = "198.51.100.7"
ARRIVING_SECONDS = 3.0  # within which all learners have begun
DEFAULTS = dict.fromkeys(GENEROUS, "")
# As a school sets it up that has read what the refusals say.
SHARED = {
    **DEFAULTS,
    "AKAKO_TRUSTED_PROXIES": "127.0.0.1/32",
    "AKAKO_SHARED_NETWORKS": f"{ROUTER}/32",
}
FILM_BYTES = 2 * MIB
PIECE_BYTES = 256 * 1024
HOME = (
    "/api/auth/profile",
    "/api/auth/quota",
    "/api/enrollment/me",
    "/api/education/levels",
    "/api/education/subjects/{subject}/topics",
)


@dataclass
class Answer:
    step: str
    status: int  # 0 where there was no answer at all
    seconds: float
    details: Mapping[str, object] = field(default_factory=dict)

    @property
    def refused(self) -> bool:
        return self.status == 429

    @property
    def wrong(self) -> bool:
        return not self.refused and not 200 <= self.status < 300


@dataclass
class Lesson:
    """What became of it: every answer, and the seconds until the last one."""

    answers: list[Answer]
    seconds: float

    @property
    def refusals(self) -> list[Answer]:
        return [each for each in self.answers if each.refused]

    @property
    def errors(self) -> list[Answer]:
        return [each for each in self.answers if each.wrong]

    def percentile(self, share: float) -> float:
        ordered = sorted(each.seconds for each in self.answers)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

    def steps(self) -> dict[str, Counter[int]]:
        found: dict[str, Counter[int]] = {}
        for each in self.answers:
            found.setdefault(each.step, Counter())[each.status] += 1
        return found


def prepare(api: Server, learners: int) -> tuple[Topic, list[str]]:
    """A topic with a film, and learners of its subject, who were here before from their homes."""
    topic = add_topic(api)
    uploaded(put_video(api, topic, video(padding=FILM_BYTES)))
    names = [f"user_pupil{new_id().replace('-', '')}" for _ in range(learners)]
    with api.db() as db:
        for number, name in enumerate(names):
            DevDirectory(api.folder).add(name)
            home = {"X-Forwarded-For": f"203.0.113.{number % 250}"}
            profile = api.get("/api/auth/profile", as_=name, headers=home)
            assert profile.status_code == 200, profile.text
            db.execute(
                "insert into enrollments (id, user_id, subject_id, status) "
                "values (%s, %s, %s, 'APPROVED')",
                (new_id(), profile.json()["data"]["id"], topic.subject_id),
            )
    return topic, names


async def play(api: Server, topic: Topic, learners: Sequence[str]) -> Lesson:
    """All learners sign in, open their home page, the topic and its film."""
    started = time.perf_counter()
    answers: list[Answer] = []
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx2.AsyncClient(
        base_url=api.url, timeout=30, limits=limits, verify=False
    ) as http:
        visits = (
            _attend(http, api.headers(name), topic, answers, ARRIVING_SECONDS * n / len(learners))
            for n, name in enumerate(learners)
        )
        await asyncio.gather(*visits)
    return Lesson(answers, time.perf_counter() - started)


async def _attend(
    http: httpx2.AsyncClient,
    token: Mapping[str, str],
    topic: Topic,
    answers: list[Answer],
    delay: float,
) -> None:
    headers = {**token, "X-Forwarded-For": ROUTER}

    async def ask(step: str, method: str, path: str, **more: str) -> None:
        begun = time.perf_counter()
        try:
            answer = await http.request(method, path, headers={**headers, **more})
        except httpx2.TransportError:
            answers.append(Answer(step, 0, time.perf_counter() - begun))
            return
        details = answer.json()["details"] if answer.status_code >= 400 else {}
        seconds = time.perf_counter() - begun
        answers.append(Answer(step, answer.status_code, seconds, details))

    await asyncio.sleep(delay)
    await ask("sign in", "POST", "/api/auth/sync")
    await asyncio.gather(
        *(ask("home", "GET", path.format(subject=topic.subject_id)) for path in HOME)
    )
    await ask("topic", "GET", f"/api/education/topics/{topic.id}")
    await ask("topic", "GET", topic.documents)
    for first in (0, FILM_BYTES // 2, FILM_BYTES - PIECE_BYTES):
        piece = f"bytes={first}-{first + PIECE_BYTES - 1}"
        await ask("film", "GET", topic.video, Range=piece)


def advice(lesson: Lesson) -> list[str]:
    """Which settings take the refusals away."""
    hints = []
    if any(each.details.get("scope") == "ip" for each in lesson.refusals):
        hints += [
            "The limits count per address, and a class has one address. Name it:",
            f"    AKAKO_SHARED_NETWORKS={ROUTER}/32",
            "so that each signed-in learner is counted alone. Behind a proxy also name that one:",
            "    AKAKO_TRUSTED_PROXIES=127.0.0.1/32",
        ]
    if any(each.details.get("scope") == "user" for each in lesson.refusals):
        hints += ["One learner alone exceeds a limit: raise AKAKO_RATE_LIMIT_GENERAL or _AUTH."]
    if any("quota" in each.details for each in lesson.refusals):
        hints += ["Monthly quotas are spent: set AKAKO_FIRST_PARTY_ORIGINS or another plan."]
    return hints
