"""Administrators change users; what they change holds from the next request on."""

from __future__ import annotations

import pytest

from tests.http.refusals import details_of, fields_of
from tests.identity.people import add_person, rows
from tests.parts.server import Server

USERS = "/api/users"


def path_of(api: Server, name: str) -> tuple[str, str]:
    """A newcomer's Clerk id and address."""
    clerk_id = api.user(name)
    return clerk_id, f"{USERS}/{api.user_id(clerk_id)}"


def test_what_was_read_can_be_sent_back_whole(api: Server) -> None:
    _, path = path_of(api, "whole")
    before = api.get(path, as_="admin").json()["data"]
    changed = {**before, "lastName": "Whole", "status": "SUSPENDED", "plan": "PRO"}
    answer = api.put(path, as_="admin", json=changed)
    assert answer.status_code == 200, answer.text
    after = answer.json()["data"]
    assert after == {**changed, "updatedAt": after["updatedAt"]}
    assert answer.json()["message"] == "User updated successfully"
    read = api.get(path, as_="admin")
    assert read.json()["data"] == after
    assert read.headers["etag"] == answer.headers["etag"]
    for _ in range(2):  # as it was: nothing changes, the moment of change neither
        assert api.put(path, as_="admin", json=after).json()["data"] == after


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("role", "ADMIN"),
        ("roles", ["ADMIN"]),
        ("userRoles", []),
        ("userRoles", [{"role": "ADMIN"}]),
        ("email", "x@example.com"),
        ("clerkId", "user_x"),
        ("id", "x"),
        ("createdAt", None),
        ("lastSyncedAt", "2020-01-01T00:00:00Z"),
        ("deletedAt", "2020-01-01T00:00:00Z"),
        ("__proto__", {}),
        ("search_key", "x"),
    ],
)
def test_nothing_else_can_be_changed(api: Server, field: str, value: object) -> None:
    path = f"{USERS}/{api.user_id('mentor')}"
    before = api.get(path, as_="admin").json()["data"]
    answer = api.put(path, as_="admin", json={"firstName": "Mass", field: value})
    assert fields_of(answer) == [field]
    assert api.get(path, as_="admin").json()["data"] == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"status": "DELETED"}, "status"),
        ({"status": "active"}, "status"),
        ({"status": None}, "status"),
        ({"plan": "GOLD"}, "plan"),
        ({"plan": None}, "plan"),
        ({"firstName": "x" * 101}, "firstName"),
    ],
)
def test_rules_of_the_fields(api: Server, body: dict[str, object], field: str) -> None:
    path = f"{USERS}/{api.user_id('learner')}"
    assert fields_of(api.put(path, as_="admin", json=body)) == [field]


@pytest.mark.parametrize("status", ["INACTIVE", "SUSPENDED"])
def test_deactivation_holds_from_the_next_request_on(api: Server, status: str) -> None:
    who, path = path_of(api, f"off{status.lower()}")
    assert api.put(path, as_="admin", json={"status": status}).status_code == 200
    for method, target in (
        ("GET", "/api/auth/profile"),
        ("POST", "/api/auth/sync"),
        ("GET", "/api/auth/quota"),
        ("GET", USERS),
    ):
        details = details_of(api.request(method, target, as_=who), 403, "FORBIDDEN")
        assert details["reason"] == "account_inactive"
    assert api.put(path, as_="admin", json={"status": "ACTIVE"}).status_code == 200
    assert api.get("/api/auth/profile", as_=who).status_code == 200


def test_an_administrator_deactivated_during_the_request_changes_nothing(api: Server) -> None:
    who, path = path_of(api, "formeradmin")
    assert api.post(f"{path}/roles", as_="admin", json={"role": "ADMIN"}).status_code == 201
    assert api.get(USERS, as_=who).status_code == 200
    api.put(path, as_="admin", json={"status": "INACTIVE"})
    details = details_of(api.put(path, as_=who, json={"status": "ACTIVE"}), 403, "FORBIDDEN")
    assert details["reason"] == "account_inactive"


def test_an_administrator_may_leave_while_another_stays(api: Server) -> None:
    who, path = path_of(api, "leaving")
    api.post(f"{path}/roles", as_="admin", json={"role": "ADMIN"})
    assert api.put(path, as_=who, json={"status": "INACTIVE"}).status_code == 200
    only = f"{USERS}/{api.user_id('admin')}"
    for status in ("INACTIVE", "SUSPENDED"):
        answer = api.put(only, as_="admin", json={"status": status})
        details = details_of(answer, 409, "LAST_ADMIN")
        assert details == {"resource": "user_role", "field": "role", "value": "ADMIN"}
    assert api.get(only, as_="admin").json()["data"]["status"] == "ACTIVE"


def test_our_ids_only(api: Server) -> None:
    for unknown in ("user_123", "user_admin", "0" * 32, "none"):
        for answer in (
            api.get(f"{USERS}/{unknown}", as_="admin"),
            api.put(f"{USERS}/{unknown}", as_="admin", json={"plan": "PRO"}),
        ):
            details = details_of(answer, 404, "NOT_FOUND")
            assert details == {"resource": "user", "id": unknown}


@pytest.mark.parametrize("who", ["mentor", "learner"])
def test_only_administrators(api: Server, who: str) -> None:
    path = f"{USERS}/{api.user_id('learner')}"
    role = {"mentor": "MENTOR", "learner": "LEARNER"}[who]
    for answer in (
        api.get(USERS, as_=who),
        api.get(path, as_=who),
        api.get(f"{USERS}/unknown", as_=who),
        api.put(path, as_=who, json={"plan": "ENTERPRISE"}),
        api.post(f"{path}/roles", as_=who, json={"role": "ADMIN"}),
        api.delete(f"{path}/roles?role=LEARNER", as_=who),
        api.get("/api/admin/audit", as_=who),
    ):
        details = details_of(answer, 403, "FORBIDDEN")
        assert details["required"] == ["ADMIN"]
        assert role in details["user_roles"]


def test_a_search_finds_the_new_name(api: Server) -> None:
    user_id = add_person(api, first_name="Before")
    api.put(f"{USERS}/{user_id}", as_="admin", json={"firstName": "Unmistakable"})
    found = api.get(f"{USERS}?search=unmistakable", as_="admin").json()["data"]
    assert [each["id"] for each in found] == [user_id]
    assert api.get(f"{USERS}?search=before", as_="admin").json()["data"] == []


def test_a_change_is_on_record(api: Server) -> None:
    _, path = path_of(api, "watched")
    user_id = path.rpartition("/")[2]
    api.put(path, as_="admin", json={"plan": "PRO"})
    sql = (
        "select actor_clerk_id, before ->> 'plan', after ->> 'plan' from audit_log "
        "where action = 'user.updated' and resource_id = %s"
    )
    assert rows(api, sql, user_id) == [("user_admin", "FREE", "PRO")]
