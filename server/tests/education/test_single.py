"""Reading one level, grade or subject."""

from __future__ import annotations

import pytest

from akako.kernel.core.ids import new_id
from tests.education.school import (
    ADMIN,
    PUBLIC,
    add,
    add_chain,
    add_mentor,
    change,
    enroll,
    missing,
    refusal,
    remove,
)
from tests.parts.server import Server

RESOURCES = {"levels": "education_level", "grades": "grade", "subjects": "subject"}


@pytest.mark.parametrize("kind", RESOURCES)
def test_a_node_is_read_as_lists_show_it(api: Server, kind: str) -> None:
    chain = add_chain(api)
    node_id = chain[list(RESOURCES).index(kind)]
    path = f"{PUBLIC}/{kind}/{node_id}"
    response = api.get(path)
    parents = [f"{PUBLIC}/levels?limit=100&order=desc", *chain.lists()]
    listed = api.get(parents[list(RESOURCES).index(kind)]).json()["data"]
    assert response.json()["data"] in listed
    assert "public" in response.headers["cache-control"]
    again = api.get(path, headers={"If-None-Match": response.headers["etag"]})
    assert again.status_code == 304
    change(api, kind, node_id, isActive=False)
    assert refusal(api.get(path)) == missing(RESOURCES[kind], node_id)
    assert api.get(path, as_="admin").json()["data"]["isActive"] is False
    remove(api, kind, node_id)
    assert refusal(api.get(path, as_="admin")) == missing(RESOURCES[kind], node_id)
    assert refusal(api.get(f"{PUBLIC}/{kind}/{(no := new_id())}")) == missing(RESOURCES[kind], no)


def test_a_subject_shows_a_signed_in_caller_their_own_state(api: Server) -> None:
    mentor, mentor_id = add_mentor(api, "shown")
    api.execute("update users set first_name = 'Ama', last_name = null where id = %s", mentor_id)
    chain = add_chain(api, mentor_id=mentor_id)
    add(api, "topics", chain.subject, isActive=False)
    path = f"{PUBLIC}/subjects/{chain.subject}"
    public = api.get(path).json()["data"]
    assert not {"enrollmentStatus", "topicCount", "mentorName"} & set(public)
    learner = api.user("readsone")
    mine = api.get(path, as_=learner)
    assert mine.headers["cache-control"] == "no-store"
    data = mine.json()["data"]
    assert data["enrollmentStatus"] is None
    assert (data["topicCount"], data["mentorName"]) == (1, "Ama")
    enroll(api, chain.subject, api.user_id(learner), "REJECTED")
    enroll(api, chain.subject, api.user_id(learner), "PENDING")
    assert api.get(path, as_=learner).json()["data"]["enrollmentStatus"] == "PENDING"
    assert api.get(path).json()["data"] == public
    assert api.get(path, as_=mentor).json()["data"]["topicCount"] == 2
    assert api.get(path, as_="admin").json()["data"]["topicCount"] == 2


def test_a_subject_can_be_read_edited_and_sent_back(api: Server) -> None:
    chain = add_chain(api)
    path = f"{PUBLIC}/subjects/{chain.subject}"
    for method in ("PUT", "DELETE"):
        read = api.get(path, as_="admin")
        tag = {"If-Match": read.headers["etag"]}
        admin = f"{ADMIN}/subjects/{chain.subject}"
        body = {"json": {**read.json()["data"], "description": "new"}} if method == "PUT" else {}
        response = api.request(method, admin, as_="admin", headers=tag, **body)
        assert response.status_code == 200, response.text
        assert api.request(method, admin, as_="admin", headers=tag, **body).status_code in (
            404,
            412,
        )
