"""Callers without the role get 403 from every operation, and learn nothing else.

For the others, the response depends on who owns the object.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from akako.kernel.core.ids import new_id
from akako.kernel.http.endpoint import FORM, JSON, Endpoint
from akako.rooms import endpoints
from tests.contract.described import DOCUMENT
from tests.journeys.answers import BODIES, EXPECTED, PUBLIC, ROLES, STRANGERS
from tests.journeys.objects import KINDS, NAMED, Ids, Operation, World, operations
from tests.library.school import sample
from tests.parts.server import Server
from tests.uploads import tus

ALL = [each for each in endpoints() if not each.exempt]
BY_TOKEN = {
    use: [each for each in ALL if each.access.token == use]
    for use in ("ignored", "optional", "checked", "required", "link")
}
OPERATIONS = operations(DOCUMENT)


def name(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


@pytest.fixture(scope="module")
def headers(api: Server) -> dict[str, dict[str, str]]:
    """What each kind of caller sends. Those with a role have that one and no other."""
    for who in ("mentor", "admin"):
        path = f"/api/users/{api.user_id(who)}/roles?role=LEARNER"
        assert api.delete(path, as_="admin").status_code == 200
    now = int(time.time())
    past = {"iat": now - 120, "nbf": now - 120, "exp": now - 60}
    return {
        "none": {},
        "malformed": {"Authorization": "Bearer not.a.token"},
        "expired": {"Authorization": f"Bearer {api.token('admin', **past)}"},
        **{role: api.headers(role.lower()) for role in ROLES},
    }


def call(api: Server, endpoint: Endpoint, sent: dict[str, str]) -> httpx2.Response:
    """Call with unknown ids and, where a body is read, one that breaks the rules."""
    path = endpoint.path
    for parameter in endpoint.path_params:
        path = path.replace(f"{{{parameter}}}", new_id())
    body: dict[str, Any] = {}
    if endpoint.media == JSON:
        body["json"] = {"no such field": 1}
    elif endpoint.media == FORM:
        body["files"] = {"no such part": b""}
    elif endpoint.media:
        body["content"] = b"x"
        sent = {**sent, "Content-Type": endpoint.media}
    return api.request(endpoint.method, path, headers=sent, **body)


def reason(response: httpx2.Response) -> object:
    return response.json()["details"].get("reason")


@pytest.mark.parametrize("endpoint", BY_TOKEN["required"], ids=name)
def test_a_caller_without_a_token_is_401(
    api: Server, headers: dict[str, dict[str, str]], endpoint: Endpoint
) -> None:
    reasons = {"none": "missing", "malformed": "malformed", "expired": "expired"}
    for caller in STRANGERS:
        response = call(api, endpoint, headers[caller])
        assert response.status_code == 401, (caller, response.text)
        assert response.json()["code"] == "UNAUTHORIZED"
        assert response.headers["www-authenticate"] == "Bearer"
        assert response.headers["cache-control"] == "no-store"
        assert reason(response) == reasons[caller]


@pytest.mark.parametrize("endpoint", BY_TOKEN["required"], ids=name)
def test_a_role_that_does_not_suffice_is_refused_before_anything_else_is_judged(
    api: Server, headers: dict[str, dict[str, str]], endpoint: Endpoint
) -> None:
    required = list(endpoint.access.roles)
    for role in ROLES:
        response = call(api, endpoint, headers[role])
        if required and role not in required:
            assert response.status_code == 403, (role, response.text)
            assert response.json()["details"] == {"required": required, "user_roles": [role]}
        else:
            assert response.status_code not in (401, 403), (role, response.text)
            assert response.status_code < 500, (role, response.text)


@pytest.mark.parametrize("endpoint", BY_TOKEN["optional"], ids=name)
def test_on_public_endpoints_a_bad_token_counts_as_none(
    api: Server, headers: dict[str, dict[str, str]], endpoint: Endpoint
) -> None:
    answers = {caller: call(api, endpoint, headers[caller]) for caller in STRANGERS + ROLES}
    assert {answer.status_code for answer in answers.values()} <= {200, 404, 422}
    assert len({answers[caller].status_code for caller in STRANGERS}) == 1


@pytest.mark.parametrize("endpoint", BY_TOKEN["checked"], ids=name)
def test_where_no_token_is_needed_a_bad_one_is_refused_all_the_same(
    api: Server, headers: dict[str, dict[str, str]], endpoint: Endpoint
) -> None:
    for caller in ("malformed", "expired"):
        assert call(api, endpoint, headers[caller]).status_code == 401
    assert call(api, endpoint, headers["none"]).status_code == 422


@pytest.mark.parametrize("endpoint", BY_TOKEN["ignored"], ids=name)
def test_where_the_token_is_not_read_it_changes_nothing(
    api: Server, headers: dict[str, dict[str, str]], endpoint: Endpoint
) -> None:
    statuses = {call(api, endpoint, sent).status_code for sent in headers.values()}
    assert len(statuses) == 1


@pytest.mark.parametrize("endpoint", BY_TOKEN["link"], ids=name)
def test_without_a_genuine_link_no_token_helps(
    api: Server, headers: dict[str, dict[str, str]], endpoint: Endpoint
) -> None:
    for sent in headers.values():
        response = call(api, endpoint, sent)
        assert (response.status_code, reason(response)) == (401, "invalid")


def test_every_operation_says_who_may_call_it() -> None:
    assert ALL
    for endpoint in ALL:
        assert not endpoint.access.roles or endpoint.access.token == "required"
        if "/admin/" in endpoint.path:
            assert set(endpoint.access.roles) in ({"ADMIN"}, {"ADMIN", "MENTOR"}), name(endpoint)


@pytest.fixture(scope="module")
def world(api: Server, headers: dict[str, dict[str, str]]) -> Iterator[World]:
    """Made after `headers`, which leaves every caller one role."""
    made = World(api)
    yield made
    made.db.close()


def ask(
    api: Server, operation: Operation, ids: Ids, sent: dict[str, str], *, broken: bool = False
) -> httpx2.Response:
    """Ask for it: in order, or with a body or a parameter that breaks the rules."""
    path, params = operation.path, dict[str, str]()
    request: dict[str, Any] = {}
    for name in operation.names:
        path = path.replace(f"{{{name}}}", ids[name])
    named = {name: ids[name] for name in operation.names if operation.name in NAMED}
    if operation.media == "application/json":
        body = BODIES.get(operation.name, {"description": "Changed"})
        request["json"] = {**body, **named, **({"no such field": 1} if broken else {})}
    elif operation.media == tus.BYTES["Content-Type"]:
        request["content"] = b"Two and two."
        sent = {**sent, **tus.BYTES, "Upload-Offset": "many" if broken else "0"}
    elif operation.media:
        field = "video" if operation.name == "uploadVideo" else "file"
        content = ("a.mp4", sample("mp4")) if field == "video" else ("a.txt", b"Two and two.")
        request["files"] = {"no such part" if broken else field: content}
        request["data"] = named
    else:
        params = named
    if broken and not operation.media:
        params = {**named, "limit": "0", "force": "perhaps"}
    sent = {**tus.VERSION, **sent}
    return api.request(operation.method, path, headers=sent, params=params, **request)


def can_break(operation: Operation) -> bool:
    return bool(operation.media or operation.parameters & {"limit", "force"})


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_who_may_not_call_it_learns_that_and_nothing_about_the_thing(
    api: Server, world: World, headers: dict[str, dict[str, str]], operation: Operation
) -> None:
    refused = [each for each in headers if each not in EXPECTED[operation.name]]
    things = [world.make(operation, "ADMIN", kind) for kind in KINDS] if refused else []
    required = operation.facts["x-roles"]
    for caller in refused:
        answers = [
            ask(api, operation, ids, headers[caller], broken=broken)
            for ids in things
            for broken in (False, True)
        ]
        assert len({each.text for each in answers}) == 1, caller
        for answer in answers:
            if caller in STRANGERS:
                assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
            else:
                assert answer.status_code == 403, answer.text
                details = {"required": required, "user_roles": [caller]}
                assert answer.json()["details"] == details


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_who_may_call_it_is_answered_by_whose_the_thing_is(
    api: Server, world: World, headers: dict[str, dict[str, str]], operation: Operation
) -> None:
    kept: dict[str, Ids] = {}
    for caller, answers in EXPECTED[operation.name].items():
        broken_answers = set()
        for kind, status in zip(KINDS, answers, strict=True):
            ids = kept.get(kind) or world.make(operation, caller, kind)
            if EXPECTED[operation.name] is PUBLIC:  # the same things are there for all
                kept[kind] = ids
            if can_break(operation):
                refusal = ask(api, operation, ids, headers[caller], broken=True)
                broken_answers.add((refusal.status_code, refusal.text))
            answer = ask(api, operation, ids, headers[caller])
            assert answer.status_code == status, (caller, kind, answer.text)
            check_refusal(operation, ids, answer)
        check_broken(operation, broken_answers)


def check_refusal(operation: Operation, ids: Ids, answer: httpx2.Response) -> None:
    if answer.status_code == 404:
        assert answer.json()["details"]["id"] in ids.values()
    elif answer.status_code == 403:
        details = answer.json()["details"]
        if "reason" in details:
            assert details["reason"] in ("not_owner", "not_enrolled")
            assert set(details["required"]) <= set(operation.facts["x-roles"])


def check_broken(operation: Operation, answers: set[tuple[int, str]]) -> None:
    """What breaks the rules is refused alike, whosever the thing is and whether it is there."""
    if operation.name == "uploadVideo":  # whose the topic is matters before a long body is read
        assert {status for status, _ in answers} <= {403, 404, 422}
    elif can_break(operation):
        assert {status for status, _ in answers} == {422}, answers
        if operation.name not in NAMED:
            assert len(answers) == 1, answers


def test_no_operation_is_left_out() -> None:
    assert {each.name for each in OPERATIONS} == EXPECTED.keys()
    for each in OPERATIONS:
        roles = set(each.facts["x-roles"])
        signed_in = {} not in each.facts["security"]
        expected = (roles or set(ROLES)) if signed_in else {*STRANGERS, *ROLES}
        assert EXPECTED[each.name].keys() == expected, each.name
