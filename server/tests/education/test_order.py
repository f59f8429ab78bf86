"""The order of topics: positions, reordering, races."""

from __future__ import annotations

from typing import Any

from akako.kernel.core.ids import new_id
from tests.education.school import (
    ADMIN,
    PUBLIC,
    add,
    add_chain,
    add_mentor,
    at_once,
    ids,
    missing,
    refusal,
    remove,
    rows,
)
from tests.parts.server import Server


def subject_with(api: Server, *names: str, mentor_id: str | None = None) -> tuple[str, list[str]]:
    subject = add_chain(api, mentor_id=mentor_id, name=names[0]).subject
    for name in names[1:]:
        add(api, "topics", subject, name=name)
    return subject, ids(api.get(f"{PUBLIC}/subjects/{subject}/topics"))


def order(api: Server, subject: str, topic_ids: list[Any], as_: str = "admin") -> Any:
    path = f"{ADMIN}/subjects/{subject}/topic-order"
    return api.put(path, as_=as_, json={"topicIds": topic_ids})


def positions(api: Server, subject: str) -> list[tuple[str, int]]:
    response = api.get(f"{PUBLIC}/subjects/{subject}/topics")
    return [(each["name"], each["position"]) for each in response.json()["data"]]


def test_topics_are_listed_in_their_order_and_new_ones_come_last(api: Server) -> None:
    subject, found = subject_with(api, "C", "A", "B")
    assert positions(api, subject) == [("C", 0), ("A", 1), ("B", 2)]
    response = order(api, subject, found[::-1])
    assert response.status_code == 200, response.text
    assert response.json()["data"] == {"topicIds": found[::-1]}
    assert positions(api, subject) == [("B", 0), ("A", 1), ("C", 2)]
    assert add(api, "topics", subject, name="D")["position"] == 3
    first = api.get(f"{PUBLIC}/subjects/{subject}/topics?limit=3")
    following = first.headers["link"].partition(">")[0][1:]
    assert [each["name"] for each in api.get(following).json()["data"]] == ["D"]
    backwards = api.get(f"{PUBLIC}/subjects/{subject}/topics?order=desc")
    assert [each["position"] for each in backwards.json()["data"]] == [3, 2, 1, 0]


def test_the_order_contains_inactive_topics_and_no_deleted_ones(api: Server) -> None:
    subject, found = subject_with(api, "A", "B", "C")
    hidden = add(api, "topics", subject, name="Hidden", isActive=False)["id"]
    remove(api, "topics", found[1])
    assert order(api, subject, [found[0], found[2]]).status_code == 409
    assert order(api, subject, [hidden, found[2], found[0]]).status_code == 200
    assert positions(api, subject) == [("C", 1), ("A", 2)]


def test_a_wrong_set_is_refused(api: Server) -> None:
    subject, found = subject_with(api, "A", "B")
    for wrong in ([], found[:1], [*found, new_id()], [found[0], new_id()]):
        status, code, details = refusal(order(api, subject, wrong))
        assert (status, code) == (409, "INVALID_STATE")
        assert details["id"] == subject
    status, code, details = refusal(order(api, subject, [found[0], found[0]]))
    assert (status, code) == (422, "VALIDATION_ERROR")
    assert [each["field"] for each in details["errors"]] == ["topicIds[1]"]
    assert refusal(order(api, unknown := new_id(), [])) == missing("subject", unknown)


def test_only_the_own_mentor_orders_topics(api: Server) -> None:
    mentor, mentor_id = add_mentor(api, "orders")
    subject, found = subject_with(api, "A", "B", mentor_id=mentor_id)
    assert order(api, subject, found[::-1], mentor).status_code == 200
    other, _ = add_mentor(api, "ordersnot")
    assert order(api, subject, found, other).json()["details"]["reason"] == "not_owner"
    assert order(api, subject, found, "learner").status_code == 403
    noted = "select count(*) from audit_log where action = 'subject.topics_reordered' "
    assert rows(api, f"{noted} and resource_id = %s", subject) == [(1,)]


def test_position_is_read_only(api: Server) -> None:
    chain = add_chain(api)
    path = f"{ADMIN}/topics/{chain.topic}"
    assert api.put(path, as_="admin", json={"position": 0, "name": "X"}).status_code == 200
    assert api.put(path, as_="admin", json={"position": 3}).status_code == 422
    body = {"name": "N", "subjectId": chain.subject, "position": 0}
    assert api.post(f"{ADMIN}/topics", as_="admin", json=body).status_code == 422


def test_concurrent_orders_and_creations_leave_distinct_positions(api: Server) -> None:
    subject, found = subject_with(api, *"ABCDE")
    calls = [
        lambda: order(api, subject, found[::-1]),
        lambda: order(api, subject, found[2:] + found[:2]),
        *[
            lambda name=name: api.post(
                f"{ADMIN}/topics", as_="admin", json={"name": name, "subjectId": subject}
            )
            for name in ("X", "Y", "Z")
        ],
        lambda: api.put(f"{ADMIN}/topics/{found[0]}", as_="admin", json={"description": "d"}),
    ]
    statuses = [response.status_code for response in at_once(*calls)]
    assert set(statuses[:2]) <= {200, 409}
    assert statuses[2:] == [201, 201, 201, 200]
    sql = "select position from topics where subject_id = %s order by position"
    assert rows(api, sql, subject) == [(n,) for n in range(8)]
