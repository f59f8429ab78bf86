"""Users sorted by name: case and accents do not count, and the username stands in for a name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.conftest import StartServer
from tests.identity.people import add_person
from tests.identity.test_users_cursor import walk
from tests.parts.server import Server

BEFORE = "createdTo=1999-12-31"
MADE = datetime(1999, 1, 1, tzinfo=UTC)
# First name, last name, username, e-mail address.
PEOPLE = [
    ("ama", "de Souza", None, "b@example.com"),
    ("AMA", "DE SOUZA", None, "B2@example.com"),
    ("Zoë", "Ängquist", None, "A@example.com"),
    ("Éric", "angel", None, "C@example.com"),
    ("eric", "Zulu", "zz", None),
    (None, None, "Bola.1", None),
    ("İpek", "bonsu", None, "d@example.com"),
    ("Ｋofi", "Ångström", None, "c1@example.com"),
    ("Яна", "яшин", None, None),
    ("яна", "Яшин", None, None),
]


@pytest.fixture(scope="module")
def api(start_server: StartServer) -> Server:
    api = start_server()
    for first, last, username, email in PEOPLE:
        add_person(
            api,
            created_at=MADE,
            first_name=first,
            last_name=last,
            username=username,
            email=email,
        )
    return api


def shown(api: Server, query: str) -> list[str]:
    answer = api.get(f"/api/users?{BEFORE}&limit=100&{query}", as_="admin")
    assert answer.status_code == 200, answer.text
    return [label(each) for each in answer.json()["data"]]


def label(user: dict[str, object]) -> str:
    return f"{user['firstName']} {user['lastName']}"


EXPECTED = {
    "firstName": [
        {"ama de Souza", "AMA DE SOUZA"},
        {"None None"},  # Bola.1
        {"Éric angel", "eric Zulu"},
        {"İpek bonsu"},
        {"Ｋofi Ångström"},
        {"Zoë Ängquist"},
        {"Яна яшин", "яна Яшин"},
    ],
    "lastName": [
        {"Éric angel"},
        {"Zoë Ängquist"},
        {"Ｋofi Ångström"},
        {"None None"},
        {"İpek bonsu"},
        {"ama de Souza", "AMA DE SOUZA"},
        {"eric Zulu"},
        {"Яна яшин", "яна Яшин"},
    ],
    "email": [
        {"eric Zulu", "None None", "Яна яшин", "яна Яшин"},
        {"Zoë Ängquist"},
        {"ama de Souza"},
        {"AMA DE SOUZA"},
        {"Éric angel"},
        {"Ｋofi Ångström"},
        {"İpek bonsu"},
    ],
}


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("sort", EXPECTED)
def test_case_and_accents_do_not_count(api: Server, sort: str, order: str) -> None:
    groups = EXPECTED[sort]
    # "b2@" before or after "b@" is a matter of the database's collation.
    if sort == "email":
        groups = [groups[0], groups[1], groups[2] | groups[3], groups[4] | groups[5], groups[6]]
    found = shown(api, f"sort={sort}&order={order}")
    for group in groups if order == "asc" else groups[::-1]:
        place, found = found[: len(group)], found[len(group) :]
        assert set(place) == group
    assert found == []


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("sort", EXPECTED)
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_cursors_agree_with_the_order(api: Server, sort: str, order: str, limit: int) -> None:
    query = f"sort={sort}&order={order}"
    pages = walk(api, f"/api/users?{BEFORE}&{query}&limit={limit}")
    assert [label(each) for each in pages] == shown(api, query)


@pytest.mark.parametrize("words", ["bola", "BOLA.1", "la.1"])
def test_a_username_is_found(api: Server, words: str) -> None:
    answer = api.get(f"/api/users?{BEFORE}&search={words}", as_="admin")
    assert [each["username"] for each in answer.json()["data"]] == ["Bola.1"]
