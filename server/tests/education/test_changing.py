"""Changing nodes: merging, conditions, repetition, and what is kept on record."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from akako.kernel.core.ids import new_id
from tests.education.school import (
    ADMIN,
    KINDS,
    PUBLIC,
    Chain,
    add,
    add_chain,
    at_once,
    change,
    fresh,
    refusal,
    rows,
)
from tests.parts.server import Server

RESOURCE = dict(zip(KINDS, ("education_level", "grade", "subject", "topic"), strict=True))
READ_ONLY = {
    "levels": {"id", "createdAt", "updatedAt"},
    "grades": {"id", "createdAt", "updatedAt", "educationLevelId"},
    "subjects": {"id", "createdAt", "updatedAt", "gradeId", "mentor", "mentorEmail"},
    "topics": {"id", "createdAt", "updatedAt", "subjectId", "hasVideo", "documentCount"}
    | {"videoUrl", "documents"},
}


def shown(api: Server, chain: Chain, kind: str) -> dict[str, Any]:
    """A node as an administrator gets it."""
    if kind == "topics":
        return dict(api.get(f"{PUBLIC}/topics/{chain.topic}", as_="admin").json()["data"])
    place = KINDS.index(kind)
    path = f"{PUBLIC}/levels?sort=createdAt&order=desc" if place == 0 else chain.lists()[place - 1]
    found = api.get(path, as_="admin").json()["data"]
    (node,) = (each for each in found if each["id"] == chain[place])
    return dict(node)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_read_can_be_sent_back(api: Server, kind: str) -> None:
    chain = add_chain(api, mentor_id=api.user_id("mentor"), content="text")
    before = shown(api, chain, kind)
    path = f"{ADMIN}/{kind}/{before['id']}"
    same = api.put(path, as_="admin", json=before)
    assert same.json()["data"] == before
    image = "https://example.com/a.png"
    changed = api.put(path, as_="admin", json={**before, "imageUrl": image}).json()["data"]
    assert changed == {**before, "imageUrl": image, "updatedAt": changed["updatedAt"]}
    assert changed["updatedAt"] > before["updatedAt"]
    assert shown(api, chain, kind) == changed


@pytest.mark.parametrize("kind", KINDS)
def test_read_only_fields_cannot_be_changed(api: Server, kind: str) -> None:
    chain = add_chain(api)
    node = chain[KINDS.index(kind)]
    for field in READ_ONLY[kind]:
        body = {field: "other", "description": "new"}
        answer = api.put(f"{ADMIN}/{kind}/{node}", as_="admin", json=body)
        details = {"field": field, "message": "Read-only field", "value": "other"}
        assert refusal(answer) == (422, "VALIDATION_ERROR", details)
    assert shown(api, chain, kind)["description"] == ""


def test_absent_fields_stay_and_null_clears(api: Server) -> None:
    level = add(api, "levels", description="Old", imageUrl="https://example.com/a.png")
    path = f"{ADMIN}/levels/{level['id']}"
    changed = api.put(path, as_="admin", json={"imageUrl": None}).json()
    assert changed["message"] == "Education level updated successfully"
    kept = {**level, "imageUrl": None, "updatedAt": changed["data"]["updatedAt"]}
    assert changed["data"] == kept
    assert refusal(api.put(path, as_="admin", json={}))[0] == 422
    assert refusal(api.put(path, as_="admin", json={"name": None}))[0] == 422


def test_a_grade_can_change_its_stage(api: Server) -> None:
    chain = add_chain(api)
    assert change(api, "grades", chain.grade, level="higher")["level"] == "higher"


def test_a_rename_obeys_the_same_rules_as_a_new_name(api: Server) -> None:
    taken, free = fresh("Taken"), fresh("Free")
    add(api, "levels", name=taken)
    level = add(api, "levels", name=free)["id"]
    answer = api.put(f"{ADMIN}/levels/{level}", as_="admin", json={"name": taken.upper()})
    details = {"resource": "education_level", "field": "name", "value": taken.upper()}
    assert refusal(answer) == (409, "CONFLICT", details)
    sent = f"  {taken} {' ' * 300}"
    answer = api.put(f"{ADMIN}/levels/{level}", as_="admin", json={"name": sent})
    assert refusal(answer) == (409, "CONFLICT", {**details, "value": sent[:256]})
    assert change(api, "levels", level, name=free.upper())["name"] == free.upper()


@pytest.mark.parametrize("kind", KINDS)
def test_an_outdated_condition_stops_change_and_deletion(api: Server, kind: str) -> None:
    chain = add_chain(api)
    path = f"{ADMIN}/{kind}/{chain[KINDS.index(kind)]}"
    first = api.put(path, as_="admin", json={"description": "first"}).headers["etag"]
    condition = {"If-Match": first}
    second = api.put(path, as_="admin", json={"description": "second"}, headers=condition)
    current = second.headers["etag"]
    late = partial(api.put, path, as_="admin", json={"description": "late"}, headers=condition)
    for response in (late(), api.delete(path, as_="admin", headers=condition)):
        assert refusal(response) == (412, "PRECONDITION_FAILED", {"currentETag": current})
    assert shown(api, chain, kind)["description"] == "second"
    assert api.delete(path, as_="admin", headers={"If-Match": current}).status_code == 200
    assert api.delete(path, as_="admin", headers={"If-Match": "*"}).status_code == 404


def test_a_topics_tag_is_the_same_wherever_it_is_answered(api: Server) -> None:
    subject = add_chain(api).subject
    body = {"name": "Addition", "subjectId": subject, "content": "text"}
    created = api.post(f"{ADMIN}/topics", as_="admin", json=body)
    path = created.headers["location"]
    tag = api.get(path, as_="admin").headers["etag"]
    assert created.headers["etag"] == tag
    assert api.get(path, as_="admin", headers={"If-None-Match": tag}).status_code == 304
    changed = api.put(
        f"{ADMIN}/topics/{created.json()['data']['id']}",
        as_="admin",
        json={"content": "more"},
        headers={"If-Match": tag},
    )
    assert changed.headers["etag"] == api.get(path, as_="admin").headers["etag"] != tag


def test_of_two_changes_under_one_condition_one_is_lost_visibly(api: Server) -> None:
    created = api.post(f"{ADMIN}/levels", as_="admin", json={"name": fresh()})
    path, tag = created.headers["location"], {"If-Match": created.headers["etag"]}
    answers = at_once(
        *(
            partial(api.put, path, as_="admin", json={"description": word}, headers=tag)
            for word in ("one", "two", "three", "four")
        )
    )
    assert sorted(each.status_code for each in answers) == [200, 412, 412, 412]


def test_a_repeated_creation_under_one_key_makes_one_level(api: Server) -> None:
    body, key = {"name": fresh()}, {"Idempotency-Key": new_id()}
    first = api.post(f"{ADMIN}/levels", as_="admin", json=body, headers=key)
    again = api.post(f"{ADMIN}/levels", as_="admin", json=body, headers=key)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    path = first.headers["location"]
    gone = [api.delete(path, as_="admin", headers={"Idempotency-Key": "k1"}) for _ in range(2)]
    assert [each.status_code for each in gone] == [200, 200]
    assert api.delete(path, as_="admin").status_code == 404


@pytest.mark.parametrize("kind", KINDS)
def test_every_write_is_on_record_and_announced(api: Server, kind: str) -> None:
    mentor = api.get("/api/auth/profile", as_="mentor").json()["data"]
    chain = add_chain(api, mentor_id=mentor["id"])
    node, resource = chain[KINDS.index(kind)], RESOURCE[kind]
    change(api, kind, node, description="changed")
    change(api, kind, node, description="changed")
    assert api.delete(f"{ADMIN}/{kind}/{node}", as_="admin").status_code == 200
    actions = [f"{resource}.{action}" for action in ("created", "updated", "deleted")]
    noted = rows(
        api,
        """
        select action, resource, actor_clerk_id, before ->> 'description', after ->> 'description'
        from audit_log where resource_id = %s order by id
        """,
        node,
    )
    states = [(None, ""), ("", "changed"), ("changed", None)]
    assert noted == [
        (action, resource, "user_admin", *state)
        for action, state in zip(actions, states, strict=True)
    ]
    events = rows(api, "select type from outbox where data ->> 'id' = %s order by created_at", node)
    assert [each[0] for each in events] == actions
    sql = "select string_agg(coalesce(before::text, '') || coalesce(after::text, ''), '')"
    ((record,),) = rows(api, f"{sql} from audit_log where resource_id = %s", node)
    assert mentor["email"] not in record
    assert (mentor["id"] in record) is (kind == "subjects")


def test_a_refused_write_leaves_nothing_behind(api: Server) -> None:
    name = fresh("Twice")
    add(api, "levels", name=name)
    count = """
    select (select count(*) from audit_log where resource = 'education_level'),
           (select count(*) from outbox)
    """
    before = rows(api, count)
    assert api.post(f"{ADMIN}/levels", as_="admin", json={"name": name}).status_code == 409
    assert rows(api, count) == before
