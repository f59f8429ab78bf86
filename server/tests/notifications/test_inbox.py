"""Users read their own notifications, and mark them as read."""

from __future__ import annotations

from akako.kernel.core.ids import new_id
from tests.enrollment.school import add_subject, rows
from tests.notifications.inbox import inbox, unread
from tests.parts.server import Server


def add(api: Server, user_id: str, *, age: int = 0, type: str = "enrollment.approved") -> str:
    """Insert a notification that the user has seen for `age` seconds; return its id."""
    notification_id, subject = new_id(), add_subject(api)
    api.execute(
        "insert into notifications (id, user_id, type, data, created_at) values "
        "(%s, %s, %s, jsonb_build_object('subjectId', %s::text), "
        "now() - make_interval(secs => %s))",
        notification_id,
        user_id,
        type,
        subject.id,
        age,
    )
    return notification_id


def test_the_list_shows_own_notifications_newest_first(api: Server) -> None:
    who, other = api.user("reader"), api.user("another")
    older = add(api, api.user_id(who), age=20)
    newer = add(api, api.user_id(who), age=10)
    add(api, api.user_id(other))
    add(api, api.user_id(who), age=-60)
    found = inbox(api, who)
    assert [each["id"] for each in found] == [newer, older]
    assert list(found[0]) == [
        "id", "type", "title", "body", "link", "data", "read", "createdAt",
    ]  # fmt: skip
    assert found[0]["read"] is False
    assert found[0]["link"] == f"/subjects/{found[0]['data']['subjectId']}"
    assert unread(api, who) == 2


def test_reading_one_takes_it_from_the_unread_ones(api: Server) -> None:
    who = api.user("onereader")
    first, second = (add(api, api.user_id(who), age=age) for age in (9, 8))
    for body in ({"read": True}, {}, None):
        response = api.put(f"/api/notifications/{first}/read", as_=who, json=body)
        assert response.status_code == 200, response.text
        assert response.json()["data"]["read"] is True
    assert unread(api, who) == 1
    assert [each["id"] for each in inbox(api, who, unread="true")] == [second]
    assert [each["id"] for each in inbox(api, who, unread="false")] == [first]


def test_what_is_not_ones_own_or_not_yet_visible_is_not_found(api: Server) -> None:
    who, other = api.user("owner"), api.user("intruder")
    own, later = add(api, api.user_id(who)), add(api, api.user_id(who), age=-60)
    for caller, notification_id in ((other, own), (who, later), (who, new_id()), ("admin", own)):
        response = api.put(f"/api/notifications/{notification_id}/read", as_=caller)
        assert response.status_code == 404
        assert response.json()["details"]["resource"] == "notification"
    assert rows(api, "select read_at from notifications where id = %s", own) == [(None,)]


def test_a_notification_does_not_become_unread_again(api: Server) -> None:
    who = api.user("undecided")
    response = api.put(
        f"/api/notifications/{add(api, api.user_id(who))}/read", as_=who, json={"read": False}
    )
    assert response.status_code == 422
    assert response.json()["details"]["field"] == "read"


def test_all_are_marked_as_read_except_those_to_come(api: Server) -> None:
    who = api.user("allreader")
    for age in (5, 4, 3, -60):
        add(api, api.user_id(who), age=age)
    response = api.post("/api/notifications/read-all", as_=who)
    assert response.status_code == 200
    assert response.json()["data"] == {"updated": 3}
    assert api.post("/api/notifications/read-all", as_=who).json()["data"] == {"updated": 0}
    assert unread(api, who) == 0
    sql = "select count(*) from notifications where user_id = %s and read_at is null"
    assert rows(api, sql, api.user_id(who)) == [(1,)]


def test_pages_follow_each_other(api: Server) -> None:
    who = api.user("browser")
    made = [add(api, api.user_id(who), age=100 - n) for n in range(5)]
    response = api.get("/api/notifications?limit=2", as_=who)
    assert response.json()["pagination"]["total"] == 5
    seen = [each["id"] for each in response.json()["data"]]
    while link := response.headers.get("link"):
        response = api.get(link.split(">")[0].lstrip("<"), as_=who)
        seen += [each["id"] for each in response.json()["data"]]
    assert seen == made[::-1]


def test_deleting_a_user_removes_theirs(api: Server) -> None:
    who = api.user("leaver")
    user_id = api.user_id(who)
    add(api, user_id)
    api.execute("update users set deleted_at = now() where id = %s", user_id)
    assert rows(api, "select count(*) from notifications where user_id = %s", user_id) == [(0,)]
