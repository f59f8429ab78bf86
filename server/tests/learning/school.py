"""Subjects with topics, enrolled learners, and progress sent to a server."""

from __future__ import annotations

from typing import Any, NamedTuple

import httpx2

from tests.education.school import enroll, fresh
from tests.factories import create_document, create_subject, create_topic
from tests.library.school import rows
from tests.parts.server import Server

PROGRESS = "/api/progress/topics"
BATCH = "/api/progress/batch"


class Learner(NamedTuple):
    """The Clerk id, by which requests are signed, and our own id."""

    clerk_id: str
    id: str


def add_learner(api: Server, *subject_ids: str) -> Learner:
    """A fresh learner who is enrolled in the subjects."""
    clerk_id = api.user(fresh("learner").replace(" ", ""))
    learner = Learner(clerk_id, api.user_id(clerk_id))
    for subject_id in subject_ids:
        enroll(api, subject_id, learner.id)
    return learner


def add_subject(
    api: Server, *, topics: int = 1, mentor: str | None = "mentor", name: str | None = None
) -> tuple[str, list[str]]:
    """A subject with topics; returns its id and theirs, in their order."""
    mentor_id = api.user_id(mentor) if mentor else None
    with api.db() as db:
        subject = create_subject(db, mentor_id=mentor_id, name=name)
        made = [create_topic(db, subject_id=subject.id).id for _ in range(topics)]
    return subject.id, made


def add_document(api: Server, topic_id: str) -> str:
    """A document of a topic, without a stored file."""
    key = fresh("key").replace(" ", "")
    with api.db() as db:
        return create_document(
            db, topic_id=topic_id, user_id=api.user_id("admin"), key=key, size=1, sha256="0" * 64
        )


def add_video(api: Server, topic_id: str) -> None:
    sql = "update topics set video_key = id, video_updated_at = now() where id = %s"
    api.execute(sql, topic_id)


def put(api: Server, who: str, topic_id: str, **fields: Any) -> httpx2.Response:
    return api.put(f"{PROGRESS}/{topic_id}", as_=who, json=fields)


def updated(response: httpx2.Response) -> Any:
    """The data of a successful response."""
    assert response.status_code == 200, response.text
    return response.json()["data"]


def events(api: Server, topic_id: str) -> list[Any]:
    sql = "select data from outbox where type = 'topic.completed' and data ->> 'topicId' = %s"
    return [row[0] for row in rows(api, sql, topic_id)]


def names(api: Server, topic_id: str) -> tuple[Any, ...]:
    """The names of a topic, its subject, grade and level."""
    sql = """
    select t.name, s.name, s.grade_id, g.name, l.name from topics t
    join subjects s on s.id = t.subject_id join grades g on g.id = s.grade_id
    join education_levels l on l.id = g.level_id where t.id = %s
    """
    return rows(api, sql, topic_id)[0]
