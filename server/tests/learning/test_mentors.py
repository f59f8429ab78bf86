"""What mentors see of their subjects and learners."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from akako.kernel.core.ids import new_id
from tests.education.school import add_mentor, fresh, missing, refusal
from tests.enrollment.test_lists import walk
from tests.factories import create_enrollment, create_user
from tests.learning.school import add_learner, add_subject, names, put
from tests.parts.server import Server
from tests.web.visitor import signed_in

SUBJECTS = "/api/mentor/subjects"


@pytest.fixture
def mentor(api: Server) -> str:
    return add_mentor(api, fresh("mentor").replace(" ", ""))[0]


def test_a_mentor_sees_own_subjects_with_their_figures(api: Server, mentor: str) -> None:
    empty, _ = add_subject(api, topics=0, mentor=mentor, name=fresh("A"))
    subject_id, topics = add_subject(api, topics=3, mentor=mentor, name=fresh("B"))
    add_subject(api)
    api.execute("update topics set is_active = false where id = %s", topics[2])
    first, second, third = (add_learner(api, subject_id) for _ in range(3))
    put(api, first.clerk_id, topics[0], markedDone=True)
    put(api, first.clerk_id, topics[1], markedDone=True)
    put(api, second.clerk_id, topics[0], positionSeconds=1)
    put(api, third.clerk_id, topics[0], markedDone=True)
    old = "update topic_progress set active_on = active_on - 7 where user_id = %s"
    api.execute(old, third.id)
    found = api.get(SUBJECTS, as_=mentor).json()["data"]
    _, name, grade_id, grade, level = names(api, topics[0])
    assert [each["id"] for each in found] == [empty, subject_id]
    assert found[1] == {
        "id": subject_id,
        "name": name,
        "gradeId": grade_id,
        "gradeName": grade,
        "levelName": level,
        "isActive": True,
        "topicCount": 2,
        "learnerCount": 3,
        "activeLearners7d": 2,
        "averagePercent": 50,
    }
    assert (found[0]["learnerCount"], found[0]["averagePercent"]) == (0, None)
    assert [each["id"] for each in walk(api, f"{SUBJECTS}?limit=1&order=desc", mentor)] == [
        subject_id,
        empty,
    ]


def named_learner(api: Server, subject_id: str, first: str, last: str) -> str:
    with api.db() as db:
        user = create_user(db, first_name=first, last_name=last)
        create_enrollment(db, user_id=user.id, subject_id=subject_id, status="APPROVED")
    return user.id


def test_learners_of_a_subject_are_listed_with_their_progress(api: Server, mentor: str) -> None:
    subject_id, topics = add_subject(api, topics=2, mentor=mentor)
    zoe = named_learner(api, subject_id, "Zoé", "Ágren")
    ama = named_learner(api, subject_id, "Ama", "Mensah")
    learner = add_learner(api, subject_id)
    api.execute("update users set last_name = 'Berg' where id = %s", learner.id)
    put(api, learner.clerk_id, topics[1], markedDone=True)
    path = f"{SUBJECTS}/{subject_id}/learners"

    def listed(query: str = "") -> list[dict[str, Any]]:
        return list(walk(api, f"{path}?limit=2&{query}", mentor))

    def ids(query: str) -> list[str]:
        return [each["userId"] for each in listed(query)]

    shown = listed()
    assert [each["userId"] for each in shown] == [zoe, learner.id, ama]
    assert shown[1] | {"lastActivityAt": None, "enrolledAt": None, "firstName": None} == {
        "userId": learner.id,
        "firstName": None,
        "lastName": "Berg",
        "email": shown[1]["email"],
        "enrolledAt": None,
        "topicsCompleted": 1,
        "topicsTotal": 2,
        "percent": 50,
        "lastActivityAt": None,
        "username": None,
    }
    assert shown[1]["lastActivityAt"]
    assert ids("sort=percent&order=desc")[0] == learner.id
    assert ids("sort=lastActivityAt&order=desc")[0] == learner.id
    assert len(ids("sort=enrolledAt")) == 3
    assert ids("search=mensah") == [ama]
    assert ids("search=zo%C3%A9%20%C3%A1gren") == [zoe]
    admins = api.get(path, as_="admin").json()["data"]
    assert [each["userId"] for each in admins] == [zoe, learner.id, ama]


def test_a_learner_with_a_username_only_is_shown_by_it(api: Server, mentor: str) -> None:
    subject_id, (topic_id,) = add_subject(api, mentor=mentor)
    learner, name = add_learner(api, subject_id), f"ama{new_id()}"
    no_names = "first_name = null, last_name = null, email = null, email_key = null"
    api.execute(f"update users set {no_names}, username = %s where id = %s", name, learner.id)
    path = f"{SUBJECTS}/{subject_id}/learners"
    (shown,) = api.get(path, as_=mentor).json()["data"]
    assert (shown["username"], shown["firstName"], shown["email"]) == (name, None, None)
    assert name in api.get(f"{path}?format=csv", as_=mentor).text
    note = {"content": "A question", "sharedWithMentor": True}
    api.put(f"/api/notes/topics/{topic_id}", as_=learner.clerk_id, json=note)
    (shared,) = api.get("/api/mentor/notes", as_=mentor).json()["data"]
    assert shared["learner"]["username"] == name
    (notice,) = api.get("/api/notifications", as_=mentor).json()["data"]
    assert name in notice["body"]
    visitor = signed_in(api, mentor)
    assert name in visitor.get(f"/teach/subjects/{subject_id}/learners").text
    assert name in visitor.get("/teach/notes").text
    put(api, learner.clerk_id, topic_id, positionSeconds=1)
    assert name in visitor.get("/teach").text


def test_learners_of_another_mentor_are_refused(api: Server, mentor: str) -> None:
    subject_id, _ = add_subject(api)
    status, _, details = refusal(api.get(f"{SUBJECTS}/{subject_id}/learners", as_=mentor))
    assert (status, details["reason"]) == (403, "not_owner")
    unknown = new_id()
    response = api.get(f"{SUBJECTS}/{unknown}/learners", as_=mentor)
    assert refusal(response) == missing("subject", unknown)


def test_all_learners_are_exported_as_a_file(api: Server, mentor: str) -> None:
    subject_id, _ = add_subject(api, topics=0, mentor=mentor)
    named_learner(api, subject_id, '=1+1, "two"', "-Berg\u00e9")
    sql = """
    with made as (
        insert into users (id, clerk_id, plan, last_name)
        select 'csv' || n, 'user_csv' || n, 'FREE', 'Name' || n from generate_series(1, 2100) n
        returning id)
    insert into enrollments (id, user_id, subject_id, status)
    select 'e' || id, id, %s, 'APPROVED' from made
    """
    api.execute(sql, subject_id)
    path = f"{SUBJECTS}/{subject_id}/learners"
    response = api.get(f"{path}?format=csv&limit=5&sort=lastName", as_=mentor)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"] == 'attachment; filename="learners.csv"'
    header, *found = csv.reader(io.StringIO(response.text, newline=""))
    (listed,) = api.get(f"{path}?limit=1", as_=mentor).json()["data"]
    assert header == list(listed)
    assert found[0][1:3] == ['\'=1+1, "two"', "'-Berg\u00e9"]
    assert found[0][-2:] == ["", ""]
    assert found[0][4] == listed["enrolledAt"]
    assert len({row[0] for row in found}) == len(found) == 2_101
    assert response.text.count("\r\n") == 2_102
    assert api.get(f"{path}?format=xml", as_=mentor).status_code == 422
    assert api.get(f"{path}?format=csv", as_="learner").status_code == 403
