"""Who was refused something is on record, also those who were not even let in."""

from __future__ import annotations

import time
from typing import Any

import httpx2

from tests.parts.server import Server


def entries(api: Server, **query: str) -> list[dict[str, Any]]:
    answer = api.get("/api/admin/audit", as_="admin", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def refusals(api: Server, who: str) -> list[dict[str, Any]]:
    """Return the refusals of a user, as soon as they are in the audit log."""
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


def turned_away(
    api: Server, who: str, answer: httpx2.Response, operation: str, reason: str
) -> None:
    """A refusal before the account is loaded is audited with what the token says."""
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


def test_a_request_that_names_another_user_is_audited(api: Server) -> None:
    who = api.user("mistaken")
    answer = api.post("/api/auth/sync", as_=who, json={"userId": "user_admin"})
    turned_away(api, who, answer, "POST /api/auth/sync", "user_mismatch")
