"""What the server has said is done, to be held against it at the end."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import httpx2

NOTHING = "nothing"


Place = tuple[str, str]  # the Clerk id of a learner, and the id of a topic


@dataclass
class Learned:
    """What learners were promised about their topics."""

    watched: dict[Place, set[int]] = field(default_factory=dict)  # acknowledged slots
    unsure: dict[Place, set[int]] = field(default_factory=dict)  # sent, and not answered
    marked: set[Place] = field(default_factory=set)
    notes: dict[Place, set[str]] = field(default_factory=dict)  # texts

    def size(self) -> int:
        slots = sum(len(each) for each in self.watched.values())
        return slots + len(self.marked) + len(self.notes)


@dataclass
class Ledger:
    """Values per thing that its last answered write, and unanswered ones since, may have left."""

    levels: dict[str, str] = field(default_factory=dict)  # id → name
    documents: dict[str, str] = field(default_factory=dict)  # id → SHA-256
    kept_in: dict[str, str] = field(default_factory=dict)  # document → topic
    maybe_deleted: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    names: dict[str, set[str]] = field(default_factory=dict)  # Clerk id → last names
    films: dict[str, set[str]] = field(default_factory=dict)  # topic → SHA-256s
    requests: dict[str, set[str]] = field(default_factory=dict)  # enrollment → statuses
    asked_by: dict[str, str] = field(default_factory=dict)  # enrollment → Clerk id
    learned: Learned = field(default_factory=Learned)

    def size(self) -> int:
        things = (self.levels, self.documents, self.names, self.films, self.requests)
        return sum(len(each) for each in things) + len(self.deleted) + self.learned.size()


def settle(allowed: set[str], value: str, status: int) -> None:
    """Record how a write of `value` ended: done, refused, or unknown."""
    if 200 <= status < 300:
        allowed.clear()
        allowed.add(value)
    elif 400 <= status < 500:
        allowed.discard(value)


class Audit:
    """Asks the API for everything in the ledger; `lost` names what is not as it was promised."""

    def __init__(self, http: httpx2.AsyncClient, tokens: dict[str, dict[str, str]]) -> None:
        self._http = http
        self._tokens = tokens
        self.lost: list[str] = []

    async def check(self, ledger: Ledger) -> list[str]:
        levels = await self._walk("/api/education/levels?limit=100", "user_admin")
        found = {each["id"]: each["name"] for each in levels}
        for id_, name in ledger.levels.items():
            self._expect(f"level {name}", found.get(id_), {name})
        for id_, digest in ledger.documents.items():
            await self._document(id_, digest, ledger)
        for id_ in ledger.deleted:
            _, status = await self._read(f"/api/s3/document/stream?documentId={id_}")
            self._expect(f"deleted document {id_}", str(status), {"404"})
        for topic, allowed in ledger.films.items():
            digest, status = await self._read(f"/api/education/topics/{topic}/video")
            self._expect(f"film of {topic}", NOTHING if status == 404 else digest, allowed)
        for who, allowed in ledger.names.items():
            profile = await self._http.get("/api/auth/profile", headers=self._tokens[who])
            name = profile.json()["data"]["lastName"] or NOTHING
            self._expect(f"name of {who}", name, allowed)
        await self._requests(ledger)
        return self.lost

    async def _document(self, id_: str, digest: str, ledger: Ledger) -> None:
        found, status = await self._read(f"/api/s3/document/stream?documentId={id_}")
        if status != 404 or id_ not in ledger.maybe_deleted:
            self._expect(f"document {id_}", found, {digest})

    async def _requests(self, ledger: Ledger) -> None:
        found: dict[str, str] = {}
        for who in set(ledger.asked_by.values()):
            for each in await self._walk("/api/enrollment/me?limit=100", who):
                found[each["id"]] = each["status"]
        for id_, allowed in ledger.requests.items():
            self._expect(f"enrollment {id_}", found.get(id_), allowed)

    def _expect(self, what: str, found: str | None, allowed: set[str]) -> None:
        if found not in allowed:
            self.lost.append(f"{what}: found {found}, promised {' or '.join(sorted(allowed))}")

    async def _read(self, path: str) -> tuple[str, int]:
        answer = await self._http.get(path, headers=self._tokens["user_admin"])
        return hashlib.sha256(answer.content).hexdigest(), answer.status_code

    async def _walk(self, path: str, who: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while True:
            answer = await self._http.get(path, headers=self._tokens[who])
            assert answer.status_code == 200, answer.text
            rows += answer.json()["data"]
            following = answer.links.get("next")
            if following is None:
                return rows
            path = following["url"]
