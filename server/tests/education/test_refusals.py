"""What is refused before anything is done: wrong fields, missing roles, impossible ids."""

from __future__ import annotations

from typing import Any

import pytest

from akako.kernel.core.ids import new_id
from tests.education.school import ADMIN, KINDS, PARENT, PUBLIC, add_chain, change, fresh, refusal
from tests.parts.server import Server

INVALID: list[tuple[str, dict[str, Any], str]] = [
    ("levels", {"name": ""}, "name"),
    ("levels", {"name": " \u200b "}, "name"),
    ("levels", {"name": "n" * 121}, "name"),
    ("levels", {"name": 7}, "name"),
    ("levels", {"name": None}, "name"),
    ("levels", {"name": "a\nb"}, "name"),
    ("levels", {"description": None}, "description"),
    ("levels", {"description": "d" * 2001}, "description"),
    ("levels", {"imageUrl": "javascript:alert(1)"}, "imageUrl"),
    ("levels", {"imageUrl": "http://example.com/a.png"}, "imageUrl"),
    ("levels", {"imageUrl": "https://u:p@example.com/a.png"}, "imageUrl"),
    ("levels", {"isActive": 1}, "isActive"),
    ("levels", {"isActive": "true"}, "isActive"),
    ("levels", {"__proto__": {}}, "__proto__"),
    ("levels", {"content": "x"}, "content"),
    ("grades", {"level": "tertiary"}, "level"),
    ("grades", {"level": None}, "level"),
    ("subjects", {"mentorId": 5}, "mentorId"),
    ("subjects", {"mentorId": "no such mentor"}, "mentorId"),
    ("topics", {"content": "c" * 200_001}, "content"),
    ("topics", {"content": None}, "content"),
]


@pytest.mark.parametrize(("kind", "wrong", "field"), INVALID)
def test_wrong_fields_are_named(api: Server, kind: str, wrong: dict[str, Any], field: str) -> None:
    parent = {PARENT[kind]: new_id()} if kind in PARENT else {}
    required = {"level": "primary"} if kind == "grades" else {}
    body = {"name": fresh(), **parent, **required, **wrong}
    created = api.post(f"{ADMIN}/{kind}", as_="admin", json=body)
    changed = api.put(f"{ADMIN}/{kind}/{new_id()}", as_="admin", json=wrong)
    for response in (created, changed):
        status, code, details = refusal(response)
        assert (status, code, details["field"]) == (422, "VALIDATION_ERROR", field)


def test_several_wrong_fields_are_reported_together(api: Server) -> None:
    response = api.post(f"{ADMIN}/grades", as_="admin", json={"name": "", "level": "x"})
    details = refusal(response)[2]
    assert [each["field"] for each in details["errors"]] == ["name", "educationLevelId", "level"]


def test_the_longest_topic_fits_and_markup_stays_as_it_is(api: Server) -> None:
    chain = add_chain(api)
    content = "\u00e9" * 200_000
    topic = change(api, "topics", chain.topic, content=content, description="<script>1</script>")
    assert topic["content"] == content
    shown = api.get(f"{PUBLIC}/topics/{chain.topic}")
    assert shown.json()["data"]["description"] == "<script>1</script>"
    assert shown.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("as_", ["learner", "mentor", None])
@pytest.mark.parametrize("kind", KINDS)
def test_writes_need_the_role(api: Server, kind: str, as_: str | None) -> None:
    """Before anything is said about the body or about what exists."""
    path = f"{ADMIN}/{kind}"
    mentors = {("topics", "POST"), ("topics", "PUT"), ("topics", "DELETE"), ("subjects", "PUT")}
    for method, target in (("POST", path), ("PUT", f"{path}/x"), ("DELETE", f"{path}/x")):
        body = None if method == "DELETE" else {"name": 1}
        response = api.request(method, target, as_=as_, json=body)
        allowed = ["ADMIN", "MENTOR"] if (kind, method) in mentors else ["ADMIN"]
        if as_ is None:
            assert refusal(response)[:2] == (401, "UNAUTHORIZED")
        elif as_.upper() in allowed:
            assert response.status_code in (404, 422)
        else:
            status, code, details = refusal(response)
            assert (status, code, details["required"]) == (403, "FORBIDDEN", allowed)
            assert as_.upper() in details["user_roles"]


@pytest.mark.parametrize(
    "odd", ["x", "a.b", "%2e%2e", "a%00b", "z" * 65, "\u00e9", "%27%20or%201=1"]
)
def test_odd_ids_are_answered_like_unknown_ones(api: Server, odd: str) -> None:
    for response in (
        api.get(f"{PUBLIC}/levels/{odd}/grades"),
        api.get(f"{PUBLIC}/topics/{odd}"),
        api.put(f"{ADMIN}/levels/{odd}", as_="admin", json={"name": "x"}),
        api.delete(f"{ADMIN}/grades/{odd}", as_="admin"),
    ):
        assert refusal(response)[:2] == (404, "NOT_FOUND")
