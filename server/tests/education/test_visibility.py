"""Who sees which part of the curriculum."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.education.school import (
    ADMIN,
    KINDS,
    PUBLIC,
    Chain,
    add,
    add_chain,
    add_mentor,
    change,
    fresh,
    ids,
    missing,
    refusal,
    remove,
)
from tests.parts.server import Server

PARENTS = ("education_level", "grade", "subject")
LEVEL_KEYS = ["id", "name", "description", "imageUrl", "isActive", "createdAt", "updatedAt"]
CALLERS = [None, "learner", "mentor", "admin"]


def test_the_keys_of_each_kind_for_anybody(api: Server) -> None:
    chain = add_chain(api)
    listed = [api.get(path).json()["data"][0] for path in chain.lists()]
    level = api.get(f"{PUBLIC}/levels").json()["data"][0]
    assert list(level) == LEVEL_KEYS
    assert list(listed[0]) == [*LEVEL_KEYS, "level", "educationLevelId"]
    assert list(listed[1]) == [*LEVEL_KEYS, "gradeId", "mentor"]
    assert list(listed[2]) == [*LEVEL_KEYS, "subjectId", "position", "hasVideo", "documentCount"]
    assert api.get(f"{PUBLIC}/topics/{chain.topic}").json()["data"] == listed[2]


@pytest.fixture(scope="module", autouse=True)
def signed_in_before(api: Server) -> None:
    """A public read creates no account, so a new user sees what anonymous callers see."""
    for as_ in CALLERS[1:]:
        api.get("/api/auth/profile", as_=as_)


@pytest.mark.parametrize("as_", CALLERS)
@pytest.mark.parametrize("gone", ["inactive", "deleted"])
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_descendants_of_a_hidden_node_are_hidden(
    api: Server, depth: int, gone: str, as_: str | None
) -> None:
    chain = add_chain(api)
    assert [ids(api.get(path, as_=as_)) for path in chain.lists()] == [[each] for each in chain[1:]]
    hide(api, chain, depth, gone)
    for place, path in enumerate(chain.lists()):
        answer = api.get(path, as_=as_)
        if place >= depth:
            assert refusal(answer) == missing(PARENTS[place], chain[place])
        else:
            assert ids(answer) == ([] if place == depth - 1 else [chain[place + 1]])
    if as_ != "admin" or gone == "deleted":
        hidden = api.get(f"{PUBLIC}/topics/{chain.topic}", as_=as_)
        assert refusal(hidden) == missing("topic", chain.topic)


def hide(api: Server, chain: Chain, depth: int, gone: str) -> None:
    if gone == "deleted":
        remove(api, KINDS[depth], chain[depth])
    else:
        change(api, KINDS[depth], chain[depth], isActive=False)


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_a_node_comes_back_with_all_that_is_below(api: Server, depth: int) -> None:
    chain = add_chain(api)
    change(api, KINDS[depth], chain[depth], isActive=False)
    assert api.get(f"{PUBLIC}/topics/{chain.topic}").status_code == 404
    change(api, KINDS[depth], chain[depth], isActive=True)
    assert api.get(f"{PUBLIC}/topics/{chain.topic}").status_code == 200


def test_an_empty_parent_has_an_empty_list(api: Server) -> None:
    level = add(api, "levels")["id"]
    body = api.get(f"{PUBLIC}/levels/{level}/grades").json()
    assert body == {
        "success": True,
        "data": [],
        "pagination": {
            "page": 1,
            "limit": 20,
            "total": 0,
            "pages": 0,
            "hasNext": False,
            "hasPrev": False,
        },
    }


def test_administrators_may_ask_for_what_is_inactive(api: Server) -> None:
    chain = add_chain(api)
    for depth in (0, 1, 2, 3):
        change(api, KINDS[depth], chain[depth], isActive=False)
    everything = partial(api.get, as_="admin", params={"includeInactive": "true", "order": "desc"})
    assert [ids(everything(path)) for path in chain.lists()] == [[each] for each in chain[1:]]
    assert chain.level in ids(everything(f"{PUBLIC}/levels"))
    assert chain.level not in ids(api.get(f"{PUBLIC}/levels?order=desc", as_="admin"))
    topic = api.get(f"{PUBLIC}/topics/{chain.topic}", as_="admin").json()["data"]
    assert topic["isActive"] is False


def test_administrators_may_filter_by_activity(api: Server) -> None:
    level = add(api, "levels")["id"]
    awake = add(api, "grades", level)["id"]
    asleep = add(api, "grades", level, isActive=False)["id"]
    listed = partial(api.get, f"{PUBLIC}/levels/{level}/grades", as_="admin")
    for query, expected in [
        ("", [awake]),
        ("isActive=true", [awake]),
        ("isActive=1", [awake]),
        ("isActive=false", [asleep]),
        ("isActive=0", [asleep]),
        ("includeInactive=true", [awake, asleep]),
        ("includeInactive=false", [awake]),
        ("includeInactive=true&isActive=true", [awake]),
    ]:
        assert ids(listed(params=query)) == expected, query


@pytest.mark.parametrize(
    ("as_", "roles"), [(None, []), ("learner", ["LEARNER"]), ("mentor", ["MENTOR", "LEARNER"])]
)
@pytest.mark.parametrize("query", ["isActive=true", "isActive=false", "includeInactive=true"])
def test_other_roles_are_refused(
    api: Server, query: str, as_: str | None, roles: list[str]
) -> None:
    details = {"required": ["ADMIN"], "user_roles": roles}
    for path in add_chain(api).lists():
        answer = api.get(f"{path}?{query}", as_=as_)
        assert refusal(answer) == (403, "FORBIDDEN", details)


def test_mentors_see_what_is_their_own_before_others_do(api: Server) -> None:
    mine = add_chain(api, mentor_id=api.user_id("mentor"))
    others = add(api, "subjects", mine.grade)["id"]
    draft = add(api, "topics", mine.subject, isActive=False)["id"]
    _, subjects, topics = mine.lists()
    assert ids(api.get(topics, as_="mentor")) == [mine.topic, draft]
    assert ids(api.get(topics)) == [mine.topic]
    for subject in (mine.subject, others):
        change(api, "subjects", subject, isActive=False)
    assert ids(api.get(subjects, as_="mentor")) == [mine.subject]
    assert ids(api.get(topics, as_="mentor")) == [mine.topic, draft]
    assert api.get(f"{PUBLIC}/topics/{draft}", as_="mentor").status_code == 200
    assert api.get(f"{PUBLIC}/topics/{draft}", as_="learner").status_code == 404
    assert refusal(api.get(topics, as_="learner")) == missing("subject", mine.subject)
    remove(api, "levels", mine.level)
    assert refusal(api.get(topics, as_="mentor")) == missing("subject", mine.subject)


def test_a_former_mentor_sees_no_more_than_others(api: Server) -> None:
    clerk_id, user_id = add_mentor(api, fresh("former").replace(" ", ""))
    chain = add_chain(api, mentor_id=user_id)
    change(api, "topics", chain.topic, isActive=False)
    assert ids(api.get(chain.lists()[2], as_=clerk_id)) == [chain.topic]
    assert api.delete(f"/api/users/{user_id}/roles?role=MENTOR", as_="admin").status_code == 200
    assert ids(api.get(chain.lists()[2], as_=clerk_id)) == []
    assert "mentorEmail" not in api.get(chain.lists()[1], as_=clerk_id).json()["data"][0]


def test_only_administrators_and_the_mentor_learn_the_mentors_address(api: Server) -> None:
    mentor_id = api.user_id("mentor")
    chain = add_chain(api, mentor_id=mentor_id)
    profile = api.get("/api/auth/profile", as_="mentor").json()["data"]
    known = {key: profile[key] for key in ("id", "firstName", "lastName")}
    for as_ in CALLERS:
        (subject,) = api.get(chain.lists()[1], as_=as_).json()["data"]
        assert subject["mentor"] == known
        if as_ in ("mentor", "admin"):
            assert (subject["mentorId"], subject["mentorEmail"]) == (mentor_id, profile["email"])
        else:
            assert profile["email"] not in str(subject)
            assert "mentorId" not in subject
    other, _ = add_mentor(api, fresh("other").replace(" ", ""))
    assert "mentorId" not in api.get(chain.lists()[1], as_=other).json()["data"][0]


def test_a_deleted_mentor_is_no_longer_named(api: Server) -> None:
    clerk_id, user_id = add_mentor(api, fresh("gone").replace(" ", ""))
    chain = add_chain(api, mentor_id=user_id)
    api.execute("update users set deleted_at = now(), email = null where clerk_id = %s", clerk_id)
    (subject,) = api.get(chain.lists()[1], as_="admin").json()["data"]
    assert (subject["mentor"], subject["mentorEmail"]) == (None, None)


BAD_TOKENS = ["Bearer your_jwt_token", "Bearer", "Basic dTpw", "Bearer a.b.c", "nonsense"]


@pytest.mark.parametrize("header", BAD_TOKENS)
def test_a_token_that_does_not_verify_counts_as_none(api: Server, header: str) -> None:
    chain = add_chain(api, content="secret")
    for path in (f"{PUBLIC}/levels", *chain.lists(), f"{PUBLIC}/topics/{chain.topic}"):
        plain, odd = api.get(path), api.get(path, headers={"Authorization": header})
        assert (odd.status_code, odd.content) == (200, plain.content)
        assert "secret" not in odd.text


def test_an_expired_token_shows_nothing_more(api: Server) -> None:
    chain = add_chain(api, content="secret")
    stale = {"Authorization": f"Bearer {api.token('admin', exp=1_000_000_000)}"}
    answer = api.get(f"{PUBLIC}/topics/{chain.topic}", headers=stale)
    assert (answer.status_code, "secret" in answer.text) == (200, False)


def test_answers_to_anybody_may_be_kept_and_others_not(api: Server) -> None:
    chain = add_chain(api)
    for path in (f"{PUBLIC}/levels", *chain.lists(), f"{PUBLIC}/topics/{chain.topic}"):
        headers = api.get(path).headers
        assert headers["cache-control"] == "public, max-age=30"
        assert "Authorization" in headers["vary"]
        assert headers["etag"].startswith('"' if "/topics/" in path else 'W/"')
        for as_ in ("learner", "admin"):
            assert api.get(path, as_=as_).headers["cache-control"] == "no-store"


def test_what_has_not_changed_is_not_sent_again(api: Server) -> None:
    chain = add_chain(api, content="text")
    for path in (*chain.lists(), f"{PUBLIC}/topics/{chain.topic}"):
        tag = api.get(path).headers["etag"]
        held = api.get(path, headers={"If-None-Match": tag})
        assert (held.status_code, held.content, held.headers["etag"]) == (304, b"", tag)
    path = f"{PUBLIC}/topics/{chain.topic}"
    anonymous = {"If-None-Match": api.get(path).headers["etag"]}
    assert api.get(path, as_="admin", headers=anonymous).status_code == 200
    change(api, "topics", chain.topic, description="new")
    assert api.get(path, headers=anonymous).status_code == 200


def test_head_answers_like_get(api: Server) -> None:
    path = f"{PUBLIC}/topics/{add_chain(api).topic}"
    head, get = api.request("HEAD", path), api.get(path)
    assert (head.status_code, head.content) == (200, b"")
    compared: list[Any] = [head.headers[name] for name in ("etag", "content-length", "vary")]
    assert compared == [get.headers[name] for name in ("etag", "content-length", "vary")]


def test_a_writing_address_is_not_for_reading(api: Server) -> None:
    answer = api.get(f"{ADMIN}/levels", as_="admin")
    assert refusal(answer)[:2] == (405, "METHOD_NOT_ALLOWED")
    assert "POST" in answer.headers["allow"]
