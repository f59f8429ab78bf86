"""Administrators look users up: pages, sorting, filters, search and dates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from tests.conftest import StartServer
from tests.http.refusals import details_of, fields_of
from tests.identity.people import add_person
from tests.parts.server import Server

USERS = "/api/users"
NOON = datetime(2020, 5, 10, 12, tzinfo=UTC)
SHAPE = ["id", "clerkId", "email", "username", "firstName", "lastName", "imageUrl", "status"]
SHAPE += ["plan", "roles", "createdAt", "updatedAt", "userRoles", "lastSyncedAt"]


@pytest.fixture(scope="module")
def api(start_server: StartServer) -> Iterator[Server]:
    """Seven people, made one day apart, beside the two of the staff."""
    api = start_server()
    people: list[dict[str, Any]] = [
        {"first_name": "John", "last_name": "Smith", "email": "zoe@example.com"},
        {"first_name": "Johanna", "last_name": None, "email": None},
        {"first_name": "José", "last_name": "Ngũgĩ", "email": "jose@example.org"},
        {"first_name": None, "last_name": None, "email": "john.doe@example.net"},
        {"first_name": "50%", "last_name": "under_score", "email": "a_b@example.com"},
        {"first_name": "İpek", "last_name": "Ünal", "email": "ipek@example.com"},
        {
            "first_name": "Zed",
            "last_name": "Smith",
            "email": "ZED@example.com",
            "status": "INACTIVE",
        },
    ]
    for day, columns in enumerate(people):
        made = NOON + timedelta(days=day)
        add_person(api, created_at=made, updated_at=made + timedelta(hours=1), **columns)
    yield api
    api.stop()


def users(api: Server, query: str) -> httpx2.Response:
    answer = api.get(f"{USERS}?createdTo=2021-01-01&{query}", as_="admin")
    assert answer.status_code == 200, answer.text
    return answer


def names(
    api: Server, query: str = "", order: str = "sort=createdAt&order=asc"
) -> list[str | None]:
    found = users(api, f"{query}&{order}&limit=100").json()["data"]
    return [each["firstName"] for each in found]


def test_a_user_has_the_documented_shape(api: Server) -> None:
    (user,) = users(api, "search=zed").json()["data"]
    assert list(user) == SHAPE
    assert user["roles"] == ["LEARNER"]
    assert user["userRoles"][0]["role"] == "LEARNER"
    assert user["lastSyncedAt"] is None


def test_pages_and_their_numbers(api: Server) -> None:
    seen = []
    for page in (1, 2, 3):
        body = users(api, f"page={page}&limit=3&sort=createdAt&order=asc").json()
        assert "message" not in body
        seen += [each["id"] for each in body["data"]]
        assert body["pagination"] == {
            "page": page,
            "limit": 3,
            "total": 7,
            "pages": 3,
            "hasNext": page < 3,
            "hasPrev": page > 1,
        }
    assert len(set(seen)) == 7
    beyond = users(api, "page=9&limit=3").json()
    assert beyond["data"] == []
    assert (beyond["pagination"]["hasNext"], beyond["pagination"]["hasPrev"]) == (False, True)
    exact = users(api, "page=1&limit=7").json()["pagination"]
    assert (exact["pages"], exact["hasNext"]) == (1, False)
    none = users(api, "search=no-such-user").json()["pagination"]
    assert (none["total"], none["pages"], none["hasNext"], none["hasPrev"]) == (0, 0, False, False)


def test_the_newest_come_first_and_large_limits_are_cut(api: Server) -> None:
    body = api.get(f"{USERS}?limit=100000", as_="admin").json()
    made = [each["createdAt"] for each in body["data"]]
    assert made == sorted(made, reverse=True)
    assert body["pagination"]["limit"] == 100


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("sort=firstName&order=asc", [None, "50%", "İpek", "Johanna", "John", "José", "Zed"]),
        ("sort=email&order=asc", ["Johanna", "50%", "İpek", None, "José", "Zed", "John"]),
        ("sort=updatedAt&order=DESC", ["Zed", "İpek", "50%", None, "José", "Johanna", "John"]),
        ("sort=CREATEDAT", ["Zed", "İpek", "50%", None, "José", "Johanna", "John"]),
    ],
)
def test_sorting(api: Server, order: str, expected: list[str | None]) -> None:
    found = names(api, "", order)
    assert sorted(found, key=str) == sorted(expected, key=str)
    if "Name" not in order and "email" not in order:
        assert found == expected
    else:
        # How letters compare is the database's own affair; the absent come first.
        assert found[0] == expected[0]
        assert names(api, "", order.replace("asc", "desc")) == found[::-1]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("john", ["John", None]),
        ("JOHN", ["John", None]),
        ("joh", ["John", "Johanna", None]),
        ("john smith", ["John"]),
        ("smith", ["John", "Zed"]),
        ("John%20%20Smith%20", ["John"]),
        ("example.org", ["José"]),
        ("zed@EXAMPLE", ["Zed"]),
        ("jos%C3%A9", ["José"]),
        ("jose%CC%81", ["José"]),
        ("ng%C5%A9g%C4%A9", ["José"]),
        ("%C3%9CNAL", ["İpek"]),
        ("50%25", ["50%"]),
        ("%25", ["50%"]),
        ("_", ["50%"]),
        ("a_b@", ["50%"]),
        ("\\", []),
        ("'; drop table users; --", []),
        ("", ["John", "Johanna", "José", None, "50%", "İpek", "Zed"]),
        ("%E2%80%8B", ["John", "Johanna", "José", None, "50%", "İpek", "Zed"]),
    ],
)
def test_search_looks_into_names_and_addresses(
    api: Server, words: str, expected: list[str | None]
) -> None:
    assert names(api, f"search={words}") == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=INACTIVE", ["Zed"]),
        ("status=inactive", ["Zed"]),
        ("isActive=false", ["Zed"]),
        ("isActive=0&status=ACTIVE", []),
        ("isActive=true&search=smith", ["John"]),
        ("status=SUSPENDED", []),
        ("role=LEARNER&search=john&status=ACTIVE", ["John", None]),
        ("role=ADMIN", []),
        ("role=ADMIN,LEARNER&status=INACTIVE", ["Zed"]),
        ("role=learner,%20mentor&status=INACTIVE", ["Zed"]),
        ("unknown=parameter&status=INACTIVE", ["Zed"]),
        ("createdFrom=2020-05-16", ["Zed"]),
        ("createdFrom=2020-05-16T12:00:00Z", ["Zed"]),
        ("createdFrom=2020-05-16T12:00:00.000001Z", []),
        ("createdFrom=2020-05-16T14:00:00%2B02:00", ["Zed"]),
        ("updatedTo=2020-05-10", ["John"]),
        ("updatedTo=2020-05-10T13:00:00Z", []),
        ("updatedTo=2020-05-10T13:00:00.000001Z", ["John"]),
        ("updatedFrom=2020-05-15&updatedTo=2020-05-15", ["İpek"]),
        ("createdFrom=0001-01-01&status=INACTIVE", ["Zed"]),
        ("updatedTo=9999-12-31&status=INACTIVE", ["Zed"]),
        ("createdFrom=2020-05-16T12:00:00Z&updatedTo=2020-05-16T13:00:00Z", []),
    ],
)
def test_filters_and_dates(api: Server, query: str, expected: list[str | None]) -> None:
    assert names(api, query) == expected


def test_only_roles_that_hold_now_count(api: Server) -> None:
    admins = api.get(f"{USERS}?role=ADMIN,MENTOR&sort=firstName&order=asc", as_="admin").json()
    assert [each["clerkId"] for each in admins["data"]] == ["user_admin", "user_mentor"]
    api.execute(
        "insert into user_roles (id, user_id, role, effective_start, effective_end) "
        "select first_name, id, 'MENTOR', w.start::timestamptz, w.stop::timestamptz from users "
        "join (values ('Zed', '2020-01-01', '2020-02-01'), ('John', '2099-01-01', null)) "
        "w (name, start, stop) on w.name = first_name",
    )
    mentors = names(api, "role=MENTOR")
    api.execute("delete from user_roles where id in ('Zed', 'John')")
    assert mentors == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=1.5", "page"),
        ("page=", "page"),
        ("page=1_0", "page"),
        ("page=%EF%BC%91", "page"),
        ("page=+1", "page"),
        ("page=100001", "page"),
        ("page=99999999999999999999", "page"),
        ("limit=0", "limit"),
        ("limit=ten", "limit"),
        ("sort=password", "sort"),
        ("sort=created_at", "sort"),
        ("sort=createdAt;drop", "sort"),
        ("sort=", "sort"),
        ("order=up", "order"),
        ("role=KING", "role"),
        ("role=", "role"),
        ("role=LEARNER,KING", "role"),
        ("status=GONE", "status"),
        ("isActive=yes", "isActive"),
        ("createdFrom=yesterday", "createdFrom"),
        ("createdFrom=2020-05-16T12:00:00", "createdFrom"),
        ("createdFrom=2020-05-16T12:00:00+02:00", "createdFrom"),
        ("createdTo2=x&updatedTo=20200516", "updatedTo"),
        ("updatedFrom=2020-02-30", "updatedFrom"),
        ("updatedFrom=2016-12-31T23:59:60Z", "updatedFrom"),
        ("updatedFrom=1589632496", "updatedFrom"),
        ("updatedFrom=2020-05-16&updatedTo=2020-05-14", "updatedFrom"),
        ("search=" + "x" * 101, "search"),
        ("page=1&page=2", "page"),
        ("search=a&search=b", "search"),
        ("cursor=nonsense", "cursor"),
    ],
)
def test_wrong_parameters_are_reported(api: Server, query: str, field: str) -> None:
    assert fields_of(api.get(f"{USERS}?{query}", as_="admin")) == [field]


def test_all_wrong_parameters_are_reported_together(api: Server) -> None:
    answer = api.get(f"{USERS}?page=0&limit=x&sort=y&status=z&createdFrom=a", as_="admin")
    assert fields_of(answer) == ["page", "limit", "sort", "status", "createdFrom"]


def test_allowed_values_are_listed(api: Server) -> None:
    details = details_of(api.get(f"{USERS}?sort=x", as_="admin"), 422, "VALIDATION_ERROR")
    assert details["message"].endswith("createdAt, updatedAt, email, firstName, lastName")
    details = details_of(api.get(f"{USERS}?role=x", as_="admin"), 422, "VALIDATION_ERROR")
    assert details["message"].endswith("ADMIN, MENTOR, LEARNER")
    assert details["value"] == "x"


def test_deleted_users_are_listed_only_on_request_and_without_their_data(api: Server) -> None:
    gone = add_person(api, email="gone@example.com", first_name="Gone", clerk_id="user_gone")
    api.execute(
        "update users set deleted_at = now(), email = null, email_key = null, first_name = null, "
        "search_key = '', status = 'INACTIVE' where id = %s",
        gone,
    )
    listed = api.get(f"{USERS}?limit=100", as_="admin").json()["data"]
    assert gone not in [each["id"] for each in listed]
    assert api.get(f"{USERS}?search=gone", as_="admin").json()["data"] == []
    (deleted,) = api.get(f"{USERS}?status=DELETED", as_="admin").json()["data"]
    assert (deleted["id"], deleted["status"]) == (gone, "DELETED")
    assert (deleted["email"], deleted["firstName"]) == (None, None)
    details_of(api.get(f"{USERS}/{gone}", as_="admin"), 404, "NOT_FOUND")
    details_of(api.put(f"{USERS}/{gone}", as_="admin", json={"plan": "PRO"}), 404, "NOT_FOUND")
    role = api.post(f"{USERS}/{gone}/roles", as_="admin", json={"role": "MENTOR"})
    details_of(role, 404, "NOT_FOUND")
