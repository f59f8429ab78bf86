"""Whoever may not call an operation learns that, and nothing else, from every one of them."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from akako.kernel.http.endpoint import FORM, JSON, Endpoint
from akako.kernel.ids import new_id
from akako.main import endpoints
from tests.parts.server import Server

ALL = [each for each in endpoints() if not each.exempt]
BY_TOKEN = {
    use: [each for each in ALL if each.access.token == use]
    for use in ("ignored", "optional", "checked", "required")
}
ROLES = ("LEARNER", "MENTOR", "ADMIN")
STRANGERS = ("none", "malformed", "expired")


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


def call(api: Server, endpoint: Endpoint, sent: dict[str, str]) -> httpx.Response:
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


def reason(response: httpx.Response) -> object:
    return response.json()["details"].get("reason")


@pytest.mark.parametrize("endpoint", BY_TOKEN["required"], ids=name)
def test_a_stranger_is_told_to_sign_in(
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
def test_where_everybody_may_read_a_bad_token_counts_as_none(
    api: Server, headers: dict[str, dict[str, str]], endpoint: Endpoint
) -> None:
    answers = {caller: call(api, endpoint, headers[caller]) for caller in STRANGERS + ROLES}
    assert {answer.status_code for answer in answers.values()} <= {200, 404}
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


def test_every_operation_says_who_may_call_it() -> None:
    assert ALL
    for endpoint in ALL:
        assert not endpoint.access.roles or endpoint.access.token == "required"
        if "/admin/" in endpoint.path:
            assert set(endpoint.access.roles) in ({"ADMIN"}, {"ADMIN", "MENTOR"}), name(endpoint)
