"""Ids in bodies and filters give no access to things of others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from akako.kernel.core.ids import new_id
from tests.education.school import add_mentor
from tests.factories import create_enrollment, insert
from tests.integrations.webhooks import ping, register, remove_all
from tests.learning.school import Learner, add_document, add_learner, add_subject
from tests.parts.server import Server


class World(NamedTuple):
    """A learner, and another one with a mentor, a subject and a shared note."""

    learner: Learner
    other: Learner
    mentor: str
    subject_id: str
    topic_id: str
    own_subject_id: str
    own_topic_id: str


@pytest.fixture(scope="module")
def world(api: Server) -> Iterator[World]:
    mentor, _ = add_mentor(api, "elsewhere")
    subject_id, (topic_id,) = add_subject(api, mentor=mentor)
    own_subject_id, (own_topic_id,) = add_subject(api)
    learner, other = add_learner(api, own_subject_id), add_learner(api, subject_id)
    note = {"content": "Only for my mentor", "sharedWithMentor": True}
    path = f"/api/notes/topics/{topic_id}"
    assert api.put(path, as_=other.clerk_id, json=note).status_code == 201
    done = {"markedDone": True}
    path = f"/api/progress/topics/{topic_id}"
    assert api.put(path, as_=other.clerk_id, json=done).status_code == 200
    yield World(learner, other, mentor, subject_id, topic_id, own_subject_id, own_topic_id)
    remove_all(api)


def data(api: Server, path: str, who: str) -> Any:
    response = api.get(path, as_=who)
    assert response.status_code == 200, response.text
    return response.json()["data"]


@pytest.mark.parametrize("path", ["/api/progress/me", "/api/notes", "/api/mentor/notes"])
def test_a_filter_by_subject_shows_nothing_of_others(api: Server, world: World, path: str) -> None:
    who = "mentor" if "mentor" in path else world.learner.clerk_id
    assert data(api, f"{path}?subjectId={world.subject_id}", who) == []
    assert data(api, path, world.mentor if "mentor" in path else world.other.clerk_id)


def test_a_batch_writes_only_where_the_caller_learns(api: Server, world: World) -> None:
    items = [{"topicId": each, "markedDone": True} for each in (world.topic_id, world.own_topic_id)]
    body = {"items": items}
    response = api.post("/api/progress/batch", as_=world.learner.clerk_id, json=body)
    results = response.json()["data"]
    assert [each["code"] for each in results] == ["FORBIDDEN", None]
    sql = "select count(*) from topic_progress where user_id = %s and topic_id = %s"
    with api.db() as db:
        row = db.execute(sql, (world.learner.id, world.topic_id)).fetchone()
    assert row == (0,)


def test_documents_of_other_topics_cannot_be_opened(api: Server, world: World) -> None:
    body = {"documentsOpened": [add_document(api, world.topic_id)]}
    path = f"/api/progress/topics/{world.own_topic_id}"
    response = api.put(path, as_=world.learner.clerk_id, json=body)
    assert (response.status_code, response.json()["details"]["field"]) == (
        422,
        "documentsOpened[0]",
    )


@pytest.mark.parametrize("kind", ["enrollment", "mentor"])
def test_own_requests_cannot_be_decided_in_bulk(api: Server, kind: str) -> None:
    id_, user_id = new_id(), api.user_id("admin")
    subject_id, _ = add_subject(api)
    with api.db() as db:
        if kind == "enrollment":
            id_ = create_enrollment(db, user_id=user_id, subject_id=subject_id)
        else:
            insert(db, "mentor_applications", id=id_, user_id=user_id, motivation="Yes")
    body = {"decisions": [{"id": id_, "decision": "approve"}]}
    response = api.post(f"/api/admin/{kind}/decisions", as_="admin", json=body)
    (result,) = response.json()["data"]["results"]
    assert (result["ok"], result["code"]) == (False, "FORBIDDEN")


def test_an_order_holds_only_topics_of_the_subject(api: Server, world: World) -> None:
    path = f"/api/admin/education/subjects/{world.own_subject_id}/topic-order"
    for topics in ([world.topic_id], [world.own_topic_id, world.topic_id]):
        response = api.put(path, as_="mentor", json={"topicIds": topics})
        assert (response.status_code, response.json()["code"]) == (409, "INVALID_STATE")


def test_a_delivery_belongs_to_its_endpoint(api: Server, world: World) -> None:
    one, two = (register(api, "https://hooks.example", isActive=False) for _ in range(2))
    delivery = ping(api, one)
    for method, more in (("GET", ""), ("POST", "/replay")):
        path = f"/api/integrations/webhooks/{two['id']}/deliveries/{delivery}{more}"
        assert api.request(method, path, as_="admin").status_code == 404
    listed = data(api, f"/api/integrations/webhooks/{two['id']}/deliveries", "admin")
    assert listed == []


def test_own_things_are_all_that_is_listed_and_exported(api: Server, world: World) -> None:
    """Notifications, notes and the export hold nothing of the other learner."""
    for path in ("/api/notifications", "/api/notes", "/api/auth/export", "/api/progress/me"):
        text = api.get(path, as_=world.learner.clerk_id).text
        assert world.other.id not in text, path
        assert world.topic_id not in text, path
        assert "Only for my mentor" not in text, path
