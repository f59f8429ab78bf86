"""Creating, changing and deleting levels, grades, subjects and topics."""

from __future__ import annotations

from functools import partial

import pytest

from akako.kernel.core.ids import new_id
from tests.education.school import (
    ADMIN,
    KINDS,
    PARENT,
    PUBLIC,
    TABLES,
    add,
    add_chain,
    at_once,
    enroll,
    fresh,
    ids,
    missing,
    refusal,
    remove,
    rows,
)
from tests.parts.server import Server

RESOURCE = dict(zip(KINDS, ("education_level", "grade", "subject", "topic"), strict=True))
DUPLICATE = (
    b'{"success":false,"error":"Resource already exists","code":"CONFLICT",'
    b'"details":{"resource":"education_level","field":"name","value":"Primary School"}}'
)


def test_a_second_primary_school_is_refused_byte_for_byte(api: Server) -> None:
    body = {"name": "Primary School", "description": "Grades 1 to 6"}
    first = api.post(f"{ADMIN}/levels", as_="admin", json=body)
    assert first.status_code == 201
    second = api.post(f"{ADMIN}/levels", as_="admin", json=body)
    assert second.status_code == 409
    assert second.content == DUPLICATE


def test_a_new_level_is_answered_whole(api: Server) -> None:
    sent = {"name": "  High School ", "description": "Secondary education"}
    response = api.post(f"{ADMIN}/levels", as_="admin", json=sent)
    body = response.json()
    assert response.status_code == 201
    assert list(body) == ["success", "data", "message"]
    assert body["message"] == "Education level created successfully"
    data = body["data"]
    assert data == {
        "id": data["id"],
        "name": "High School",
        "description": "Secondary education",
        "imageUrl": None,
        "isActive": True,
        "createdAt": data["createdAt"],
        "updatedAt": data["createdAt"],
    }
    assert response.headers["location"] == f"{ADMIN}/levels/{data['id']}"
    assert response.headers["cache-control"] == "no-store"


def test_each_kind_knows_its_parent_and_its_address(api: Server) -> None:
    level = add(api, "levels")
    grade = add(api, "grades", level["id"], level="higher")
    assert (grade["educationLevelId"], grade["level"]) == (level["id"], "higher")
    subject = add(api, "subjects", grade["id"])
    assert {"gradeId": grade["id"], "mentor": None}.items() <= subject.items()
    sent = {"name": "Addition", "subjectId": subject["id"], "content": "2 + 3\n= 5"}
    response = api.post(f"{ADMIN}/topics", as_="admin", json=sent)
    topic = response.json()["data"]
    assert response.headers["location"] == f"{PUBLIC}/topics/{topic['id']}"
    assert {
        "subjectId": subject["id"],
        "hasVideo": False,
        "documentCount": 0,
        "content": "2 + 3\n= 5",
        "videoUrl": None,
        "documents": [],
    }.items() <= topic.items()


@pytest.mark.parametrize(
    "variant",
    [
        "cafe\u0301 au  lait",
        "CAF\u00c9 AU LAIT",
        "\uff23\uff21\uff26\u00c9 au lait",
        "Caf\u00e9\u2003au\u00a0lait",
        "\u200bCaf\u00e9 au lait\u200d",
    ],
)
def test_equal_names_conflict_however_they_are_written(api: Server, variant: str) -> None:
    if not ids(api.get(f"{PUBLIC}/levels", params={"search": "caf\u00e9 au lait"})):
        add(api, "levels", name="Caf\u00e9 au lait")
    response = api.post(f"{ADMIN}/levels", as_="admin", json={"name": variant})
    status, _, details = refusal(response)
    assert (status, details["field"]) == (409, "name")
    assert details["value"] == variant


def test_names_that_only_look_alike_do_not_conflict(api: Server) -> None:
    for name in (
        "Istanbul",
        "\u0130stanbul",
        "\u0131stanbul",
        "\u03a3\u03af\u03c3\u03c5\u03c6",
        "\U0001f469\u200d\U0001f3eb",
    ):
        add(api, "levels", name=name)
    final_sigma = api.post(
        f"{ADMIN}/levels", as_="admin", json={"name": "\u03c3\u03af\u03c2\u03c5\u03c6"}
    )
    assert final_sigma.status_code == 409


def test_names_are_unique_within_their_parent_only(api: Server) -> None:
    for kind, parents in (("grades", "levels"), ("topics", "subjects")):
        first, second = (
            (add(api, "levels")["id"], add(api, "levels")["id"])
            if parents == "levels"
            else (add_chain(api).subject, add_chain(api).subject)
        )
        name = fresh("Same")
        add(api, kind, first, name=name)
        add(api, kind, second, name=name)
        body = {
            "name": name,
            PARENT[kind]: first,
            **({"level": "primary"} if kind == "grades" else {}),
        }
        response = api.post(f"{ADMIN}/{kind}", as_="admin", json=body)
        assert refusal(response)[2] == {"resource": RESOURCE[kind], "field": "name", "value": name}


def test_of_twenty_creations_at_once_one_succeeds(api: Server) -> None:
    create = partial(api.post, f"{ADMIN}/levels", as_="admin", json={"name": fresh("Crowded")})
    api.token("admin")
    statuses = sorted(each.status_code for each in at_once(*[create] * 20))
    assert statuses == [201] + [409] * 19


def test_a_rename_and_a_creation_cannot_both_take_a_name(api: Server) -> None:
    for _ in range(5):
        level, name = add(api, "levels")["id"], fresh("Wanted")
        answers = at_once(
            partial(api.put, f"{ADMIN}/levels/{level}", as_="admin", json={"name": name}),
            partial(api.post, f"{ADMIN}/levels", as_="admin", json={"name": name}),
        )
        assert sorted(each.status_code for each in answers)[1:] == [409]


def test_a_deleted_name_may_be_used_again(api: Server) -> None:
    name = fresh("Phoenix")
    first = add(api, "levels", name=name)["id"]
    response = api.delete(f"{ADMIN}/levels/{first}", as_="admin")
    assert response.json() == {
        "success": True,
        "data": {"id": first, "deleted": True},
        "message": "Education level deleted successfully",
    }
    second = add(api, "levels", name=name.upper())["id"]
    assert second != first
    again = api.delete(f"{ADMIN}/levels/{first}", as_="admin")
    assert refusal(again) == missing("education_level", first)


def test_a_level_deleted_while_it_gets_a_grade_never_shows_it(api: Server) -> None:
    for _ in range(8):
        level = add(api, "levels")["id"]
        body = {"name": "Grade", "level": "primary", "educationLevelId": level}
        deleted, created = at_once(
            partial(api.delete, f"{ADMIN}/levels/{level}", as_="admin"),
            partial(api.post, f"{ADMIN}/grades", as_="admin", json=body),
        )
        assert deleted.status_code == 200
        assert created.status_code in (201, 404)
        listed = api.get(f"{PUBLIC}/levels/{level}/grades?includeInactive=true", as_="admin")
        assert refusal(listed) == missing("education_level", level)
        if created.status_code == 201:
            grade = created.json()["data"]["id"]
            assert api.get(f"{PUBLIC}/grades/{grade}/subjects").status_code == 404


@pytest.mark.parametrize("kind", ["grades", "subjects", "topics"])
@pytest.mark.parametrize("parent", ["unknown", "deleted", "below deleted"])
def test_nothing_is_created_in_a_parent_that_is_gone(api: Server, kind: str, parent: str) -> None:
    chain = add_chain(api)
    depth = KINDS.index(kind) - 1
    parent_id = chain[depth]
    if parent == "unknown":
        parent_id = new_id()
    else:
        gone = depth if parent == "deleted" else 0
        remove(api, KINDS[gone], chain[gone])
    body = {"name": "Orphan", PARENT[kind]: parent_id}
    if kind == "grades":
        body["level"] = "primary"
    response = api.post(f"{ADMIN}/{kind}", as_="admin", json=body)
    assert refusal(response) == missing(RESOURCE[KINDS[depth]], parent_id)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_below_something_deleted_is_gone_for_writes_too(api: Server, kind: str) -> None:
    chain = add_chain(api)
    node = chain[KINDS.index(kind)]
    remove(api, "levels", chain.level)
    for response in (
        api.put(f"{ADMIN}/{kind}/{node}", as_="admin", json={"description": "x"}),
        api.delete(f"{ADMIN}/{kind}/{node}", as_="admin"),
    ):
        assert refusal(response) == missing(RESOURCE[kind], node)
    (table,) = (table for table, name in zip(TABLES, KINDS, strict=True) if name == kind)
    ((deleted,),) = rows(api, f"select deleted_at is not null from {table} where id = %s", node)
    assert deleted is (kind == "levels")


@pytest.mark.parametrize("kind", ["levels", "grades", "subjects"])
def test_a_node_with_enrolled_learners_is_deleted_only_by_force(api: Server, kind: str) -> None:
    chain = add_chain(api)
    names = [fresh("pupil").replace(" ", "") for _ in range(3)]
    for name, status in zip(names, ("APPROVED", "APPROVED", "PENDING"), strict=True):
        enroll(api, chain.subject, api.user_id(api.user(f"{kind}{name}")), status)
    path = f"{ADMIN}/{kind}/{chain[KINDS.index(kind)]}"
    for refused in (api.delete(path, as_="admin"), api.delete(f"{path}?force=false", as_="admin")):
        expected = {"resource": RESOURCE[kind], "field": "enrollments", "value": 2}
        assert refusal(refused) == (409, "CONFLICT", expected)
    assert refusal(api.delete(f"{path}?force=maybe", as_="admin"))[0] == 422
    assert api.delete(f"{path}?force=true", as_="admin").status_code == 200


def test_enrollments_in_what_was_deleted_before_do_not_hinder(api: Server) -> None:
    chain = add_chain(api)
    enroll(api, chain.subject, api.user_id("learner"))
    assert api.delete(f"{ADMIN}/topics/{chain.topic}", as_="admin").status_code == 200
    path = f"{ADMIN}/subjects/{chain.subject}?force=true"
    assert api.delete(path, as_="admin").status_code == 200
    remove(api, "levels", chain.level)
