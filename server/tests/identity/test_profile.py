"""People read and change their own account, and only what is theirs to change."""

from __future__ import annotations

import pytest

from tests.http.refusals import details_of, fields_of
from tests.identity.people import rows
from tests.parts.server import Server

PROFILE = "/api/auth/profile"
SHAPE = ["id", "clerkId", "email", "username", "firstName", "lastName", "imageUrl", "status"]
SHAPE += ["plan", "roles", "createdAt", "updatedAt", "userRoles"]
ROLE_SHAPE = ["id", "role", "effectiveStartDate", "effectiveEndDate", "assignedBy"]


def test_a_profile_has_the_documented_shape(api: Server) -> None:
    profile = api.get(PROFILE, as_="learner").json()["data"]
    assert list(profile) == SHAPE
    assert profile["clerkId"] == "user_123"
    assert profile["email"] == "test@example.com"
    assert (profile["status"], profile["plan"], profile["roles"]) == ("ACTIVE", "FREE", ["LEARNER"])
    (role,) = profile["userRoles"]
    assert list(role) == ROLE_SHAPE
    assert (role["role"], role["effectiveEndDate"], role["assignedBy"]) == ("LEARNER", None, None)
    assert profile["createdAt"].endswith("Z")


def test_a_profile_does_not_show_who_assigned_a_role(api: Server) -> None:
    """No id of another user, neither Clerk's nor ours, in any response to the user."""
    who = api.user("assignedto")
    path = f"/api/users/{api.user_id(who)}/roles"
    assert api.post(path, as_="admin", json={"role": "MENTOR"}).status_code == 201
    for answer in (
        api.get(PROFILE, as_=who),
        api.put(PROFILE, as_=who, json={"firstName": "Shown"}),
        api.put(PROFILE, as_=who, json={"firstName": "Shown"}),
    ):
        windows = answer.json()["data"]["userRoles"]
        assert [(each["role"], each["assignedBy"]) for each in windows] == [
            ("LEARNER", None),
            ("MENTOR", None),
        ]
        assert "user_admin" not in answer.text
        assert api.user_id("admin") not in answer.text


def test_what_was_read_can_be_sent_back_whole(api: Server) -> None:
    who = api.user("roundtrip")
    before = api.get(PROFILE, as_=who).json()["data"]
    changed = {**before, "firstName": "Changed", "imageUrl": "https://example.com/me.png"}
    answer = api.put(PROFILE, as_=who, json=changed)
    assert answer.status_code == 200, answer.text
    after = answer.json()["data"]
    assert after == {**changed, "updatedAt": after["updatedAt"]}
    assert after["updatedAt"] > before["updatedAt"]
    assert answer.json()["message"] == "Profile updated successfully"
    assert api.get(PROFILE, as_=who).json()["data"] == after
    for _ in range(2):  # as it was: nothing changes, the moment of change neither
        assert api.put(PROFILE, as_=who, json=after).json()["data"] == after


def test_only_what_is_sent_changes_and_null_clears(api: Server) -> None:
    who = api.user("partial")
    full = {"firstName": "  A\u0301kua ", "lastName": "Sa'ar", "imageUrl": "https://x.example/i"}
    first = api.put(PROFILE, as_=who, json=full).json()["data"]
    assert (first["firstName"], first["lastName"]) == ("\u00c1kua", "Sa'ar")
    second = api.put(PROFILE, as_=who, json={"lastName": None}).json()["data"]
    assert second == {**first, "lastName": None, "updatedAt": second["updatedAt"]}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("role", "ADMIN"),
        ("roles", ["ADMIN"]),
        ("roles", ["LEARNER", "ADMIN"]),
        ("userRoles", []),
        ("email", "other@example.com"),
        ("username", "other"),
        ("email", None),
        ("clerkId", "user_admin"),
        ("id", "another"),
        ("status", "SUSPENDED"),
        ("plan", "ENTERPRISE"),
        ("createdAt", "2020-01-01T00:00:00Z"),
        ("updatedAt", "2020-01-01T00:00:00Z"),
        ("lastSyncedAt", None),
        ("__proto__", {"role": "ADMIN"}),
        ("constructor", {"prototype": {"admin": True}}),
        ("__class__", "Admin"),
        ("_sa_instance_state", {}),
        ("emailKey", "x"),
        ("email_key", "x"),
        ("deletedAt", None),
        ("isAdmin", True),
        ("first_name", "snake"),
        ("profile.role", "ADMIN"),
        ("publicMetadata", {"role": "ADMIN"}),
    ],
)
def test_nothing_else_can_be_changed(api: Server, field: str, value: object) -> None:
    before = api.get(PROFILE, as_="mentor").json()["data"]
    answer = api.put(PROFILE, as_="mentor", json={"firstName": "Mass", field: value})
    assert fields_of(answer) == [field]
    assert api.get(PROFILE, as_="mentor").json()["data"] == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"firstName": ""}, "firstName"),
        ({"firstName": " \u200b "}, "firstName"),
        ({"firstName": "x" * 101}, "firstName"),
        ({"firstName": "a\u0000b"}, "firstName"),
        ({"firstName": "a\nb"}, "firstName"),
        ({"firstName": "a\u202eb"}, "firstName"),
        ({"firstName": 1}, "firstName"),
        ({"lastName": ["x"]}, "lastName"),
        ({"imageUrl": ""}, "imageUrl"),
        ({"imageUrl": "http://example.com/x.png"}, "imageUrl"),
        ({"imageUrl": "javascript:alert(1)"}, "imageUrl"),
        ({"imageUrl": "data:image/png;base64,AA"}, "imageUrl"),
        ({"imageUrl": "https://user:pass@example.com/"}, "imageUrl"),
        ({"imageUrl": "https://ex\u0430mple.com/"}, "imageUrl"),
        ({"imageUrl": "https://example.com/" + "x" * 3000}, "imageUrl"),
    ],
)
def test_rules_of_the_fields(api: Server, body: dict[str, object], field: str) -> None:
    assert fields_of(api.put(PROFILE, as_="learner", json=body)) == [field]


def test_markup_is_kept_as_it_is(api: Server) -> None:
    who, name = api.user("markup"), "<script>alert('x')</script>"
    answer = api.put(PROFILE, as_=who, json={"firstName": name})
    assert answer.json()["data"]["firstName"] == name
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_change_is_on_record_with_both_states(api: Server) -> None:
    who = api.user("recorded")
    answer = api.put(PROFILE, as_=who, json={"lastName": "Noted"}, headers={"X-Request-Id": "r-1"})
    user_id = answer.json()["data"]["id"]
    found = rows(
        api,
        "select actor_user_id, actor_clerk_id, before ->> 'lastName', after ->> 'lastName', "
        "request_id, host(ip::inet) from audit_log where action = 'profile.updated' "
        "and resource_id = %s",
        user_id,
    )
    assert found == [(user_id, who, None, "Noted", "r-1", "127.0.0.1")]


def test_account_states_are_seen_at_the_next_request(api: Server) -> None:
    who = api.user("states")
    for status in ("INACTIVE", "SUSPENDED"):
        api.execute("update users set status = %s where clerk_id = %s", status, who)
        details = details_of(api.get(PROFILE, as_=who), 403, "FORBIDDEN")
        assert details == {
            "required": [],
            "user_roles": ["LEARNER"],
            "reason": "account_inactive",
        }
        details_of(api.put(PROFILE, as_=who, json={"firstName": "x"}), 403, "FORBIDDEN")
        assert api.get("/api/education/levels", as_=who).status_code == 200
        api.execute("update users set status = 'ACTIVE' where clerk_id = %s", who)
        assert api.get(PROFILE, as_=who).status_code == 200
    api.execute("update users set deleted_at = now() where clerk_id = %s", who)
    details_of(api.get(PROFILE, as_=who), 401, "UNAUTHORIZED")


def test_an_ended_session_is_401(api: Server) -> None:
    who = api.user("ended")
    headers = {"Authorization": f"Bearer {api.token(who, sid='sess_ended')}"}
    assert api.get(PROFILE, headers=headers).status_code == 200
    api.execute("insert into ended_sessions (session_id) values ('sess_ended')")
    details_of(api.get(PROFILE, headers=headers), 401, "UNAUTHORIZED")
    details_of(api.post("/api/auth/sync", headers=headers), 401, "UNAUTHORIZED")
    assert api.get(PROFILE, as_=who).status_code == 200


def test_a_pending_session_may_not_act(api: Server) -> None:
    headers = {"Authorization": f"Bearer {api.token('learner', sts='pending')}"}
    details_of(api.get(PROFILE, headers=headers), 403, "FORBIDDEN")
    assert api.get("/api/education/levels", headers=headers).status_code == 200


def test_roles_in_a_token_mean_nothing(api: Server) -> None:
    claims = {"role": "ADMIN", "roles": ["ADMIN"], "public_metadata": {"role": "ADMIN"}}
    headers = {"Authorization": f"Bearer {api.token('learner', **claims)}"}
    details_of(api.get("/api/users", headers=headers), 403, "FORBIDDEN")
