"""Entity tags: unchanged bodies are not sent again, and no unseen change is overwritten."""

from __future__ import annotations

import pytest

from tests.http.refusals import details_of
from tests.parts.server import Server

PROFILE, LEVELS = "/api/auth/profile", "/api/education/levels"


def tag(api: Server, path: str = PROFILE, who: str | None = "learner") -> str:
    return api.get(path, as_=who).headers["etag"]


def test_a_held_version_is_not_sent_again(api: Server) -> None:
    held = tag(api)
    assert held.startswith('"')
    for header in (held, f"W/{held}", f'"other", {held}', "*"):
        answer = api.get(PROFILE, as_="learner", headers={"If-None-Match": header})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == held
        assert "content-type" not in answer.headers
        assert "content-length" not in answer.headers
        assert "x-request-id" in answer.headers


@pytest.mark.parametrize("header", ['"other"', 'W/"other"', "garbage", '"', "", ",,,", "W/*"])
def test_any_other_version_is_sent(api: Server, header: str) -> None:
    assert api.get(PROFILE, as_="learner", headers={"If-None-Match": header}).status_code == 200


def test_head_is_conditional_too(api: Server) -> None:
    headers = {"If-None-Match": tag(api)}
    assert api.request("HEAD", PROFILE, as_="learner", headers=headers).status_code == 304


def test_an_anonymous_list_is_validated_as_a_whole(api: Server) -> None:
    held = tag(api, LEVELS, None)
    headers = {"If-None-Match": held}
    assert api.get(LEVELS, headers=headers).status_code == 304
    assert api.get(f"{LEVELS}?limit=3", headers=headers).status_code == 200
    assert api.get(LEVELS, as_="learner", headers=headers).status_code == 200
    api.post("/api/admin/education/levels", as_="admin", json={"name": "News"})
    assert api.get(LEVELS, headers=headers).status_code == 200


def test_a_refusal_is_no_version_of_anything(api: Server) -> None:
    answer = api.get("/api/users", as_="learner", headers={"If-None-Match": "*"})
    details_of(answer, 403, "FORBIDDEN")
    details_of(api.get(PROFILE, headers={"If-None-Match": tag(api)}), 401, "UNAUTHORIZED")


def test_a_write_based_on_the_current_version_succeeds_and_tells_the_next(api: Server) -> None:
    headers = {"If-Match": tag(api)}
    answer = api.put(PROFILE, as_="learner", json={"firstName": "Akua"}, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["etag"] == tag(api) != headers["If-Match"]


def test_a_write_based_on_an_older_version_is_412_and_changes_nothing(api: Server) -> None:
    old = tag(api)
    api.put(PROFILE, as_="learner", json={"lastName": "First"})
    stale = api.put(PROFILE, as_="learner", json={"lastName": "Lost"}, headers={"If-Match": old})
    assert details_of(stale, 412, "PRECONDITION_FAILED") == {"currentETag": tag(api)}
    assert api.get(PROFILE, as_="learner").json()["data"]["lastName"] == "First"


@pytest.mark.parametrize("header", ['"other"', "garbage", ""])
def test_writes_compare_strongly(api: Server, header: str) -> None:
    current = tag(api)
    for condition in (header, f"W/{current}"):
        headers = {"If-Match": condition}
        answer = api.put(PROFILE, as_="learner", json={"lastName": "No"}, headers=headers)
        details_of(answer, 412, "PRECONDITION_FAILED")
    for condition in (f'"other", {current}', "*"):
        headers = {"If-Match": condition}
        answer = api.put(PROFILE, as_="learner", json={"lastName": "Yes"}, headers=headers)
        assert answer.status_code == 200


def test_users_and_levels_are_guarded_alike(api: Server) -> None:
    user_path = f"/api/users/{api.user_id('learner')}"
    made = api.post("/api/admin/education/levels", as_="admin", json={"name": "Guarded"})
    level_path = f"/api/admin/education/levels/{made.json()['data']['id']}"
    for path, body in ((user_path, {"firstName": "A"}), (level_path, {"description": "A"})):
        first = api.put(path, as_="admin", json=body)
        headers = {"If-Match": first.headers["etag"]}
        changed = dict.fromkeys(body, "B")
        assert api.put(path, as_="admin", json=changed, headers=headers).status_code == 200
        lost = api.put(path, as_="admin", json=body, headers=headers)
        details_of(lost, 412, "PRECONDITION_FAILED")


def test_without_a_condition_the_last_write_wins(api: Server) -> None:
    for name in ("One", "Two"):
        assert api.put(PROFILE, as_="learner", json={"firstName": name}).status_code == 200
    assert api.get(PROFILE, as_="learner").json()["data"]["firstName"] == "Two"
