"""The audit trail, as administrators read it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.http.refusals import fields_of
from tests.identity.people import execute
from tests.parts.server import Server

AUDIT = "/api/admin/audit"
SHAPE = ["id", "at", "actorUserId", "actorClerkId", "impersonatorClerkId", "action", "resource"]
SHAPE += ["resourceId", "before", "after", "ip", "requestId"]


def entries(api: Server, **query: str) -> list[dict[str, Any]]:
    answer = api.get(AUDIT, as_="admin", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def test_who_did_what_to_whom(api: Server) -> None:
    who = api.user("audited")
    user_id = api.user_id(who)
    headers = {"X-Request-Id": "audit-1"}
    api.put(f"/api/users/{user_id}", as_="admin", json={"plan": "PRO"}, headers=headers)
    api.put("/api/auth/profile", as_=who, json={"firstName": "Own"})
    newest, older = entries(api, resource="user", resourceId=user_id)
    assert list(newest) == SHAPE
    assert (newest["action"], newest["actorClerkId"]) == ("profile.updated", who)
    assert (older["action"], older["actorClerkId"]) == ("user.updated", "user_admin")
    assert (older["before"]["plan"], older["after"]["plan"]) == ("FREE", "PRO")
    assert (older["ip"], older["requestId"]) == ("127.0.0.1", "audit-1")
    for actor in (who, user_id):
        assert {each["actorClerkId"] for each in entries(api, actor=actor)} == {who}
    assert entries(api, action="user.updated", actor="user_admin", resourceId=user_id) == [older]
    assert entries(api, actor="nobody") == []


def test_refused_attempts_are_on_record(api: Server) -> None:
    who = api.user("curious")
    api.get("/api/users", as_=who)
    found: list[dict[str, Any]] = []
    for _ in range(200):
        if found := entries(api, actor=who, action="access.refused"):
            break
    assert found[0]["resourceId"] == "GET /api/users"


def test_pages_in_order(api: Server) -> None:
    user_id = api.user_id(api.user("paged"))
    for number in range(5):
        api.put(f"/api/users/{user_id}", as_="admin", json={"lastName": str(number)})
    path: str | None = f"{AUDIT}?resourceId={user_id}&limit=2"
    seen: list[str] = []
    while path:
        answer = api.get(path, as_="admin")
        seen += [each["after"]["lastName"] for each in answer.json()["data"]]
        link = answer.headers.get("link")
        path = link.partition(">")[0][1:] if link else None
    assert seen == ["4", "3", "2", "1", "0"]
    oldest = entries(api, resourceId=user_id, order="asc", limit="1")
    assert oldest[0]["after"]["lastName"] == "0"


def test_of_the_deleted_nothing_personal_is_left(api: Server) -> None:
    who = api.user("forgotten")
    user_id = api.user_id(who)
    body = {"firstName": "Personal", "imageUrl": "https://example.com/face.png", "plan": "PRO"}
    api.put(f"/api/users/{user_id}", as_="admin", json=body)
    execute(api, "update users set deleted_at = now() where id = %s", user_id)
    answer = api.get(AUDIT, as_="admin", params={"resourceId": user_id})
    (entry,) = answer.json()["data"]
    assert entry["after"]["plan"] == "PRO"
    assert "Personal" not in answer.text
    assert "face.png" not in answer.text
    assert "forgotten@" not in answer.text


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("actor=", "actor"),
        ("actor=%00", "actor"),
        ("resource=" + "x" * 201, "resource"),
        ("action=a&action=b", "action"),
        ("sort=actor", "sort"),
        ("createdFrom=x", "createdFrom"),
    ],
)
def test_wrong_parameters_are_told(api: Server, query: str, field: str) -> None:
    assert fields_of(api.get(f"{AUDIT}?{query}", as_="admin")) == [field]


def test_nothing_can_be_written_there(api: Server) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert api.request(method, AUDIT, as_="admin", json={}).status_code == 405
