"""Roles are removed only from the user as the caller knows them, where the caller says so."""

from __future__ import annotations

from tests.parts.server import Server


def test_a_role_is_removed_only_from_the_user_as_known(api: Server) -> None:
    user = f"/api/users/{api.user_id(api.user('conditional'))}"
    known = api.get(user, as_="admin").headers["ETag"]
    api.put(user, as_="admin", json={"firstName": "Changed"})
    current = api.get(user, as_="admin").headers["ETag"]
    removal = f"{user}/roles?role=LEARNER"
    late = api.delete(removal, as_="admin", headers={"If-Match": known})
    assert late.status_code == 412
    assert late.json()["details"] == {"currentETag": current}
    assert api.get(user, as_="admin").json()["data"]["roles"] == ["LEARNER"]
    removed = api.delete(removal, as_="admin", headers={"If-Match": current})
    assert removed.status_code == 200
    assert removed.headers["ETag"] == api.get(user, as_="admin").headers["ETag"]


def test_a_refused_date_is_shown_as_dates_are_written(api: Server) -> None:
    roles = f"/api/users/{api.user_id(api.user('dated'))}/roles"
    body = {"role": "MENTOR", "effectiveStartDate": "2020-01-01T00:00:00Z"}
    refused = api.post(roles, as_="admin", json=body)
    assert refused.status_code == 422
    assert refused.json()["details"]["value"] == "2020-01-01T00:00:00Z"
