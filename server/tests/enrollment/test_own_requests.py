"""Administrators do not decide on their own requests: single, bulk, reopened, impersonating."""

from __future__ import annotations

import httpx2
import pytest

from tests.enrollment.school import add_learners, add_requests, add_subject, audited, rows
from tests.http.refusals import details_of
from tests.identity.people import make_admin
from tests.parts.server import Server

DECISIONS = "/api/admin/enrollment/decisions"


@pytest.fixture(scope="module")
def admin(api: Server) -> tuple[str, str]:
    """An administrator who learns as well; Clerk id and our id."""
    return make_admin(api, "learningadmin")


def own_request(api: Server, user_id: str) -> str:
    return add_requests(api, add_subject(api).id, [user_id])[0]


def status(api: Server, enrollment_id: str) -> str:
    return str(rows(api, "select status from enrollments where id = %s", enrollment_id)[0][0])


def assert_refused(response: httpx2.Response) -> None:
    details = details_of(response, 403, "FORBIDDEN")
    assert details["required"] == ["ADMIN"]


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_an_own_enrollment_is_not_decided(api: Server, admin: tuple[str, str], verb: str) -> None:
    clerk_id, user_id = admin
    enrollment_id = own_request(api, user_id)
    path = f"/api/admin/enrollment/{enrollment_id}/{verb}"
    assert_refused(api.put(path, as_=clerk_id))
    # Authorization comes before preconditions.
    assert_refused(api.put(path, as_=clerk_id, headers={"If-Match": '"other"'}))
    assert status(api, enrollment_id) == "PENDING"
    assert audited(api, enrollment_id) == []
    assert api.put(path, as_="admin").status_code == 200
    assert_refused(api.put(path, as_=clerk_id))  # the same decision again


def test_own_enrollments_fail_in_bulk_by_themselves(api: Server, admin: tuple[str, str]) -> None:
    clerk_id, user_id = admin
    own = own_request(api, user_id)
    (other,) = add_requests(api, add_subject(api).id, add_learners(api, 1))
    decisions = [{"id": own, "decision": "approve"}, {"id": other, "decision": "approve"}]
    response = api.post(DECISIONS, as_=clerk_id, json={"decisions": decisions})
    results = response.json()["data"]["results"]
    assert [(each["ok"], each["code"]) for each in results] == [(False, "FORBIDDEN"), (True, None)]
    assert (status(api, own), status(api, other)) == ("PENDING", "APPROVED")


def test_a_decision_on_an_own_enrollment_is_not_reopened(
    api: Server, admin: tuple[str, str]
) -> None:
    clerk_id, user_id = admin
    enrollment_id = own_request(api, user_id)
    assert api.put(f"/api/admin/enrollment/{enrollment_id}/reject", as_="admin").status_code == 200
    path = f"/api/admin/enrollment/{enrollment_id}/reopen"
    assert_refused(api.post(path, as_=clerk_id))
    assert status(api, enrollment_id) == "REJECTED"
    assert api.post(path, as_="admin").status_code == 200


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_impersonating_another_admin_does_not_help(
    api: Server, admin: tuple[str, str], verb: str
) -> None:
    clerk_id, user_id = admin
    enrollment_id = own_request(api, user_id)
    token = api.token("admin", act={"sub": clerk_id, "iss": "x", "sid": "sess_x"})
    headers = {"Authorization": f"Bearer {token}"}
    path = f"/api/admin/enrollment/{enrollment_id}"
    assert_refused(api.put(f"{path}/{verb}", headers=headers))
    decision = {"decisions": [{"id": enrollment_id, "decision": verb}]}
    (result,) = api.post(DECISIONS, headers=headers, json=decision).json()["data"]["results"]
    assert result["code"] == "FORBIDDEN"
    assert api.put(f"{path}/{verb}", as_="admin").status_code == 200
    assert_refused(api.post(f"{path}/reopen", headers=headers))


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_an_own_application_is_not_decided(api: Server, admin: tuple[str, str], verb: str) -> None:
    clerk_id, user_id = admin
    application_id = f"application-{verb}"
    sql = "insert into mentor_applications (id, user_id, motivation) values (%s, %s, 'x')"
    api.execute(sql, application_id, user_id)
    path = f"/api/admin/mentor/{application_id}/{verb}"
    assert_refused(api.put(path, as_=clerk_id))
    token = api.token("admin", act={"sub": clerk_id, "iss": "x", "sid": "sess_x"})
    assert_refused(api.put(path, headers={"Authorization": f"Bearer {token}"}))
    found = rows(api, "select status from mentor_applications where id = %s", application_id)
    assert found == [("PENDING",)]
    api.execute("delete from mentor_applications where id = %s", application_id)


def test_the_pending_lists_name_people_by_username(api: Server) -> None:
    (user_id,) = add_learners(api, 1)
    key = f"\n\nkofi.{user_id}"
    sql = "update users set username = %s, search_key = %s where id = %s"
    api.execute(sql, f"Kofi.{user_id}", key, user_id)
    own_request(api, user_id)
    sql = "insert into mentor_applications (id, user_id, motivation) values (%s, %s, 'x')"
    api.execute(sql, f"app-{user_id}", user_id)
    for path in ("enrollment", "mentor"):
        url = f"/api/admin/{path}/pending?search=KOFI.{user_id}"
        (found,) = api.get(url, as_="admin").json()["data"]
        assert found["user"]["username"] == f"Kofi.{user_id}"
