"""A learner's progress in subjects."""

from __future__ import annotations

import pytest

from akako.kernel.core.ids import new_id
from tests.education.school import enroll, fresh, missing, refusal
from tests.enrollment.test_lists import walk
from tests.learning.school import add_learner, add_subject, names, put, updated
from tests.parts.server import Server

MINE = "/api/progress/me"


def test_a_subject_shows_what_is_completed_and_what_is_next(api: Server) -> None:
    subject_id, topics = add_subject(api, topics=3)
    who = add_learner(api, subject_id).clerk_id
    _, subject, grade_id, grade, _ = names(api, topics[0])
    shown = {
        "subjectId": subject_id,
        "subjectName": subject,
        "gradeId": grade_id,
        "gradeName": grade,
        "topicsTotal": 3,
        "topicsCompleted": 0,
        "percent": 0,
        "nextTopicId": topics[0],
        "lastActivityAt": None,
    }
    assert api.get(MINE, as_=who).json()["data"] == [shown]
    put(api, who, topics[0], markedDone=True)
    last = updated(put(api, who, topics[2], markedDone=True))["updatedAt"]
    done = {"topicsCompleted": 2, "percent": 66, "nextTopicId": topics[1], "lastActivityAt": last}
    shown |= done
    assert api.get(MINE, as_=who).json()["data"] == [shown]
    put(api, who, topics[1], markedDone=True)
    (finished,) = api.get(MINE, as_=who).json()["data"]
    assert (finished["percent"], finished["nextTopicId"]) == (100, None)


def test_only_visible_topics_and_approved_subjects_count(api: Server) -> None:
    subject_id, topics = add_subject(api, topics=3)
    learner = add_learner(api, subject_id)
    enroll(api, add_subject(api)[0], learner.id, "PENDING")
    hidden, _ = add_subject(api)
    enroll(api, hidden, learner.id)
    api.execute("update subjects set is_active = false where id = %s", hidden)
    put(api, learner.clerk_id, topics[1], markedDone=True)
    api.execute("update topics set is_active = false where id = %s", topics[0])
    api.execute("update topics set deleted_at = now() where id = %s", topics[2])
    (shown,) = api.get(MINE, as_=learner.clerk_id).json()["data"]
    assert (shown["topicsTotal"], shown["percent"]) == (1, 100)


def test_a_subject_without_topics_has_no_progress(api: Server) -> None:
    subject_id, _ = add_subject(api, topics=0)
    (shown,) = api.get(MINE, as_=add_learner(api, subject_id).clerk_id).json()["data"]
    assert (shown["topicsTotal"], shown["percent"], shown["nextTopicId"]) == (0, 0, None)


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("", [0, 1, 2]),
        ("order=desc", [2, 1, 0]),
        ("sort=percent", [2, 0, 1]),
        ("sort=percent&order=desc", [1, 0, 2]),
        ("sort=lastActivityAt", [2, 1, 0]),
    ],
)
def test_subjects_are_sorted_and_paged(api: Server, query: str, order: list[int]) -> None:
    made = [add_subject(api, topics=2, name=f"{letter} {fresh()}") for letter in "abc"]
    who = add_learner(api, *(subject_id for subject_id, _ in made)).clerk_id
    for subject, topic in ((1, 0), (1, 1), (0, 1)):
        assert put(api, who, made[subject][1][topic], markedDone=True).status_code == 200
    expected = [made[n][0] for n in order]
    found = walk(api, f"{MINE}?limit=1&{query}", who)
    assert [each["subjectId"] for each in found] == expected
    one = api.get(f"{MINE}?subjectId={expected[0]}", as_=who).json()["data"]
    assert [each["subjectId"] for each in one] == expected[:1]


def test_a_subject_shows_its_topics_in_their_order(api: Server) -> None:
    subject_id, topics = add_subject(api, topics=3)
    who = add_learner(api, subject_id).clerk_id
    second = updated(put(api, who, topics[1], positionSeconds=9))
    found = updated(api.get(f"{MINE}/subjects/{subject_id}", as_=who))
    (row,) = api.get(MINE, as_=who).json()["data"]
    shown = found.pop("topics")
    assert found == row
    assert [(each["topicId"], each["position"]) for each in shown] == [
        (topic_id, n) for n, topic_id in enumerate(topics)
    ]
    assert shown[1] == {**second, "name": names(api, topics[1])[0], "position": 1}
    assert shown[0]["status"] == "NOT_STARTED"


def test_progress_in_a_subject_needs_an_enrollment(api: Server) -> None:
    subject_id, _ = add_subject(api)
    who = add_learner(api).clerk_id
    status, _, details = refusal(api.get(f"{MINE}/subjects/{subject_id}", as_=who))
    assert (status, details["reason"]) == (403, "not_enrolled")
    unknown = new_id()
    response = api.get(f"{MINE}/subjects/{unknown}", as_=who)
    assert refusal(response) == missing("subject", unknown)
