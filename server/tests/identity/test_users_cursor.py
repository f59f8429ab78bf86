"""Following `Link` reads a whole list, also while it changes."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.conftest import StartServer
from tests.http.refusals import details_of, fields_of
from tests.identity.people import add_people, add_person
from tests.parts.server import Server

USERS = "/api/users"
FEW = 23


@pytest.fixture(scope="module")
def api(start_server: StartServer) -> Server:
    """People made in one moment, some without address or name."""
    api = start_server()
    moment = "2020-01-01T00:00:00Z"
    for number in range(FEW):
        columns: dict[str, Any] = {"created_at": moment, "updated_at": moment}
        if number % 3 == 0:
            columns |= {"email": None, "first_name": None}
        elif number % 3 == 1:
            columns |= {"first_name": f"Ñame {number % 5}"}
        add_person(api, **columns)
    return api


def following(answer: httpx2.Response) -> str | None:
    link = answer.headers.get("link")
    if link is None:
        return None
    found = re.fullmatch(r'<([^>]+)>; rel="next"', link)
    assert found
    return found[1]


def walk(api: Server, path: str) -> list[dict[str, Any]]:
    """All items of a list, page after page."""
    items: list[dict[str, Any]] = []
    next_path: str | None = path
    page = 0
    while next_path:
        answer = api.get(next_path, as_="admin")
        assert answer.status_code == 200, answer.text
        pagination, page = answer.json()["pagination"], page + 1
        assert pagination["page"] == page
        assert pagination["hasPrev"] == (page > 1)
        next_path = following(answer)
        assert pagination["hasNext"] == (next_path is not None)
        items += answer.json()["data"]
    return items


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("sort", ["createdAt", "updatedAt", "email", "firstName", "lastName"])
def test_every_user_is_met_once_in_every_order(api: Server, sort: str, order: str) -> None:
    query = f"{USERS}?createdTo=2021-01-01&sort={sort}&order={order}"
    whole = [each["id"] for each in api.get(f"{query}&limit=100", as_="admin").json()["data"]]
    assert len(whole) == FEW
    for limit in (1, 5, FEW - 1, FEW):
        assert [each["id"] for each in walk(api, f"{query}&limit={limit}")] == whole


def test_a_link_keeps_all_filters_and_leads_nowhere_else(api: Server) -> None:
    query = "search=%C3%B1ame%201%20&role=LEARNER,ADMIN&status=ACTIVE&limit=1&createdTo=2021-01-01"
    path = following(api.get(f"{USERS}?{query}&page=1&x=%22%3E%0", as_="admin"))
    assert path
    parts = urlsplit(path)
    assert (parts.scheme, parts.netloc, parts.path) == ("", "", USERS)
    kept = {name: value[0] for name, value in parse_qs(parts.query).items()}
    assert kept.pop("cursor")
    assert kept == {
        "search": "ñame 1 ",
        "role": "LEARNER,ADMIN",
        "status": "ACTIVE",
        "limit": "1",
        "createdTo": "2021-01-01",
        "x": '">%0',
    }
    found = walk(api, f"{USERS}?{query}")
    assert {each["firstName"] for each in found} == {"Ñame 1"}
    assert len(found) > 1


def test_no_user_is_repeated_or_missed_while_others_are_added_and_deleted(api: Server) -> None:
    first = api.get(f"{USERS}?sort=createdAt&order=asc&limit=10", as_="admin")
    before = {each["id"] for each in walk(api, f"{USERS}?limit=100")}
    seen = [each["id"] for each in first.json()["data"]]
    add_people(api, 3)
    api.execute("update users set deleted_at = now() where id = %s", seen[0])
    path = following(first)
    while path:
        answer = api.get(path, as_="admin")
        seen += [each["id"] for each in answer.json()["data"]]
        path = following(answer)
    api.execute("update users set deleted_at = null where id = %s", seen[0])
    assert len(seen) == len(set(seen))
    assert before <= set(seen)


def forged(*values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "%00",
        "é",
        "a" * 5000,
        forged(),
        forged(2, "email", "desc", "x", "y"),
        forged(2, "createdAt", "asc", "2020-01-01T00:00:00+00:00", "y"),
        forged(2, "createdAt", "desc", "yesterday", "y"),
        forged(2, "createdAt", "desc", "2020-01-01T00:00:00", "y"),
        forged(2, "createdAt", "desc", "2020-01-01T00:00:00+00:00", "a\0b"),
        forged(1, "createdAt", "desc", "2020-01-01T00:00:00+00:00", "y"),
        forged(-5, "createdAt", "desc", "2020-01-01T00:00:00+00:00", "y"),
        forged(10**30, "createdAt", "desc", "2020-01-01T00:00:00+00:00", "y"),
        forged("2", "createdAt", "desc", "2020-01-01T00:00:00+00:00", "y"),
        forged(2, "createdAt", "desc", "9999-12-31T23:59:59-23:59", "y"),
        forged(2, "createdAt", "desc", "0001-01-01T00:00:00+23:59", "y"),
        forged(2, "createdAt", "desc", "2020-01-01T00:00:00+00:00", "y", "more"),
    ],
)
def test_a_cursor_that_is_none_of_ours_does_no_harm(api: Server, cursor: str) -> None:
    answer = api.get(f"{USERS}?cursor={cursor}", as_="admin")
    if answer.status_code != 200:
        assert fields_of(answer) == ["cursor"]


def test_a_cursor_goes_with_its_own_order_and_without_a_page(api: Server) -> None:
    path = following(api.get(f"{USERS}?limit=5", as_="admin"))
    assert path
    both = details_of(api.get(f"{path}&page=2", as_="admin"), 422, "VALIDATION_ERROR")
    assert both["field"] == "cursor"
    other = api.get(f"{path}&sort=email", as_="admin")
    assert details_of(other, 422, "VALIDATION_ERROR")["message"] == "Invalid cursor"
