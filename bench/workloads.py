"""The workloads, and the check that all contestants send the same responses."""

from __future__ import annotations

import base64
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from akako.kernel.db import cursors
from bench import data, load
from bench.load import Source
from bench.stage import Contestant, Stage

LEVELS = "/api/education/levels?page=1&limit=20"
SEARCH = "/api/users?search=john&limit=20"
DEEP = "/api/users?sort=createdAt&order=asc&limit=20"
ALL = ("handwritten", "fastapi", "fastify", "nextjs")
FLOOR = ("static", "nginx")
# A class of 40: most read, some revalidate, some request enrollment, and
# administrators search for users.
CLASS = {"W1": 24, "W1b": 8, "W2": 4, "W3": 4}


@dataclass(frozen=True)
class Workload:
    """A kind of request. `make` creates the requests of a contestant for one turn."""

    name: str
    about: str
    make: Callable[[Contestant], Source]
    good: frozenset[bytes]
    rivals: tuple[str, ...] = ALL
    writes: bool = False
    connections: int = 16


def get(path: str, **headers: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _cursor(page: int, moment: datetime, id: str) -> str:
    """Return a cursor in the format of the peers."""
    raw = json.dumps([page, "createdAt", "asc", moment.isoformat(), id]).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Questions:
    """Builds the requests, with their tokens, entity tags and cursors."""

    def __init__(self, stage: Stage) -> None:
        self.admin = f"Bearer {stage.token(data.ADMIN)}"
        self.pupils = [f"Bearer {stage.token(clerk_id)}" for clerk_id in data.pupils()]
        self.tags: dict[str, str] = {}
        self.deep: dict[str, bytes] = {}
        self._numbers = itertools.count()

    async def learn(self, contestant: Contestant, url: str, users: int) -> None:
        """Read the entity tag of each contestant, and its cursor after 90 % of the rows."""
        _, headers, _ = await load.once(contestant.port, get(LEVELS))
        self.tags[contestant.name] = dict(headers).get("etag", "")
        page = users * 9 // 10 // 20
        moment, id = data.nth_user(url, page * 20)
        cursor = _cursor(page + 1, moment, id)
        if contestant.name.startswith("akako"):
            cursor = cursors.encode(page + 1, "createdAt", "asc", moment, id)
        self.deep[contestant.name] = get(f"{DEEP}&cursor={cursor}", Authorization=self.admin)

    def levels(self, _: Contestant) -> Source:
        return load.forever(itertools.repeat(get(LEVELS)))

    def levels_cold(self, _: Contestant) -> Source:
        """Create requests with a unique, ignored parameter, so that no cache can serve them."""
        return load.forever(get(f"{LEVELS}&_={n}") for n in self._numbers)

    def levels_held(self, contestant: Contestant) -> Source:
        asked = get(LEVELS, If_None_Match=self.tags[contestant.name])
        return load.forever(itertools.repeat(asked))

    def search(self, _: Contestant) -> Source:
        return load.forever(itertools.repeat(get(SEARCH, Authorization=self.admin)))

    def next_page(self, contestant: Contestant) -> Source:
        return load.forever(itertools.repeat(self.deep[contestant.name]))

    def enroll(self, _: Contestant) -> Source:
        return load.forever(self._wishes())

    def _wishes(self) -> Iterator[bytes]:
        """Create one enrollment request per learner and subject."""
        for subject in range(data.SUBJECTS):
            body = json.dumps({"subjectId": f"subject{subject:04}", "message": "Please"})
            for bearer in self.pupils:
                yield (
                    f"POST /api/enrollment/request HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                    f"Authorization: {bearer}\r\nContent-Type: application/json\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n{body}"
                ).encode()

    def mixed(self, contestant: Contestant) -> Source:
        parts = {
            "W1": self.levels(contestant),
            "W1b": self.levels_held(contestant),
            "W2": self.search(contestant),
            "W3": self.enroll(contestant),
        }
        # Interleaved, so that no kind comes in a burst.
        slots = sorted(
            (turn / share, name) for name, share in CLASS.items() for turn in range(share)
        )
        order = itertools.cycle([parts[name] for _, name in slots])

        def ask() -> bytes | None:
            return next(order)()

        return ask


def all_of(asked: Questions) -> list[Workload]:
    ok, held, made = frozenset({b"200"}), frozenset({b"304"}), frozenset({b"201"})
    return [
        Workload("W1", "20 levels of 150, warm", asked.levels, ok, (*ALL, *FLOOR)),
        Workload("W1 cold", "the same, never asked before", asked.levels_cold, ok),
        Workload("W1b", "the same with If-None-Match", asked.levels_held, held),
        Workload("W2", "an admin searches users", asked.search, ok),
        Workload("W2b", "the next page by cursor at 90 %", asked.next_page, ok),
        Workload("W3", "an enrollment request", asked.enroll, made, writes=True),
        Workload(
            "W6", "a mixed class of 40", asked.mixed, ok | held | made, writes=True, connections=40
        ),
    ]


VOLATILE = re.compile(rb'"(id|requestedAt|updatedAt)":"[^"]*"')
# Headers that a server program adds.
OWN_HEADERS = {"date", "connection", "keep-alive", "server", "accept-ranges", "last-modified"}


async def check_same(ours: Contestant, peer: Contestant, workload: Workload, url: str) -> None:
    """Raise RuntimeError unless both responses have the same status, body and header names."""
    answers = []
    for contestant in (ours, peer):
        if workload.writes:
            data.clear_enrollments(url)
        asked = workload.make(contestant)()
        assert asked
        answers.append(await load.once(contestant.port, asked))
    if workload.writes:
        data.clear_enrollments(url)
    (status, headers, body), (their_status, their_headers, their_body) = answers
    if workload.writes:
        body, their_body = VOLATILE.sub(b"", body), VOLATILE.sub(b"", their_body)
    if (status, body) != (their_status, their_body):
        raise RuntimeError(
            f"{workload.name}: {peer.name} answers differently:\n"
            f"{status} {body.decode()}\n{their_status} {their_body.decode()}"
        )
    missing = {name for name, _ in headers} - {name for name, _ in their_headers} - OWN_HEADERS
    if missing:
        raise RuntimeError(f"{workload.name}: {peer.name} lacks the headers {sorted(missing)}")
