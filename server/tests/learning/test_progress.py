"""Progress in a topic over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from akako.kernel.core.ids import new_id
from tests.education.school import at_once, enroll, missing, refusal
from tests.learning.school import (
    BATCH,
    PROGRESS,
    add_document,
    add_learner,
    add_subject,
    add_video,
    events,
    put,
    updated,
)
from tests.library.school import rows
from tests.parts.server import Server

EARLY, LATE = "2026-01-31T08:00:00Z", "2026-01-31T09:00:00Z"


def test_progress_begins_with_zeros(api: Server) -> None:
    subject_id, (topic_id,) = add_subject(api)
    learner = add_learner(api, subject_id)
    nothing = {
        "topicId": topic_id,
        "subjectId": subject_id,
        "status": "NOT_STARTED",
        "positionSeconds": 0,
        "durationSeconds": None,
        "watchedSeconds": 0,
        "watchedPercent": None,
        "documentsOpened": [],
        "markedDone": False,
        "completedAt": None,
        "updatedAt": None,
    }
    for who in (learner.clerk_id, "admin", "mentor"):
        response = api.get(f"{PROGRESS}/{topic_id}", as_=who)
        assert updated(response) == nothing
        assert list(response.json()["data"]) == list(nothing)


def test_ranges_are_united_and_a_repeated_update_changes_nothing(api: Server) -> None:
    subject_id, (topic_id,) = add_subject(api)
    add_video(api, topic_id)
    who = add_learner(api, subject_id).clerk_id
    body: dict[str, Any] = {"positionSeconds": 60.5, "durationSeconds": 100, "watched": [[0, 30.5]]}
    first = updated(put(api, who, topic_id, **body))
    assert (first["positionSeconds"], first["watchedSeconds"]) == (60.5, 30.5)
    assert (first["watchedPercent"], first["status"]) == (30, "IN_PROGRESS")
    assert updated(put(api, who, topic_id, **body)) == first
    more = updated(put(api, who, topic_id, watched=[[90, 130], [20, 40], [20, 40]]))
    assert (more["watchedSeconds"], more["watchedPercent"]) == (50, 50)
    assert more["updatedAt"] > first["updatedAt"]
    assert updated(api.get(f"{PROGRESS}/{topic_id}", as_=who)) == more


def test_the_latest_recording_decides_position_duration_and_mark(api: Server) -> None:
    subject_id, (topic_id,) = add_subject(api)
    updates: list[dict[str, Any]] = [
        {"positionSeconds": 10, "durationSeconds": 99, "markedDone": True, "recordedAt": LATE},
        {"positionSeconds": 50, "durationSeconds": 90, "markedDone": False, "recordedAt": EARLY},
        {"positionSeconds": 11, "recordedAt": LATE},
        {"markedDone": False, "recordedAt": LATE},
    ]
    for order in (updates, updates[::-1]):
        who = add_learner(api, subject_id).clerk_id
        for update in order:
            put(api, who, topic_id, **update)
        found = updated(api.get(f"{PROGRESS}/{topic_id}", as_=who))
        assert (found["positionSeconds"], found["durationSeconds"]) == (11, 99)
        assert found["markedDone"] is True


def test_a_topic_is_completed_once_by_watching_and_opening(api: Server) -> None:
    subject_id, (topic_id,) = add_subject(api)
    add_video(api, topic_id)
    documents = sorted(add_document(api, topic_id) for _ in range(2))
    learner = add_learner(api, subject_id)
    who = learner.clerk_id
    put(api, who, topic_id, durationSeconds=100, watched=[[0, 90]], documentsOpened=documents[1:])
    assert events(api, topic_id) == []
    done = updated(put(api, who, topic_id, documentsOpened=documents))
    assert (done["status"], done["documentsOpened"]) == ("COMPLETED", documents)
    assert done["completedAt"]
    add_document(api, topic_id)
    kept = updated(put(api, who, topic_id, markedDone=False, positionSeconds=1))
    assert (kept["status"], kept["completedAt"]) == ("COMPLETED", done["completedAt"])
    event = {"topicId": topic_id, "subjectId": subject_id, "userId": learner.id}
    assert events(api, topic_id) == [event]


def test_a_mark_completes_until_it_is_taken_back(api: Server) -> None:
    subject_id, (topic_id,) = add_subject(api)
    who = add_learner(api, subject_id).clerk_id
    assert updated(put(api, who, topic_id, markedDone=True))["status"] == "COMPLETED"
    undone = updated(put(api, who, topic_id, markedDone=False))
    assert (undone["status"], undone["completedAt"]) == ("NOT_STARTED", None)
    assert updated(put(api, who, topic_id, markedDone=True))["status"] == "COMPLETED"
    assert len(events(api, topic_id)) == 1


def test_two_devices_that_complete_at_once_announce_it_once(api: Server) -> None:
    subject_id, (topic_id,) = add_subject(api)
    add_video(api, topic_id)
    who = add_learner(api, subject_id).clerk_id
    halves = [[[n * 10, n * 10 + 10]] for n in range(8)]
    answers = at_once(
        *(
            lambda half=half: put(api, who, topic_id, durationSeconds=80, watched=half)
            for half in halves
        )
    )
    assert {answer.status_code for answer in answers} == {200}
    found = updated(api.get(f"{PROGRESS}/{topic_id}", as_=who))
    assert (found["watchedSeconds"], found["status"]) == (80, "COMPLETED")
    assert len(events(api, topic_id)) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"recordedAt": EARLY}, "body"),
        ({"positionSeconds": -0.1}, "positionSeconds"),
        ({"positionSeconds": 86_400.1}, "positionSeconds"),
        ({"positionSeconds": True}, "positionSeconds"),
        ({"positionSeconds": "1"}, "positionSeconds"),
        ({"positionSeconds": None}, "positionSeconds"),
        ({"durationSeconds": 0}, "durationSeconds"),
        ({"durationSeconds": 86_401}, "durationSeconds"),
        ({"watched": [[0, 1], [2, 2]]}, "watched[1]"),
        ({"watched": [[0, 1, 2]]}, "watched[0]"),
        ({"watched": [[0]]}, "watched[0]"),
        ({"watched": [[0, 86_401]]}, "watched[0][1]"),
        ({"watched": [[0, 1]] * 201}, "watched"),
        ({"documentsOpened": ["a b"]}, "documentsOpened[0]"),
        ({"documentsOpened": ["a"] * 101}, "documentsOpened"),
        ({"markedDone": 1}, "markedDone"),
        ({"markedDone": True, "recordedAt": "yesterday"}, "recordedAt"),
        ({"markedDone": True, "topicId": "x"}, "topicId"),
    ],
)
def test_a_malformed_update_is_refused(api: Server, body: dict[str, Any], field: str) -> None:
    response = put(api, "learner", new_id(), **body)
    assert response.status_code == 422
    assert response.json()["details"]["field"] == field


def test_a_clock_may_be_ahead_by_five_minutes(api: Server) -> None:
    subject_id, (topic_id,) = add_subject(api)
    who = add_learner(api, subject_id).clerk_id
    for minutes, status in ((4, 200), (6, 422)):
        at = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
        assert put(api, who, topic_id, markedDone=True, recordedAt=at).status_code == status


def test_a_document_of_another_topic_is_unknown(api: Server) -> None:
    subject_id, (topic_id, other_id) = add_subject(api, topics=2)
    own, foreign = add_document(api, topic_id), add_document(api, other_id)
    who = add_learner(api, subject_id).clerk_id
    response = put(api, who, topic_id, documentsOpened=[own, foreign])
    assert response.status_code == 422
    assert response.json()["details"]["field"] == "documentsOpened[1]"
    assert updated(api.get(f"{PROGRESS}/{topic_id}", as_=who))["documentsOpened"] == []


def test_progress_needs_an_approved_enrollment(api: Server) -> None:
    subject_id, (topic_id,) = add_subject(api)
    stranger = add_learner(api)
    enroll(api, subject_id, stranger.id, "PENDING")
    for response in (
        put(api, stranger.clerk_id, topic_id, markedDone=True),
        api.get(f"{PROGRESS}/{topic_id}", as_=stranger.clerk_id),
    ):
        status, code, details = refusal(response)
        assert (status, code, details["reason"]) == (403, "FORBIDDEN", "not_enrolled")
    unknown = new_id()
    response = put(api, stranger.clerk_id, unknown, markedDone=True)
    assert refusal(response) == missing("topic", unknown)


def test_an_update_costs_no_quota_and_leaves_no_audit_entry(api: Server) -> None:
    subject_id, (topic_id,) = add_subject(api)
    learner = add_learner(api, subject_id)
    response = put(api, learner.clerk_id, topic_id, markedDone=True)
    assert not [name for name in response.headers if "quota" in name]
    sql = "select count(*) from audit_log where actor_user_id = %s and action like 'topic%%'"
    assert rows(api, sql, learner.id) == [(0,)]
    sql = "select day from activity_days where user_id = %s"
    assert rows(api, sql, learner.id) == [(datetime.now(UTC).date(),)]


def test_items_of_a_batch_succeed_or_fail_separately(api: Server) -> None:
    subject_id, topics = add_subject(api, topics=2)
    _, (foreign,) = add_subject(api)
    who, unknown, document = add_learner(api, subject_id).clerk_id, new_id(), new_id()
    items: list[dict[str, Any]] = [
        {"topicId": topics[1], "positionSeconds": 5},
        {"topicId": foreign, "positionSeconds": 5},
        {"topicId": unknown, "positionSeconds": 5},
        {"topicId": topics[0], "documentsOpened": [document]},
        {"topicId": topics[0], "markedDone": True},
        {"topicId": topics[1], "watched": [[0, 7]]},
    ]
    results = updated(api.post(BATCH, as_=who, json={"items": items}))
    assert [each["topicId"] for each in results] == [each["topicId"] for each in items]
    assert [each["ok"] for each in results] == [True, False, False, False, True, True]
    codes = [None, "FORBIDDEN", "NOT_FOUND", "VALIDATION_ERROR", None, None]
    assert [each["code"] for each in results] == codes
    assert results[4]["progress"]["status"] == "COMPLETED"
    assert results[5]["progress"]["positionSeconds"] == 5
    assert results[1] == {
        "topicId": foreign,
        "ok": False,
        "progress": None,
        "code": "FORBIDDEN",
        "error": "You are not enrolled in this subject, or the topic is hidden",
    }


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"positionSeconds": -1}, "items[1].positionSeconds"),
        ({}, "items[1]"),
        ({"watched": [[3, 2]]}, "items[1].watched[0]"),
        ({"markedDone": True, "recordedAt": "2999-01-01T00:00:00Z"}, "items[1].recordedAt"),
    ],
)
def test_a_malformed_item_refuses_the_whole_batch(
    api: Server, item: dict[str, Any], field: str
) -> None:
    items = [{"topicId": new_id(), "markedDone": True}, {"topicId": new_id(), **item}]
    response = api.post(BATCH, as_="learner", json={"items": items})
    assert response.status_code == 422
    assert response.json()["details"]["field"] == field


@pytest.mark.parametrize("number", [0, 101])
def test_a_batch_has_1_to_100_items(api: Server, number: int) -> None:
    items = [{"topicId": new_id(), "markedDone": True}] * number
    response = api.post(BATCH, as_="learner", json={"items": items})
    assert response.status_code == 422


def test_progress_is_gone_with_the_user_and_the_count_of_active_users_stays(api: Server) -> None:
    subject_id, (topic_id,) = add_subject(api)
    learner = add_learner(api, subject_id)
    put(api, learner.clerk_id, topic_id, markedDone=True)
    before = rows(api, "select count(distinct user_id) from activity_days")
    api.execute("update users set deleted_at = now() where id = %s", learner.id)
    assert rows(api, "select 1 from topic_progress where user_id = %s", learner.id) == []
    assert rows(api, "select 1 from activity_days where user_id = %s", learner.id) == []
    assert rows(api, "select count(distinct user_id) from activity_days") == before


def test_the_largest_batch_is_read(api: Server) -> None:
    subject_id, (topic_id,) = add_subject(api)
    learner = add_learner(api, subject_id)
    watched = [[number * 10, number * 10 + 1.234567890123] for number in range(200)]
    item = {
        "topicId": topic_id,
        "positionSeconds": 12.345678901234,
        "durationSeconds": 2_000,
        "watched": watched,
        "documentsOpened": [new_id() for _ in range(100)],
        "recordedAt": EARLY,
    }
    items = [*[item] * 99, {**item, "documentsOpened": []}]
    results = updated(api.post(BATCH, as_=learner.clerk_id, json={"items": items}))
    assert [each["ok"] for each in results] == [False] * 99 + [True]
    assert results[-1]["progress"]["watchedSeconds"] == 240
