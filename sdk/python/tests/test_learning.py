"""Progress and notes through both clients."""

from __future__ import annotations

import io
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from akako_lms import AkakoAPI, NotFoundError, PreconditionFailedError
from calls import Call
from tests.parts.server import Server

numbers = itertools.count(1)


def test_a_learner_watches_notes_and_gets_a_reply(api: Server, call: Call) -> None:
    base, learner_id = f"{api.url}/api", api.user(f"student{next(numbers)}")
    tokens = {"admin": api.token("admin"), "mentor": api.token("mentor")}
    tokens["learner"] = api.token(learner_id)

    def via(who: str, perform: Any) -> Any:
        return call(perform, base, tokens[who])

    mentor = api.user_id("mentor")
    with AkakoAPI(base_url=base, token=tokens["admin"]) as admin:
        level = admin.education.create_level(name=f"Level of learning {next(numbers)}")
        grade = admin.education.create_grade(
            education_level_id=level.id, name="Grade 1", level="primary"
        )
        subject = admin.education.create_subject(
            grade_id=grade.id, name="Biology", mentor_id=mentor
        )
        topics = [
            admin.education.create_topic(subject_id=subject.id, name=name).id
            for name in ("Bees", "Wasps")
        ]
        with AkakoAPI(base_url=base, token=tokens["learner"]) as learner:
            asked = learner.enrollment.request_enrollment(subject.id)
        admin.enrollment.approve_enrollment(asked.id)

    at = datetime.now(UTC) - timedelta(hours=1)
    progress = via(
        "learner",
        lambda c: c.progress.update(
            topics[0], position_seconds=30.5, duration_seconds=60, watched=[(0, 30.5)]
        ),
    )
    assert (progress.status, progress.watched_percent) == ("IN_PROGRESS", 50)
    results = via(
        "learner",
        lambda c: c.progress.update_many(
            [
                {"topic_id": topics[0], "position_seconds": 9, "recorded_at": at},
                {"topic_id": topics[1], "marked_done": True},
                {"topic_id": "unknown", "marked_done": True},
            ]
        ),
    )
    assert [each.code for each in results] == [None, None, "NOT_FOUND"]
    assert results[0].progress.position_seconds == 30.5
    assert via("learner", lambda c: c.progress.get(topics[1])).status == "COMPLETED"
    (row,) = via("learner", lambda c: c.progress.iter_subjects(subject_id=subject.id))
    assert (row.percent, row.next_topic_id) == (50, topics[0])
    whole = via("learner", lambda c: c.progress.get_subject(subject.id))
    assert [each.name for each in whole.topics] == ["Bees", "Wasps"]
    taught = via("mentor", lambda c: c.progress.iter_taught_subjects(search="biology"))
    (shown,) = [each for each in taught if each.id == subject.id]
    assert (shown.learner_count, shown.active_learners7d, shown.average_percent) == (1, 1, 50)
    (person,) = via("mentor", lambda c: c.progress.get_learners(subject.id, sort="percent"))
    assert (person.percent, person.topics_total) == (50, 2)
    with io.BytesIO() as file:
        done = via("mentor", lambda c: c.progress.download_learners(subject.id, file))
        head, row, end = file.getvalue().decode().split("\r\n")
    assert (done.file_name, done.mime_type) == ("learners.csv", "text/csv; charset=utf-8")
    assert head.startswith("userId,firstName")
    assert person.user_id in row
    assert end == ""
    with io.BytesIO() as file:
        via("admin", lambda c: c.analytics.download_csv("enrollments", file, interval="month"))
        assert file.getvalue().startswith(b"date,requested,approved")

    note = via("learner", lambda c: c.notes.put(topics[0], "Why six legs?", if_none_match="*"))
    with pytest.raises(PreconditionFailedError):
        via("learner", lambda c: c.notes.put(topics[0], "Again", if_none_match="*"))
    via(
        "learner",
        lambda c: c.notes.put(topics[0], "Why six?", shared_with_mentor=True, if_match=note.etag),
    )
    waiting = via("mentor", lambda c: c.notes.iter_shared_notes(subject_id=subject.id))
    assert [each.content for each in waiting] == ["Why six?"]
    via("mentor", lambda c: c.notes.reply(note.id, "They are insects."))
    assert via("learner", lambda c: c.notes.get(topics[0])).reply.content == "They are insects."
    assert via("mentor", lambda c: c.notes.delete_reply(note.id)).reply is None
    data = via("learner", lambda c: c.auth.export_my_data())
    assert [each["content"] for each in data["notes"]] == ["Why six?"]
    assert via("learner", lambda c: c.notes.delete(topics[0])).deleted
    assert not via("learner", lambda c: c.notes.get_notes(search="six"))
    with pytest.raises(NotFoundError):
        via("learner", lambda c: c.notes.get(topics[0]))
