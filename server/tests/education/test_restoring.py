"""Restoring what was deleted, and the list of what can be restored."""

from __future__ import annotations

import pytest

from akako.kernel.core.ids import new_id
from tests.education.school import (
    ADMIN,
    KINDS,
    PUBLIC,
    TABLES,
    add,
    add_chain,
    add_mentor,
    missing,
    refusal,
    remove,
    rows,
)
from tests.parts.server import Server

RESOURCES = ("education_level", "grade", "subject", "topic")


def restored(api: Server, kind: str, node_id: str, as_: str = "admin"):  # type: ignore[no-untyped-def]
    return api.post(f"{ADMIN}/{kind}/{node_id}/restore", as_=as_)


@pytest.mark.parametrize("number", range(4))
def test_a_deletion_can_be_undone_for_30_days(api: Server, number: int) -> None:
    kind, resource, chain = KINDS[number], RESOURCES[number], add_chain(api)
    node_id = chain[number]
    assert refusal(restored(api, kind, node_id)) == missing(resource, node_id)
    remove(api, kind, node_id)
    row = next(
        each
        for each in api.get(f"{ADMIN}/deleted?limit=100", as_="admin").json()["data"]
        if each["id"] == node_id
    )
    assert row["kind"] == kind[:-1]
    assert row["deletedBy"] == api.user_id("admin")
    assert len(row["path"]) == number
    assert set(row) == {"kind", "id", "name", "deletedAt", "deletedBy", "path"}
    response = restored(api, kind, node_id)
    assert response.status_code == 200, response.text
    assert response.json()["data"]["id"] == node_id
    assert response.headers["etag"]
    assert api.get(f"{PUBLIC}/{kind}/{node_id}").status_code == 200
    assert refusal(restored(api, kind, node_id)) == missing(resource, node_id)
    remove(api, kind, node_id)
    old = f"update {TABLES[number]} set deleted_at = now() - interval '31 days' where id = %s"
    api.execute(old, node_id)
    assert refusal(restored(api, kind, node_id)) == missing(resource, node_id)
    listed = api.get(f"{ADMIN}/deleted?kind={kind[:-1]}&limit=100", as_="admin").json()["data"]
    assert node_id not in [each["id"] for each in listed]
    noted = "select action from audit_log where resource_id = %s order by id"
    assert (f"{resource}.restored",) in rows(api, noted, node_id)


def test_a_name_that_was_taken_is_a_conflict(api: Server) -> None:
    subject = add_chain(api).subject
    topic = add(api, "topics", subject, name="Twice")
    remove(api, "topics", topic["id"])
    add(api, "topics", subject, name="twice")
    status, code, details = refusal(restored(api, "topics", topic["id"]))
    assert (status, code) == (409, "CONFLICT")
    assert details == {"resource": "topic", "field": "name", "value": "Twice"}


def test_a_node_in_a_deleted_one_waits_for_it(api: Server) -> None:
    chain = add_chain(api)
    remove(api, "topics", chain.topic)
    remove(api, "subjects", chain.subject)
    assert refusal(restored(api, "topics", chain.topic))[:2] == (409, "INVALID_STATE")
    listed = api.get(f"{ADMIN}/deleted?limit=100", as_="admin").json()["data"]
    assert chain.topic not in [each["id"] for each in listed]
    assert restored(api, "subjects", chain.subject).status_code == 200
    assert restored(api, "topics", chain.topic).status_code == 200


def test_a_topic_returns_to_its_place_or_comes_last(api: Server) -> None:
    chain = add_chain(api)
    topics = [chain.topic, add(api, "topics", chain.subject)["id"]]
    remove(api, "topics", topics[0])
    assert restored(api, "topics", topics[0]).json()["data"]["position"] == 0
    remove(api, "topics", topics[1])
    assert add(api, "topics", chain.subject)["position"] == 1
    assert restored(api, "topics", topics[1]).json()["data"]["position"] == 2


def test_who_may_restore(api: Server) -> None:
    mentor, mentor_id = add_mentor(api, "restores")
    other, _ = add_mentor(api, "restoresnot")
    chain = add_chain(api, mentor_id=mentor_id)
    remove(api, "topics", chain.topic)
    assert restored(api, "topics", chain.topic, "learner").status_code == 403
    assert restored(api, "topics", chain.topic, other).json()["details"]["reason"] == "not_owner"
    assert restored(api, "topics", chain.topic, mentor).status_code == 200
    assert restored(api, "subjects", chain.subject, mentor).status_code == 403
    assert api.get(f"{ADMIN}/deleted", as_=mentor).status_code == 403
    assert refusal(restored(api, "levels", (no := new_id()))) == missing("education_level", no)


def test_deleted_nodes_are_paged_and_sorted(api: Server) -> None:
    level = add(api, "levels")["id"]
    for name in ("Grade 10", "Grade 9", "Ägrade", "agrade"):
        remove(api, "grades", add(api, "grades", level, name=name)["id"])
    path: str | None = f"{ADMIN}/deleted?kind=grade&sort=name&limit=2"
    names = []
    while path:
        response = api.get(path, as_="admin")
        rows_shown = response.json()["data"]
        names += [each["name"] for each in rows_shown]
        link = response.headers.get("link")
        path = link.partition(">")[0][1:] if link else None
    own = [name for name in names if name in ("Grade 10", "Grade 9", "Ägrade", "agrade")]
    assert own == ["agrade", "Ägrade", "Grade 9", "Grade 10"]
