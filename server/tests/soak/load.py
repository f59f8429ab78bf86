"""A school at work: 70 % reads, 20 % signed in, 10 % writes and files."""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2

from akako.kernel.core.ids import new_id
from tests.library.school import video
from tests.soak.ledger import NOTHING, Ledger, settle
from tests.soak.stage import Stage

LEARNERS = 12
CLIENTS = 16
ADMIN = "user_admin"
EDUCATION = "/api/admin/education"


@dataclass
class Seen:
    """One request: when it began (on the run's clock), what kind, how it ended, how long."""

    at: float
    kind: str
    status: int  # 0 where there was no answer
    seconds: float
    text: str = ""  # the beginning of a failure's body


@dataclass(frozen=True)
class Visitor:
    """A session of the web app: its cookie, and a form token of its pages."""

    cookie: str
    form_token: str


@dataclass
class School:
    """What the load works on, and what came of it."""

    stage: Stage
    http: httpx2.AsyncClient
    started: float = field(default_factory=time.monotonic)
    seen: list[Seen] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    tokens: dict[str, dict[str, str]] = field(default_factory=dict)
    subject: str = ""
    grade: str = ""
    topics: list[str] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    etag: str = ""
    visitors: dict[str, Visitor] = field(default_factory=dict)
    locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def ask(
        self, kind: str, method: str, path: str, as_: str | None = None, **more: Any
    ) -> httpx2.Response | None:
        """Make one request and take it down; None where no whole answer came."""
        headers: Mapping[str, str] = self.tokens[as_] if as_ else {}
        headers = {**headers, **more.pop("headers", {})}
        begun = time.monotonic()
        answer: httpx2.Response | None = None
        with suppress(httpx2.TransportError):
            answer = await self.http.request(method, path, headers=headers, **more)
        now = time.monotonic()
        status = status_of(answer)
        text = answer.text[:300] if answer is not None and status >= 400 else ""
        self.seen.append(Seen(begun - self.started, kind, status, now - begun, text))
        return answer

    def lock(self, name: str) -> asyncio.Lock:
        return self.locks.setdefault(name, asyncio.Lock())

    def sign_in(self, clerk_id: str, seconds: float) -> None:
        self.stage.clerk.put_user(clerk_id, f"{clerk_id.removeprefix('user_')}@example.com")
        token = self.stage.clerk.mint(clerk_id, ttl=seconds)
        self.tokens[clerk_id] = {"Authorization": f"Bearer {token}"}


def status_of(answer: httpx2.Response | None) -> int:
    return answer.status_code if answer is not None else 0


async def open_school(stage: Stage, http: httpx2.AsyncClient, seconds: float) -> School:
    """Sign all users in and create the first level, grade, subject and topics."""
    school = School(stage, http)
    for name in (ADMIN, *(f"user_soak{n}" for n in range(LEARNERS))):
        school.sign_in(name, seconds + 1800)
        answer = await http.get("/api/auth/profile", headers=school.tokens[name])
        assert answer.status_code == 200, answer.text

    async def make(path: str, **body: object) -> str:
        answer = await http.post(f"{EDUCATION}/{path}", json=body, headers=school.tokens[ADMIN])
        assert answer.status_code == 201, answer.text
        return str(answer.json()["data"]["id"])

    level = await make("levels", name="Primary School")
    school.grade = await make("grades", educationLevelId=level, name="Grade 1", level="primary")
    school.subject = await make("subjects", gradeId=school.grade, name="Mathematics")
    school.subjects.append(school.subject)
    school.topics = [
        await make("topics", subjectId=school.subject, name=f"Topic {n}") for n in range(5)
    ]
    return school


def any_learner() -> str:
    return f"user_soak{random.randrange(LEARNERS)}"


async def levels(school: School) -> None:
    answer = await school.ask("levels", "GET", "/api/education/levels?limit=20")
    if answer is not None:
        school.etag = answer.headers.get("etag", "")


async def levels_again(school: School) -> None:
    headers = {"If-None-Match": school.etag} if school.etag else {}
    await school.ask("levels", "GET", "/api/education/levels?limit=20", headers=headers)


async def subjects(school: School) -> None:
    await school.ask("subjects", "GET", f"/api/education/grades/{school.grade}/subjects?search=m")


async def topics(school: School) -> None:
    await school.ask("topics", "GET", f"/api/education/subjects/{school.subject}/topics")


async def topic(school: School) -> None:
    await school.ask("topic", "GET", f"/api/education/topics/{random.choice(school.topics)}")


async def profile(school: School) -> None:
    await school.ask("profile", "GET", "/api/auth/profile", any_learner())


async def own_requests(school: School) -> None:
    await school.ask("own requests", "GET", "/api/enrollment/me", any_learner())


async def people(school: School) -> None:
    await school.ask("users", "GET", "/api/users?search=soak&limit=20", ADMIN)


async def stream(school: School) -> None:
    if ids := list(school.ledger.documents):
        path = f"/api/s3/document/stream?documentId={random.choice(ids)}"
        await school.ask("stream", "GET", path, ADMIN, headers={"Range": "bytes=0-999"})


async def play(school: School) -> None:
    if ids := list(school.ledger.films):
        path = f"/api/education/topics/{random.choice(ids)}/video"
        await school.ask("play", "GET", path, ADMIN, headers={"Range": "bytes=0-9999"})


Action = Callable[[School], Awaitable[None]]
Reads = tuple[tuple[int, Action], ...]
READS: Reads = (
    (18, levels), (10, levels_again), (8, subjects), (8, topics), (8, topic),
    (5, profile), (4, own_requests), (3, people), (4, stream), (3, play),
)  # fmt: skip


async def work(
    school: School, until: float, rate: float, reads: Reads, writes: tuple[Action, ...]
) -> None:
    """Be one of the clients: one thing after the other, `rate` a second of all clients together."""
    weights = [weight for weight, _ in reads] + [10 / len(writes)] * len(writes)
    actions: list[Action] = [each for _, each in reads] + list(writes)
    while time.monotonic() < until:
        begun = time.monotonic()
        await random.choices(actions, weights)[0](school)
        pause = random.expovariate(rate / CLIENTS) - (time.monotonic() - begun)
        await asyncio.sleep(max(0.0, pause))


async def create_level(school: School) -> None:
    name = f"Level {new_id()}"
    answer = await school.ask("create", "POST", f"{EDUCATION}/levels", ADMIN, json={"name": name})
    if answer is not None and answer.status_code == 201:
        school.ledger.levels[answer.json()["data"]["id"]] = name


async def create_subject(school: School) -> None:
    body = {"gradeId": school.grade, "name": f"Subject {new_id()}"}
    answer = await school.ask("create", "POST", f"{EDUCATION}/subjects", ADMIN, json=body)
    if answer is not None and answer.status_code == 201:
        school.subjects.append(answer.json()["data"]["id"])


async def rename(school: School) -> None:
    who, name = any_learner(), f"Name{new_id()[-8:]}"
    async with school.lock(who):
        allowed = school.ledger.names.setdefault(who, {NOTHING})
        allowed.add(name)
        body = {"lastName": name}
        answer = await school.ask("rename", "PUT", "/api/auth/profile", who, json=body)
        settle(allowed, name, status_of(answer))


async def newcomer(school: School) -> None:
    name = f"user_new{new_id().replace('-', '')}"
    school.sign_in(name, 600)
    await school.ask("newcomer", "GET", "/api/auth/profile", name)
    del school.tokens[name]


async def upload(school: School) -> None:
    content = random.randbytes(random.randrange(1_000, 100_000)).hex().encode()
    topic_id = random.choice(school.topics)
    form: dict[str, Any] = {"files": {"file": ("a.txt", content)}, "data": {"topicId": topic_id}}
    answer = await school.ask("upload", "POST", "/api/s3/document/upload", ADMIN, **form)
    if answer is not None and answer.status_code == 201:
        id_ = answer.json()["data"]["id"]
        school.ledger.documents[id_] = hashlib.sha256(content).hexdigest()
        school.ledger.kept_in[id_] = topic_id


async def delete(school: School) -> None:
    ids = [each for each in school.ledger.documents if each not in school.ledger.maybe_deleted]
    if not ids:
        return
    id_ = random.choice(ids)
    school.ledger.maybe_deleted.add(id_)
    path = f"{EDUCATION}/topics/{school.ledger.kept_in[id_]}/documents/{id_}"
    answer = await school.ask("delete", "DELETE", path, ADMIN)
    if status_of(answer) == 200:
        school.ledger.deleted.add(id_)
        school.ledger.documents.pop(id_, None)


async def put_film(school: School) -> None:
    topic_id = random.choice(school.topics)
    content = video() + random.randbytes(300_000)
    digest = hashlib.sha256(content).hexdigest()
    async with school.lock(topic_id):
        allowed = school.ledger.films.setdefault(topic_id, {NOTHING})
        allowed.add(digest)
        path = f"{EDUCATION}/topics/{topic_id}/video"
        answer = await school.ask("video", "PUT", path, ADMIN, files={"video": ("a.mp4", content)})
        settle(allowed, digest, status_of(answer))


async def enroll(school: School) -> None:
    who, body = any_learner(), {"subjectId": random.choice(school.subjects)}
    answer = await school.ask("request", "POST", "/api/enrollment/request", who, json=body)
    if answer is None or answer.status_code != 201:
        return
    id_ = answer.json()["data"]["id"]
    school.ledger.requests[id_], school.ledger.asked_by[id_] = {"PENDING"}, who
    verb, status = random.choice([("approve", "APPROVED"), ("reject", "REJECTED")])
    school.ledger.requests[id_].add(status)
    answer = await school.ask("decide", "PUT", f"/api/admin/enrollment/{id_}/{verb}", ADMIN)
    settle(school.ledger.requests[id_], status, status_of(answer))


WRITES: tuple[Action, ...] = (
    create_level, create_subject, rename, newcomer, upload, upload, delete, put_film, enroll,
    enroll,
)  # fmt: skip
