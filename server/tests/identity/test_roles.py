"""Roles are given and taken with dates; what was stays on record."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from tests.http.refusals import details_of, fields_of
from tests.identity.people import Ask, rows, statuses, together
from tests.parts.server import Server


def roles_path(api: Server, who: str) -> str:
    return f"/api/users/{api.user_id(who)}/roles"


def assign(api: Server, path: str, role: str, **dates: object) -> httpx2.Response:
    return api.post(path, as_="admin", json={"role": role, **dates})


def remove(api: Server, path: str, role: str) -> httpx2.Response:
    return api.delete(f"{path}?role={role}", as_="admin")


def at(**ahead: float) -> str:
    return _moment(timedelta(**ahead))


def _moment(ahead: timedelta) -> str:
    return (datetime.now(UTC) + ahead).isoformat()


def test_a_role_holds_from_now_and_for_good(api: Server) -> None:
    who = api.user("assigned")
    answer = assign(api, roles_path(api, who), "MENTOR")
    assert answer.status_code == 201
    assert answer.json()["message"] == "Role assigned successfully"
    data = answer.json()["data"]
    assert list(data) == ["userRole", "user"]
    window = data["userRole"]
    assert window["role"] == "MENTOR"
    assert window["effectiveEndDate"] is None
    assert window["assignedBy"] == api.user_id("admin")
    assert data["user"]["roles"] == ["MENTOR", "LEARNER"]
    assert window in data["user"]["userRoles"]
    assert api.get("/api/auth/profile", as_=who).json()["data"]["roles"] == ["MENTOR", "LEARNER"]


@pytest.mark.parametrize(("given", "role"), [("admin", "ADMIN"), ("Mentor", "MENTOR")])
def test_a_role_may_be_written_in_any_case(api: Server, given: str, role: str) -> None:
    path = roles_path(api, api.user(f"case{given}"))
    answer = api.post(path, as_="admin", json={"role": given}, unpromised=True)
    assert answer.json()["data"]["userRole"]["role"] == role
    assert remove(api, path, given.swapcase()).status_code == 200


@pytest.mark.parametrize(
    "role", ["KING", "", " ADMIN", "ADM\u0130N", "\u017fuper", None, 1, ["ADMIN"]]
)
def test_unknown_roles_are_refused_and_the_known_listed(api: Server, role: Any) -> None:
    path = roles_path(api, "learner")
    answer = assign(api, path, role)
    assert fields_of(answer) == ["role"]
    if isinstance(role, str):
        assert "ADMIN, MENTOR, LEARNER" in answer.json()["details"]["message"]
        assert fields_of(remove(api, path, role)) == ["role"]


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        (timedelta(days=-1), None, "effectiveStartDate"),
        (timedelta(minutes=-2), None, "effectiveStartDate"),
        (timedelta(days=3700), None, "effectiveStartDate"),
        ("1900-01-01T00:00:00Z", None, "effectiveStartDate"),
        ("10000-01-01T00:00:00Z", None, "effectiveStartDate"),
        ("2030-02-30T00:00:00Z", None, "effectiveStartDate"),
        ("2030-01-01T00:00:00", None, "effectiveStartDate"),
        ("2030-01-01", None, "effectiveStartDate"),
        ("20300101T000000Z", None, "effectiveStartDate"),
        ("2030-W01-1T00:00:00Z", None, "effectiveStartDate"),
        ("2030-01-01T24:00:00Z", None, "effectiveStartDate"),
        ("2030-06-30T23:59:60Z", None, "effectiveStartDate"),
        ("9999-12-31T23:59:59-23:59", None, "effectiveStartDate"),
        (1_893_456_000, None, "effectiveStartDate"),
        ("", None, "effectiveStartDate"),
        ("now", None, "effectiveStartDate"),
        (None, None, "effectiveStartDate"),
        (timedelta(days=2), timedelta(days=1), "effectiveEndDate"),
        ("2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z", "effectiveEndDate"),
        ("2030-01-01T00:00:00Z", "2030-01-01T02:00:00+02:00", "effectiveEndDate"),
        (timedelta(days=1), "2024-02-30T00:00:00Z", "effectiveEndDate"),
        (timedelta(days=1), "soon", "effectiveEndDate"),
        (timedelta(days=1), 5, "effectiveEndDate"),
    ],
    # Named by their place: every test process must give the cases the same names.
    ids=lambda value: type(value).__name__,
)
def test_impossible_dates_are_refused(api: Server, start: Any, end: Any, field: str) -> None:
    path = roles_path(api, "learner")
    given = {"effectiveStartDate": start, "effectiveEndDate": end}
    dates = {k: _moment(v) if isinstance(v, timedelta) else v for k, v in given.items()}
    answer = assign(api, path, "MENTOR", **dates)
    assert fields_of(answer) == [field]


def test_an_end_that_has_passed_is_refused(api: Server) -> None:
    answer = assign(api, roles_path(api, "learner"), "MENTOR", effectiveEndDate=at(seconds=-1))
    assert fields_of(answer) == ["effectiveEndDate"]


def test_a_window_to_come_does_not_hold_yet(api: Server) -> None:
    who = api.user("later")
    path = roles_path(api, who)
    dates = {"effectiveStartDate": "2030-01-01T02:00:00+02:00", "effectiveEndDate": at(days=3000)}
    data = assign(api, path, "MENTOR", **dates).json()["data"]
    assert data["userRole"]["effectiveStartDate"] == "2030-01-01T00:00:00Z"
    assert data["user"]["roles"] == ["LEARNER"]
    profile = api.get("/api/auth/profile", as_=who).json()["data"]
    assert [each["role"] for each in profile["userRoles"]] == ["LEARNER"]
    removed = remove(api, path, "MENTOR")
    assert removed.status_code == 200
    history = [each["role"] for each in removed.json()["data"]["userRoles"]]
    assert history == ["LEARNER", "MENTOR"]
    details_of(remove(api, path, "MENTOR"), 404, "NOT_FOUND")
    assert assign(api, path, "MENTOR", **dates).status_code == 201


def test_a_window_ends_by_itself(api: Server) -> None:
    who = api.user("brief")
    assign(api, roles_path(api, who), "ADMIN", effectiveEndDate=at(days=1))
    assert api.get("/api/users", as_=who).status_code == 200
    # A window that ends soon from the beginning can be over before the first request.
    api.execute(
        "update user_roles r set effective_end = now() + interval '0.5 s' from users u "
        "where u.id = r.user_id and u.clerk_id = %s and r.role = 'ADMIN'",
        who,
    )
    deadline = time.monotonic() + 20
    while (answer := api.get("/api/users", as_=who)).status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)  # asked without a pause, this would spend the month's quota
    assert details_of(answer, 403, "FORBIDDEN")["user_roles"] == ["LEARNER"]
    (history,) = rows(
        api,
        "select effective_end > effective_start, revoked_by from user_roles r "
        "join users u on u.id = r.user_id where u.clerk_id = %s and role = 'ADMIN'",
        who,
    )
    assert history == (True, None)


@pytest.mark.parametrize(("who", "sent"), [("overlap1", "MENTOR"), ("overlap2", "mentor")])
def test_overlapping_windows_of_one_role_are_a_conflict(api: Server, who: str, sent: str) -> None:
    path = roles_path(api, api.user(who))
    dates = {"effectiveStartDate": at(days=10), "effectiveEndDate": at(days=20)}
    assert assign(api, path, "MENTOR", **dates).status_code == 201
    for start, end in ((at(days=19), at(days=30)), (at(days=5), None), (None, at(days=11))):
        given = {"effectiveStartDate": start, "effectiveEndDate": end}
        answer = assign(api, path, sent, **{k: v for k, v in given.items() if v})
        details = details_of(answer, 409, "CONFLICT")
        assert details == {"resource": "user_role", "field": "role", "value": "MENTOR"}
    before, after = {"effectiveEndDate": dates["effectiveStartDate"]}, dates["effectiveEndDate"]
    assert assign(api, path, "MENTOR", **before).status_code == 201
    assert assign(api, path, "MENTOR", effectiveStartDate=after).status_code == 201
    assert assign(api, path, "ADMIN", **dates).status_code == 201


async def test_of_parallel_assignments_one_succeeds(api: Server) -> None:
    path = roles_path(api, api.user("rush"))
    answers = await together(api, [Ask("POST", path, "admin", {"role": "MENTOR"})] * 20)
    assert statuses(answers) == {201: 1, 409: 19}
    removals = await together(api, [Ask("DELETE", f"{path}?role=MENTOR", "admin")] * 20)
    assert statuses(removals) == {200: 1, 404: 19}


def test_a_role_taken_away_ends_now_and_stays_on_record(api: Server) -> None:
    who = api.user("removed")
    path = roles_path(api, who)
    assign(api, path, "MENTOR")
    answer = remove(api, path, "MENTOR")
    assert answer.status_code == 200
    assert answer.json()["message"] == "Role removed successfully"
    user = answer.json()["data"]
    assert user["roles"] == ["LEARNER"]
    ended = next(each for each in user["userRoles"] if each["role"] == "MENTOR")
    assert ended["effectiveEndDate"] is not None
    details = details_of(remove(api, path, "MENTOR"), 404, "NOT_FOUND")
    assert details == {"resource": "user_role", "id": "MENTOR"}
    entries = rows(
        api,
        "select action, actor_clerk_id from audit_log where resource_id = %s and "
        "action like 'user_role.%%' order by id",
        user["id"],
    )
    assert entries == [
        ("user_role.assigned", "user_admin"),
        ("user_role.removed", "user_admin"),
    ]
    assert assign(api, path, "MENTOR").status_code == 201


def test_the_role_is_named_in_the_query_or_the_body(api: Server) -> None:
    path = roles_path(api, api.user("named"))
    for query, body in (("", {"role": "MENTOR"}), ("?role=mentor", {"role": "MENTOR"})):
        assert assign(api, path, "MENTOR").status_code == 201
        answer = api.request("DELETE", path + query, as_="admin", json=body)
        assert answer.status_code == 200, answer.text
    differing = api.request("DELETE", f"{path}?role=LEARNER", as_="admin", json={"role": "MENTOR"})
    assert fields_of(differing) == ["role"]
    for answer in (
        api.delete(path, as_="admin"),
        api.request("DELETE", path, as_="admin", json={}),
        api.request("DELETE", path, as_="admin", json={"role": None}),
        api.request("DELETE", path, as_="admin", json={"roles": "MENTOR"}),
        api.delete(f"{path}?role=LEARNER&role=LEARNER", as_="admin"),
    ):
        assert fields_of(answer)[0] in ("role", "roles")


def test_a_learner_who_lost_that_role_does_not_get_it_back_by_itself(api: Server) -> None:
    who = api.user("norole")
    assert remove(api, roles_path(api, who), "LEARNER").json()["data"]["roles"] == []
    assert api.post("/api/auth/sync", as_=who).json()["data"]["roles"] == []
    details = details_of(api.get("/api/users", as_=who), 403, "FORBIDDEN")
    assert details == {"required": ["ADMIN"], "user_roles": []}
    details_of(api.post("/api/mentor/apply", as_=who, json={"motivation": "x"}), 403, "FORBIDDEN")


def test_an_impersonator_changes_no_roles(api: Server) -> None:
    path = roles_path(api, api.user("impersonated"))
    token = api.token("admin", act={"sub": "user_support", "iss": "https://dashboard.clerk.com"})
    headers = {"Authorization": f"Bearer {token}"}
    for answer in (
        api.post(path, json={"role": "ADMIN"}, headers=headers),
        api.delete(f"{path}?role=LEARNER", headers=headers),
    ):
        details = details_of(answer, 403, "FORBIDDEN")
        assert details["reason"] == "impersonation"
        assert details["user_roles"] == ["ADMIN", "LEARNER"]
    change = api.put(path.removesuffix("/roles"), json={"firstName": "By support"}, headers=headers)
    assert change.status_code == 200
    found = "select actor_clerk_id, impersonator_clerk_id from audit_log where resource_id = %s"
    user_id = path.split("/")[3]
    assert ("user_admin", "user_support") in rows(api, found, user_id)
