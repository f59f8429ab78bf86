"""The lists of pending requests and of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from akako.kernel.core.ids import new_id
from tests.enrollment.school import add_learners, add_requests, add_subject
from tests.factories import Subject
from tests.parts.server import Server

PENDING = "/api/admin/enrollment/pending"
START = datetime(2020, 1, 1, tzinfo=UTC)


def ids(api: Server, query: str, *, path: str = PENDING, as_: str = "admin") -> list[str]:
    response = api.get(f"{path}?{query}", as_=as_)
    assert response.status_code == 200, response.text
    return [each["id"] for each in response.json()["data"]]


@pytest.fixture(scope="module")
def subject(api: Server) -> Subject:
    return add_subject(api, name="Ｐhysics 100%_sure")


@pytest.fixture(scope="module")
def requests(api: Server, subject: Subject) -> list[str]:
    """Seven requests, a day apart, in the order of asking."""
    made = add_requests(api, subject.id, add_learners(api, 7))
    for day, each in enumerate(made):
        moment = START + timedelta(days=day)
        api.execute("update enrollments set requested_at = %s where id = %s", moment, each)
    return made


def test_a_pending_request_shows_learner_and_subject(
    api: Server, subject: Subject, requests: list[str]
) -> None:
    response = api.get(f"{PENDING}?subjectId={subject.id}&limit=1", as_="admin")
    answer = response.json()
    assert list(answer) == ["success", "data", "pagination"]
    (first,) = answer["data"]
    assert first["id"] == requests[0]
    assert first["user"] == {
        "id": first["userId"],
        "email": f"{first['userId']}@example.com",
        "username": None,
        "firstName": None,
        "lastName": None,
    }
    assert first["subject"] == {
        "id": subject.id,
        "name": subject.name,
        "gradeId": subject.grade_id,
    }
    assert answer["pagination"]["total"] == 7


@pytest.mark.parametrize("sort", ["", "&sort=requestedAt", "&sort=createdAt"])
def test_pending_requests_come_in_the_order_of_asking(
    api: Server, subject: Subject, requests: list[str], sort: str
) -> None:
    query = f"subjectId={subject.id}{sort}"
    assert ids(api, query) == requests
    assert ids(api, f"{query}&order=DESC") == requests[::-1]
    assert ids(api, f"{query}&page=2&limit=3") == requests[3:6]


def walk(api: Server, path: str, as_: str) -> Iterator[dict[str, Any]]:
    while path:
        response = api.get(path, as_=as_)
        yield from response.json()["data"]
        link = response.headers.get("link", "")
        path = link.partition(">")[0].removeprefix("<")


def test_the_cursor_walks_through_all_of_them_once(
    api: Server, subject: Subject, requests: list[str]
) -> None:
    walked = [
        each["id"] for each in walk(api, f"{PENDING}?subjectId={subject.id}&limit=2", "admin")
    ]
    assert walked == requests


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("createdFrom=2020-01-03", range(2, 7)),
        ("createdTo=2020-01-03", range(3)),
        ("createdFrom=2020-01-02&createdTo=2020-01-03T00:00:00Z", range(1, 2)),
        (f"createdFrom={quote('2020-01-02T02:00:00+02:00')}&createdTo=2020-01-02", range(1, 2)),
        ("createdFrom=2021-01-01", range(0)),
    ],
)
def test_dates_are_those_of_asking(
    api: Server, subject: Subject, requests: list[str], query: str, days: range
) -> None:
    assert ids(api, f"subjectId={subject.id}&{query}") == [requests[day] for day in days]


@pytest.mark.parametrize("words", ["physics 100%25_", "PHYSICS", "hysics%20100"])
def test_the_search_finds_the_subject_s_name(api: Server, requests: list[str], words: str) -> None:
    assert ids(api, f"search={words}") == requests


def test_the_search_finds_the_learner(api: Server) -> None:
    subject, who = add_subject(api), api.user("zainab")
    names = {"firstName": "Zaïnab", "lastName": "Óduya"}
    profile = api.put("/api/auth/profile", as_=who, json=names).json()["data"]
    made = api.post("/api/enrollment/request", as_=who, json={"subjectId": subject.id})
    wanted = [made.json()["data"]["id"]]
    for words in (quote(profile["email"].upper()), "ZAÏNAB", quote("nab o\u0301du")):
        assert ids(api, f"search={words}&subjectId={subject.id}") == wanted
    # The words may be in the name of the learner and in that of the subject.
    assert ids(api, f"search={quote('óduya subject')}&subjectId={subject.id}") == wanted
    assert ids(api, f"search={quote('óduya nothing')}&subjectId={subject.id}") == []


def test_wildcards_are_letters_like_others(api: Server, requests: list[str]) -> None:
    assert ids(api, "search=100_%25sure") == []
    assert ids(api, "search=%25%25") == []


def test_decided_requests_are_no_longer_pending(api: Server) -> None:
    subject = add_subject(api)
    made = add_requests(api, subject.id, add_learners(api, 3))
    api.put(f"/api/admin/enrollment/{made[0]}/approve", as_="admin")
    api.put(f"/api/admin/enrollment/{made[1]}/reject", as_="admin")
    assert ids(api, f"subjectId={subject.id}") == made[2:]


def test_a_deleted_learner_s_request_shows_nothing_personal(api: Server) -> None:
    subject = add_subject(api)
    (user_id,) = add_learners(api, 1)
    add_requests(api, subject.id, [user_id])
    api.execute(
        "update users set deleted_at = now(), email = null, search_key = '' where id = %s",
        user_id,
    )
    response = api.get(f"{PENDING}?subjectId={subject.id}", as_="admin")
    ((shown),) = response.json()["data"]
    assert shown["user"].pop("id") == user_id
    assert set(shown["user"].values()) == {None}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("sort=status", "sort"),
        ("order=up", "order"),
        ("page=0", "page"),
        ("limit=x", "limit"),
        ("subjectId=a b", "subjectId"),
        ("createdFrom=yesterday", "createdFrom"),
        ("createdFrom=2020-01-02&createdTo=2020-01-01T00:00:00Z", "createdFrom"),
        ("search=" + "s" * 101, "search"),
        ("page=1&page=2", "page"),
        ("cursor=x", "cursor"),
    ],
)
def test_a_bad_query_is_refused(api: Server, query: str, field: str) -> None:
    response = api.get(f"{PENDING}?{query}", as_="admin")
    assert response.status_code == 422
    assert response.json()["details"]["field"] == field


def test_one_s_own_come_with_the_newest_first(api: Server) -> None:
    who = api.user("collector")
    made = [
        api.post("/api/enrollment/request", as_=who, json={"subjectId": add_subject(api).id})
        for _ in range(3)
    ]
    newest = [each.json()["data"]["id"] for each in made][::-1]
    mine = "/api/enrollment/me"
    assert ids(api, "", path=mine, as_=who) == newest
    assert ids(api, "order=asc", path=mine, as_=who) == newest[::-1]
    assert [each["id"] for each in walk(api, f"{mine}?limit=1", who)] == newest
    assert ids(api, "createdTo=2020-01-01", path=mine, as_=who) == []
    shown = api.get(mine, as_=who).json()["data"][0]
    assert "user" not in shown


def test_an_unknown_subject_has_no_requests(api: Server) -> None:
    assert ids(api, f"subjectId={new_id()}") == []
