"""Notifications about notes last no longer than what they are about."""

from __future__ import annotations

from tests.education.school import add_mentor, fresh
from tests.learning.school import add_learner, add_subject
from tests.notes.test_notes import notified, path, write, written
from tests.parts.server import Server


def test_a_replaced_mentor_keeps_no_notification_of_notes(api: Server) -> None:
    former, former_id = add_mentor(api, fresh("mentor").replace(" ", ""))
    _, following_id = add_mentor(api, fresh("mentor").replace(" ", ""))
    subject_id, (topic_id,) = add_subject(api, mentor=former)
    elsewhere, (other,) = add_subject(api, mentor=former)
    who = add_learner(api, subject_id, elsewhere).clerk_id
    for each in (topic_id, other):
        written(write(api, who, each, sharedWithMentor=True))
    subject = f"/api/admin/education/subjects/{subject_id}"
    assert api.put(subject, as_="admin", json={"mentorId": following_id}).status_code == 200
    (left,) = notified(api, former_id, "note.shared")
    assert left["subjectId"] == elsewhere
    for shared in (False, True):
        written(write(api, who, topic_id, sharedWithMentor=shared))
    assert len(notified(api, following_id, "note.shared")) == 1
    assert len(notified(api, former_id, "note.shared")) == 1


def test_a_reply_that_is_repeated_or_deleted_leaves_at_most_one_notification(api: Server) -> None:
    mentor, _ = add_mentor(api, fresh("mentor").replace(" ", ""))
    subject_id, (topic_id,) = add_subject(api, mentor=mentor)
    learner = add_learner(api, subject_id)
    note = written(write(api, learner.clerk_id, topic_id, sharedWithMentor=True))
    reply = f"/api/mentor/notes/{note['id']}/reply"
    for _ in range(2):
        assert api.put(reply, as_=mentor, json={"content": "Hm"}).status_code == 200
        assert len(notified(api, learner.id, "note.replied")) == 1
        assert api.delete(reply, as_=mentor).status_code == 200
        assert notified(api, learner.id, "note.replied") == []
    assert api.put(reply, as_=mentor, json={"content": "Hm"}).status_code == 200
    assert api.delete(path(topic_id), as_=learner.clerk_id).status_code == 200
    assert notified(api, learner.id, "note.replied") == []


def test_a_reply_is_no_conflict_with_the_text_that_the_author_changes(api: Server) -> None:
    mentor, _ = add_mentor(api, fresh("mentor").replace(" ", ""))
    subject_id, (topic_id,) = add_subject(api, mentor=mentor)
    who = add_learner(api, subject_id).clerk_id
    created = write(api, who, topic_id, sharedWithMentor=True)
    before = {"If-Match": created.headers["etag"]}
    reply = f"/api/mentor/notes/{written(created)['id']}/reply"
    assert api.put(reply, as_=mentor, json={"content": "Hm"}).status_code == 200
    seen = api.get(path(topic_id), as_=who, headers={"If-None-Match": before["If-Match"]})
    assert written(seen)["reply"]["content"] == "Hm"
    changed = write(api, who, topic_id, before, content="Carry the two.")
    assert written(changed)["reply"]["content"] == "Hm"
    refused = write(api, who, topic_id, before, content="Carry the three.")
    assert refused.json()["details"] == {"currentETag": changed.headers["etag"]}
    current = {"If-None-Match": changed.headers["etag"]}
    assert api.get(path(topic_id), as_=who, headers=current).status_code == 304
    assert api.delete(path(topic_id), as_=who, headers=before).status_code == 412
    latest = {"If-Match": changed.headers["etag"]}
    assert api.delete(path(topic_id), as_=who, headers=latest).status_code == 200
