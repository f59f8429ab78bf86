"""Making levels, grades, subjects and topics over HTTP, and looking behind the API."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import httpx2

from akako.kernel.core.ids import new_id
from tests.parts.server import Server

ADMIN = "/api/admin/education"
PUBLIC = "/api/education"
PARENT = {"grades": "educationLevelId", "subjects": "gradeId", "topics": "subjectId"}
KINDS = ("levels", "grades", "subjects", "topics")
TABLES = ("education_levels", "grades", "subjects", "topics")

_numbers = itertools.count(1)


class Chain(NamedTuple):
    """The ids of a topic and of what it is in, in the order of KINDS."""

    level: str
    grade: str
    subject: str
    topic: str

    def lists(self) -> list[str]:
        """The addresses of the lists in which grade, subject and topic appear."""
        return [
            f"{PUBLIC}/levels/{self.level}/grades",
            f"{PUBLIC}/grades/{self.grade}/subjects",
            f"{PUBLIC}/subjects/{self.subject}/topics",
        ]


def fresh(word: str = "Node") -> str:
    return f"{word} {next(_numbers)}"


def add(api: Server, kind: str, parent: str | None = None, **fields: Any) -> dict[str, Any]:
    """Make a node as the administrator; returns it."""
    body = {"name": fresh(), **fields}
    if kind in PARENT:
        body[PARENT[kind]] = parent
    if kind == "grades":
        body.setdefault("level", "primary")
    response = api.post(f"{ADMIN}/{kind}", as_="admin", json=body)
    assert response.status_code == 201, response.text
    data: dict[str, Any] = response.json()["data"]
    return data


def add_chain(api: Server, *, mentor_id: str | None = None, **topic: Any) -> Chain:
    """A topic in a subject, a grade and a level of its own, all active."""
    level = add(api, "levels")["id"]
    grade = add(api, "grades", level)["id"]
    subject = add(api, "subjects", grade, mentorId=mentor_id)["id"]
    return Chain(level, grade, subject, add(api, "topics", subject, **topic)["id"])


def change(api: Server, kind: str, node_id: str, **fields: Any) -> dict[str, Any]:
    response = api.put(f"{ADMIN}/{kind}/{node_id}", as_="admin", json=fields)
    assert response.status_code == 200, response.text
    data: dict[str, Any] = response.json()["data"]
    return data


def remove(api: Server, kind: str, node_id: str) -> None:
    response = api.delete(f"{ADMIN}/{kind}/{node_id}", as_="admin")
    assert response.status_code == 200, response.text


def ids(response: httpx2.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [each["id"] for each in response.json()["data"]]


def refusal(response: httpx2.Response) -> tuple[int, str, dict[str, Any]]:
    """Status, code and details of a failure, whose envelope is checked on the way."""
    body = response.json()
    assert list(body) == ["success", "error", "code", "details"]
    assert body["success"] is False
    return response.status_code, body["code"], body["details"]


def missing(resource: str, node_id: str) -> tuple[int, str, dict[str, Any]]:
    return 404, "NOT_FOUND", {"resource": resource, "id": node_id}


def enroll(api: Server, subject_id: str, user_id: str, status: str = "APPROVED") -> None:
    sql = "insert into enrollments (id, user_id, subject_id, status) values (%s, %s, %s, %s)"
    api.execute(sql, new_id(), user_id, subject_id, status)


def add_mentor(api: Server, name: str) -> tuple[str, str]:
    """A fresh user who is mentor and no longer learner: (Clerk id, our id)."""
    clerk_id = api.user(name)
    user_id = api.user_id(clerk_id)
    granted = api.post(f"/api/users/{user_id}/roles", as_="admin", json={"role": "MENTOR"})
    assert granted.status_code == 201, granted.text
    taken = api.delete(f"/api/users/{user_id}/roles?role=LEARNER", as_="admin")
    assert taken.status_code == 200, taken.text
    return clerk_id, user_id


def rows(api: Server, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with api.db() as db:
        return db.execute(sql.encode(), values).fetchall()


def at_once(*calls: Any) -> list[httpx2.Response]:
    """Make all calls at the same time; the answers come in their order."""
    with ThreadPoolExecutor(len(calls)) as threads:
        return [each.result() for each in [threads.submit(call) for call in calls]]
