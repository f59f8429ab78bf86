"""The audit trail, as administrators read it."""

from __future__ import annotations

import time
from typing import Any

import httpx
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


def refusals(api: Server, who: str) -> list[dict[str, Any]]:
    """What somebody was refused, as soon as it is on record."""
    deadline = time.monotonic() + 20
    while not (found := entries(api, actor=who, action="access.refused")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def test_refused_attempts_are_on_record(api: Server) -> None:
    who = api.user("curious")
    api.get("/api/users", as_=who)
    (found,) = refusals(api, who)
    assert (found["resourceId"], found["after"]) == ("GET /api/users", None)


def turned_away(api: Server, who: str, answer: httpx.Response, operation: str, reason: str) -> None:
    """The refusal of somebody who was not even let in is on record, with all that is known."""
    assert answer.json()["details"]["reason"] == reason
    (found,) = refusals(api, who)
    facts = {name: found[name] for name in ("resourceId", "after", "ip", "requestId")}
    assert facts == {
        "resourceId": operation,
        "after": {"reason": reason},
        "ip": "127.0.0.1",
        "requestId": answer.headers["x-request-id"],
    }
    assert found["actorClerkId"] == who
    assert found["actorUserId"] is not None


def test_whose_account_is_not_active_is_on_record(api: Server) -> None:
    who = api.user("asleep")
    user_id = api.user_id(who)
    api.put(f"/api/users/{user_id}", as_="admin", json={"status": "INACTIVE"})
    assert api.get("/api/education/levels", as_=who).status_code == 200
    answer = api.get("/api/auth/profile", as_=who)
    turned_away(api, who, answer, "GET /api/auth/profile", "account_inactive")


def test_whose_session_is_pending_is_on_record(api: Server) -> None:
    who = api.user("pending")
    token = api.token(who, sts="pending", act={"sub": "user_support"})
    answer = api.get("/api/users", headers={"Authorization": f"Bearer {token}"})
    turned_away(api, who, answer, "GET /api/users", "account_inactive")
    assert refusals(api, who)[0]["impersonatorClerkId"] == "user_support"


def test_who_names_somebody_else_is_on_record(api: Server) -> None:
    who = api.user("mistaken")
    answer = api.post("/api/auth/sync", as_=who, json={"userId": "user_admin"})
    turned_away(api, who, answer, "POST /api/auth/sync", "user_mismatch")


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
