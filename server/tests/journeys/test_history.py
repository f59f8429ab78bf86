"""Administrators read who did what."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from akako.backends.database.pool import Pool
from akako.identity import accounts
from akako.kernel.core.ids import new_id
from tests.enrollment.school import add_learners, add_requests, add_subject
from tests.identity.people import value
from tests.library.school import eventually
from tests.parts.server import Server

AUDIT = "/api/admin/audit"


def entries(api: Server, query: str) -> list[dict[str, Any]]:
    response = api.get(f"{AUDIT}?{query}", as_="admin")
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["data"]
    return found


def test_an_entry_holds_actor_action_and_address(api: Server) -> None:
    subject = add_subject(api)
    (enrollment_id,) = add_requests(api, subject.id, add_learners(api, 1))
    path = f"/api/admin/enrollment/{enrollment_id}/approve"
    decided = api.put(path, as_="admin", json={"note": "a private word"})
    (entry,) = entries(api, f"resourceId={enrollment_id}")
    enrollment = decided.json()["data"]
    assert entry == {
        "id": entry["id"],
        "at": enrollment["decidedAt"],
        "actorUserId": api.user_id("admin"),
        "actorClerkId": "user_admin",
        "impersonatorClerkId": None,
        "action": "enrollment.approved",
        "resource": "enrollment",
        "resourceId": enrollment_id,
        "before": {
            "status": "PENDING",
            "userId": enrollment["userId"],
            "subjectId": subject.id,
            "decidedAt": None,
            "decidedBy": None,
        },
        "after": {
            "status": "APPROVED",
            "userId": enrollment["userId"],
            "subjectId": subject.id,
            "decidedAt": enrollment["decidedAt"],
            "decidedBy": api.user_id("admin"),
        },
        "ip": "127.0.0.1",
        "requestId": decided.headers["x-request-id"],
        "count": 1,
    }


@pytest.fixture(scope="module")
def decided(api: Server) -> str:
    """Create an enrollment with five audit entries; return its id."""
    (enrollment_id,) = add_requests(api, add_subject(api).id, add_learners(api, 1))
    for verb in ("approve", "reopen", "reject", "reopen", "approve"):
        method = "POST" if verb == "reopen" else "PUT"
        path = f"/api/admin/enrollment/{enrollment_id}/{verb}"
        assert api.request(method, path, as_="admin").status_code == 200
    return enrollment_id


def test_the_newest_comes_first_and_the_cursor_walks_through(api: Server, decided: str) -> None:
    path, walked = f"{AUDIT}?resource=enrollment&resourceId={decided}&limit=2", []
    while path:
        response = api.get(path, as_="admin")
        assert response.json()["pagination"]["total"] == 5
        walked += [each["action"].partition(".")[2] for each in response.json()["data"]]
        path = response.headers.get("link", "").partition(">")[0].removeprefix("<")
    assert walked == ["approved", "reopened", "rejected", "reopened", "approved"]
    oldest = entries(api, f"resourceId={decided}&order=asc&limit=1")
    assert oldest == entries(api, f"resourceId={decided}&page=5&limit=1")


def test_entries_of_one_moment_are_all_listed(api: Server) -> None:
    resource_id = new_id()
    api.execute(
        "insert into audit_log (at, action, resource, resource_id) "
        "select '2020-01-01', 'tested', 'test', %s from generate_series(1, 12)",
        resource_id,
    )
    path, walked = f"{AUDIT}?resourceId={resource_id}&limit=5", []
    while path:
        response = api.get(path, as_="admin")
        walked += [int(each["id"]) for each in response.json()["data"]]
        path = response.headers.get("link", "").partition(">")[0].removeprefix("<")
    assert len(walked) == 12
    assert walked == sorted(walked, reverse=True)


def test_filters_narrow_the_list(api: Server, decided: str) -> None:
    query = f"resourceId={decided}"
    assert len(entries(api, f"{query}&action=enrollment.approved")) == 2
    assert len(entries(api, f"{query}&actor=user_admin")) == 5
    assert len(entries(api, f"{query}&actor={api.user_id('admin')}&resource=enrollment")) == 5
    assert entries(api, f"{query}&actor=user_mentor") == []
    assert entries(api, f"{query}&actor=user_unknown") == []
    assert entries(api, f"{query}&resource=user") == []
    assert entries(api, f"{query}&createdTo=2020-01-01") == []
    assert len(entries(api, f"{query}&createdFrom=2020-01-01")) == 5


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("actor=", "actor"),
        ("actor=%00", "actor"),
        ("action=" + "a" * 201, "action"),
        ("sort=action", "sort"),
        ("createdFrom=soon", "createdFrom"),
        ("resource=a&resource=b", "resource"),
    ],
)
def test_a_bad_filter_is_refused(api: Server, query: str, field: str) -> None:
    response = api.get(f"{AUDIT}?{query}", as_="admin")
    assert response.status_code == 422
    assert response.json()["details"]["field"] == field


def test_a_refused_attempt_can_be_found(api: Server) -> None:
    who = api.user("curious")
    assert api.get(AUDIT, as_=who).status_code == 403
    query = f"actor={who}&resource=operation&resourceId={quote(f'GET {AUDIT}')}"
    eventually(lambda: entries(api, query))  # it is written after the response
    assert [each["action"] for each in entries(api, query)] == ["access.refused"]


def test_a_secret_is_never_shown(api: Server) -> None:
    resource_id = new_id()
    api.execute(
        "insert into audit_log (action, resource, resource_id, before, after) values "
        """('tested', 'test', %s, '{"accessToken": "hush", "n": 1}',
            '{"list": [{"Password": "hush", "secretKey": {"x": "hush"}, "name": "seen"}]}')""",
        resource_id,
    )
    (entry,) = entries(api, f"resourceId={resource_id}")
    assert entry["before"] == {"n": 1}
    assert entry["after"] == {"list": [{"name": "seen"}]}


async def forget(api: Server, clerk_id: str) -> None:
    """What happens when the identity provider tells of a deletion."""
    assert api.database_url
    db = Pool(api.database_url, size=1)
    try:
        assert await accounts.erase(db, clerk_id)
    finally:
        await db.close()


async def test_of_a_deleted_user_only_the_ids_are_left(api: Server) -> None:
    who, other = api.user("forgotten"), api.user("remembered")
    user_id, other_id = api.user_id(who), api.user_id(other)
    picture = "https://example.com/face.png"
    names = {"firstName": "Renamed", "lastName": "Else", "imageUrl": picture}
    for each in (who, other):
        assert api.put("/api/auth/profile", as_=each, json=names).status_code == 200
    assert api.put(f"/api/users/{user_id}", as_="admin", json={"plan": "PRO"}).status_code == 200
    assert api.get("/api/users", as_=who).status_code == 403
    (entry,) = entries(api, f"resourceId={user_id}&action=profile.updated")
    assert (entry["after"]["firstName"], entry["ip"]) == ("Renamed", "127.0.0.1")
    await forget(api, who)
    response = api.get(f"{AUDIT}?resourceId={user_id}", as_="admin")
    by_action = {each["action"]: each for each in response.json()["data"]}
    assert by_action.keys() == {"profile.updated", "user.updated", "user.deleted"}
    own, admins = by_action["profile.updated"], by_action["user.updated"]
    assert (own["actorUserId"], own["actorClerkId"], own["ip"]) == (user_id, who, None)
    assert (admins["before"]["plan"], admins["after"]["plan"]) == ("FREE", "PRO")
    assert admins["ip"] == "127.0.0.1"
    for state in (own["before"], own["after"], admins["before"], admins["after"]):
        assert state["status"] == "ACTIVE"
        assert not {"email", "firstName", "lastName", "imageUrl"} & state.keys()
    # Nor does the database know it any more, and of others it still does.
    kept = "select count(*) from audit_log where resource_id = %s and audit_log::text like %s"
    for about, found in ((user_id, 0), (other_id, 1)):
        for personal in ("%Renamed%", "%face.png%", "%@%"):
            assert value(api, kept, about, personal) == found
    assert entries(api, f"resourceId={other_id}")[0]["ip"] == "127.0.0.1"


async def test_what_a_deleted_user_wrote_goes_with_them(api: Server) -> None:
    who, subject = api.user("talkative"), add_subject(api)
    request = {"subjectId": subject.id, "message": "Call me: intimate"}
    asked = api.post("/api/enrollment/request", as_=who, json=request).json()["data"]
    cv = {"motivation": "intimate", "qualifications": "intimate", "experience": "intimate"}
    first = api.post("/api/mentor/apply", as_=who, json=cv).json()["data"]
    path = f"/api/admin/mentor/{first['id']}/reject"
    assert api.put(path, as_="admin", json={"reason": "intimate"}).status_code == 200
    second = api.post("/api/mentor/apply", as_=who, json=cv).json()["data"]
    await forget(api, who)
    of_subject = f"/api/admin/enrollment?subjectId={subject.id}"
    closed = api.get(of_subject, as_="admin")
    shown = [(each["id"], each["status"], each["message"]) for each in closed.json()["data"]]
    assert shown == [(asked["id"], "CANCELLED", None)]
    applications = api.get("/api/admin/mentor?status=REJECTED&limit=100", as_="admin")
    assert {first["id"], second["id"]} <= {each["id"] for each in applications.json()["data"]}
    late = api.put(f"/api/admin/enrollment/{asked['id']}/reject", as_="admin")
    assert late.status_code == 409
    for answer in (closed, applications, late):
        assert "intimate" not in answer.text
    for table in ("enrollments", "mentor_applications", "audit_log", "outbox"):
        kept = f"select count(*) from {table} t where t::text like %s"
        assert value(api, kept, "%intimate%") == 0, table
