"""Users are found and sorted as people type and read names."""

from __future__ import annotations

import pytest

from akako.identity.accounts import search_key
from akako.naming.sort_keys import person_sort_keys
from tests.parts.server import Server

PEOPLE = {
    "jose": ("José", "Muñoz"),
    "nguyen": ("Thị", "Nguyễn"),
    "lukasz": ("Łukasz", "Nowak"),
    "connor": ("Sinéad", "O’Connor"),
    "yamada": ("太郎", "山田"),
    "isil": ("Işıl", "Kaya"),
    "agren": ("Eva", "Ågren"),
    "agren2": ("Adam", "agren"),
}


@pytest.fixture(scope="module")
def people(api: Server) -> dict[str, str]:
    ids = {name: api.user_id(api.user(name)) for name in PEOPLE}
    for name, (first, last) in PEOPLE.items():
        body = {"firstName": first, "lastName": last}
        response = api.put(f"/api/users/{ids[name]}", as_="admin", json=body)
        assert response.status_code == 200, response.text
    return ids


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("jose", "jose"),
        ("JOSÉ", "jose"),
        ("muñoz josé", "jose"),
        ("Muñoz, José", "jose"),
        ("nguyen thi", "nguyen"),
        ("lukasz", "lukasz"),
        ("o'connor", "connor"),
        ("O＇CONNOR", "connor"),
        ("oʼconnor", "connor"),
        ("oconnor", "connor"),
        ("山田太郎", "yamada"),
        ("山田 太郎", "yamada"),
        ("太郎山田", "yamada"),
        ("IŞIL", "isil"),
        ("işil", "isil"),
    ],
)
def test_a_user_is_found(api: Server, people: dict[str, str], query: str, expected: str) -> None:
    response = api.get("/api/users", as_="admin", params={"search": query})
    assert [each["id"] for each in response.json()["data"]] == [people[expected]]


def test_users_are_sorted_naturally(api: Server, people: dict[str, str]) -> None:
    path: str | None = "/api/users?sort=lastName&order=asc&limit=2"
    names: list[str] = []
    while path:
        response = api.get(path, as_="admin")
        names += [each["lastName"] or "" for each in response.json()["data"]]
        link = response.headers.get("link")
        path = link.partition(">")[0][1:] if link else None
    known = [name for name in names if name in {last for _, last in PEOPLE.values()}]
    assert known == ["agren", "Ågren", "Kaya", "Muñoz", "Nguyễn", "Nowak", "O’Connor", "山田"]


def test_keys_of_a_user() -> None:
    assert search_key("A@B.example", "José", None) == "a@b.example\njose"
    assert search_key(None, None, None, "Ana") == "\n\nana"
    assert person_sort_keys(None, "Ål", "nick") == ("nick\nnick", "al\nÅl")
