"""Private notes over HTTP, and the replies of mentors."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from akako.kernel.core.ids import new_id
from tests.education.school import add_mentor, at_once, enroll, fresh, missing, refusal
from tests.enrollment.test_lists import walk
from tests.learning.school import add_learner, add_subject, names, updated
from tests.library.school import rows
from tests.parts.server import Server

SECRET = "The dog ate my zebra"


def path(topic_id: str) -> str:
    return f"/api/notes/topics/{topic_id}"


def write(
    api: Server, who: str, topic_id: str, headers: dict[str, str] | None = None, **fields: Any
) -> httpx2.Response:
    body = {"content": "Carry the one.", **fields}
    return api.put(path(topic_id), as_=who, json=body, headers=headers or {})


def written(response: httpx2.Response) -> dict[str, Any]:
    assert response.status_code in (200, 201), response.text
    data: dict[str, Any] = response.json()["data"]
    return data


def notified(api: Server, user_id: str, type: str) -> list[dict[str, Any]]:
    sql = "select data from notifications where user_id = %s and type = %s order by created_at"
    return [row[0] for row in rows(api, sql, user_id, type)]


def test_a_note_is_created_changed_read_and_deleted(api: Server) -> None:
    subject_id, (topic_id,) = add_subject(api)
    who = add_learner(api, subject_id).clerk_id
    assert refusal(api.get(path(topic_id), as_=who)) == missing("note", topic_id)
    created = write(api, who, topic_id, content="\n  Line one\r\nline two ")
    assert created.status_code == 201
    assert created.headers["location"] == path(topic_id)
    note = written(created)
    assert note == {
        "id": note["id"],
        "topicId": topic_id,
        "topicName": names(api, topic_id)[0],
        "subjectId": subject_id,
        "content": "  Line one\nline two",
        "sharedWithMentor": False,
        "reply": None,
        "createdAt": note["createdAt"],
        "updatedAt": note["createdAt"],
    }
    read = api.get(path(topic_id), as_=who)
    assert (written(read), read.headers["etag"]) == (note, created.headers["etag"])
    again = write(api, who, topic_id, content="  Line one\nline two")
    assert (again.status_code, written(again)) == (200, note)
    changed = written(write(api, who, topic_id, sharedWithMentor=True))
    assert (changed["id"], changed["sharedWithMentor"]) == (note["id"], True)
    assert changed["updatedAt"] > note["updatedAt"]
    assert written(write(api, who, topic_id, content="Kept"))["sharedWithMentor"] is True
    gone = api.delete(path(topic_id), as_=who)
    assert updated(gone) == {"id": note["id"], "topicId": topic_id, "deleted": True}
    assert refusal(api.delete(path(topic_id), as_=who)) == missing("note", topic_id)


def test_conditions_are_honoured(api: Server) -> None:
    subject_id, (topic_id,) = add_subject(api)
    who = add_learner(api, subject_id).clerk_id
    absent = write(api, who, topic_id, {"If-Match": '"x"'})
    assert refusal(absent) == (412, "PRECONDITION_FAILED", {"currentETag": None})
    tag = write(api, who, topic_id, {"If-None-Match": "*"}).headers["etag"]
    held = (412, "PRECONDITION_FAILED", {"currentETag": tag})
    assert refusal(write(api, who, topic_id, {"If-None-Match": "*"})) == held
    assert refusal(write(api, who, topic_id, {"If-Match": '"other"'})) == held
    assert refusal(api.delete(path(topic_id), as_=who, headers={"If-Match": '"other"'})) == held
    changed = write(api, who, topic_id, {"If-Match": tag}, content="Changed")
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    answers = at_once(
        *(
            lambda n=n: write(
                api, who, topic_id, {"If-Match": changed.headers["etag"]}, content=f"Version {n}"
            )
            for n in range(4)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]


def test_one_of_several_creations_at_once_wins(api: Server) -> None:
    subject_id, (topic_id,) = add_subject(api)
    who = add_learner(api, subject_id).clerk_id
    answers = at_once(
        *(lambda: write(api, who, topic_id, {"If-None-Match": "*"}) for _ in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 412, 412, 412, 412]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "content"),
        ({"content": " \n"}, "content"),
        ({"content": "x" * 20_001}, "content"),
        ({"content": None}, "content"),
        ({"content": "x", "sharedWithMentor": "yes"}, "sharedWithMentor"),
        ({"content": "x", "reply": "y"}, "reply"),
    ],
)
def test_a_malformed_note_is_refused(api: Server, body: dict[str, Any], field: str) -> None:
    response = api.put(path(new_id()), as_="learner", json=body)
    assert response.status_code == 422
    assert response.json()["details"]["field"] == field


def test_a_long_note_with_escaped_letters_is_accepted(api: Server) -> None:
    subject_id, (topic_id,) = add_subject(api)
    who = add_learner(api, subject_id).clerk_id
    assert write(api, who, topic_id, content="\U0001f600" * 20_000).status_code == 201


def test_a_note_needs_access_to_the_topic(api: Server) -> None:
    subject_id, (topic_id,) = add_subject(api)
    learner = add_learner(api)
    for response in (
        write(api, learner.clerk_id, topic_id),
        api.get(path(topic_id), as_=learner.clerk_id),
        api.delete(path(topic_id), as_=learner.clerk_id),
    ):
        assert refusal(response)[2]["reason"] == "not_enrolled"
    unknown = new_id()
    assert refusal(write(api, learner.clerk_id, unknown)) == missing("topic", unknown)
    enroll(api, subject_id, learner.id)
    assert write(api, learner.clerk_id, topic_id).status_code == 201
    api.execute("update enrollments set status = 'CANCELLED' where user_id = %s", learner.id)
    (kept,) = api.get("/api/notes", as_=learner.clerk_id).json()["data"]
    assert kept["topicId"] == topic_id
    assert api.delete(path(topic_id), as_=learner.clerk_id).status_code == 200


def test_own_notes_are_listed_searched_and_filtered(api: Server) -> None:
    who = add_learner(api)
    topics = []
    for number, content in enumerate(("Ärger with fractions", "More fractions", "Angles")):
        subject_id, (topic_id,) = add_subject(api, name=fresh("Notes"))
        enroll(api, subject_id, who.id)
        topics.append((subject_id, topic_id))
        api.execute("update topics set search_key = id where id = %s", topic_id)
        write(api, who.clerk_id, topic_id, content=content, sharedWithMentor=number == 2)
    write(api, add_learner(api, topics[0][0]).clerk_id, topics[0][1])

    def listed(query: str) -> list[str]:
        return [each["topicId"] for each in walk(api, f"/api/notes?{query}", who.clerk_id)]

    newest = [topic_id for _, topic_id in topics][::-1]
    assert listed("limit=1") == newest
    assert listed("sort=createdAt&order=asc&limit=2") == newest[::-1]
    assert listed("search=FRACTIONS") == newest[1:]
    assert listed("search=%C3%A4rger%20with") == newest[2:]
    assert listed(f"search={topics[1][1]}") == newest[1:2]  # a topic's name
    assert listed("sharedWithMentor=true") == newest[:1]
    assert listed(f"subjectId={topics[1][0]}") == newest[1:2]


def test_a_mentor_replies_to_the_notes_that_were_shared_first(api: Server) -> None:
    mentor, mentor_id = add_mentor(api, fresh("mentor").replace(" ", ""))
    subject_id, (topic_id, other_id) = add_subject(api, topics=2, mentor=mentor)
    learners = [add_learner(api, subject_id) for _ in range(3)]
    made = [
        written(write(api, each.clerk_id, topic_id, sharedWithMentor=True)) for each in learners
    ]
    write(api, learners[0].clerk_id, other_id, content=SECRET)

    def listed(query: str = "") -> list[str]:
        return [each["id"] for each in walk(api, f"/api/mentor/notes?limit=1&{query}", mentor)]

    ids = [each["id"] for each in made]
    assert listed() == ids
    (first, *_) = api.get("/api/mentor/notes", as_=mentor).json()["data"]
    learner = {"id": learners[0].id, "firstName": None, "lastName": None, "username": None}
    profile = api.get("/api/auth/profile", as_=learners[0].clerk_id).json()["data"]
    learner |= {name: profile[name] for name in ("firstName", "lastName")}
    assert first == {**made[0], "learner": learner}
    reply = f"/api/mentor/notes/{ids[0]}/reply"
    answered = updated(api.put(reply, as_=mentor, json={"content": "Well done."}))
    assert (answered["reply"]["content"], answered["reply"]["mentorId"]) == (
        "Well done.",
        mentor_id,
    )
    assert updated(api.put(reply, as_=mentor, json={"content": "Well done."})) == answered
    assert listed() == [*ids[1:], ids[0]]
    assert listed("unanswered=true") == ids[1:]
    assert listed("unanswered=false") == ids[:1]
    assert listed(f"subjectId={new_id()}") == []
    seen = written(api.get(path(topic_id), as_=learners[0].clerk_id))
    assert seen["reply"] == answered["reply"]
    assert updated(api.delete(reply, as_=mentor))["reply"] is None
    assert updated(api.delete(reply, as_=mentor))["reply"] is None
    assert listed() == ids
    for content in ("", "x" * 5_001):
        response = api.put(reply, as_=mentor, json={"content": content})
        assert response.status_code == 422


def test_an_unshared_note_exists_for_its_author_only(api: Server) -> None:
    subject_id, (topic_id,) = add_subject(api)
    learner = add_learner(api, subject_id)
    note = written(write(api, learner.clerk_id, topic_id, content=SECRET))
    reply = f"/api/mentor/notes/{note['id']}/reply"
    for who in ("mentor", "admin", add_learner(api, subject_id).clerk_id):
        assert refusal(api.get(path(topic_id), as_=who)) == missing("note", topic_id)
        assert refusal(api.delete(path(topic_id), as_=who)) == missing("note", topic_id)
        assert SECRET not in api.get("/api/notes", as_=who).text
    assert note["id"] not in api.get("/api/mentor/notes", as_="mentor").text
    answer = api.put(reply, as_="mentor", json={"content": "I see you"})
    assert refusal(answer) == missing("note", note["id"])
    assert refusal(api.delete(reply, as_="mentor")) == missing("note", note["id"])
    api.put(path(topic_id), as_=learner.clerk_id, json={"content": f"{SECRET}!"})
    api.delete(path(topic_id), as_=learner.clerk_id)
    for table in ("audit_log", "outbox"):
        sql = f"select count(*) from {table} x where strpos(x::text, %s) > 0"
        assert rows(api, sql, note["id"]) == [(0,)]
        assert rows(api, sql, "zebra") == [(0,)]
    assert "zebra" not in api.log()


def test_a_shared_note_is_audited_without_its_text(api: Server) -> None:
    subject_id, (topic_id,) = add_subject(api)
    learner = add_learner(api, subject_id)
    note = written(write(api, learner.clerk_id, topic_id, content=SECRET, sharedWithMentor=True))
    write(api, learner.clerk_id, topic_id, content=f"{SECRET}!", sharedWithMentor=True)
    reply = f"/api/mentor/notes/{note['id']}/reply"
    api.put(reply, as_="mentor", json={"content": SECRET})
    api.delete(reply, as_="mentor")
    api.delete(path(topic_id), as_=learner.clerk_id)
    found = rows(
        api,
        "select action, x::text from audit_log x where resource_id = %s order by id",
        note["id"],
    )
    assert [action for action, _ in found] == [
        "note.shared",
        "note.replied",
        "note.reply_deleted",
        "note.deleted",
    ]
    assert "zebra" not in str(found)


def test_a_mentor_sees_notes_of_own_subjects_only(api: Server) -> None:
    elsewhere, _ = add_mentor(api, fresh("mentor").replace(" ", ""))
    subject_id, (topic_id,) = add_subject(api, mentor=elsewhere)
    who = add_learner(api, subject_id).clerk_id
    note = written(write(api, who, topic_id, sharedWithMentor=True))
    assert note["id"] not in api.get("/api/mentor/notes", as_="mentor").text
    reply = f"/api/mentor/notes/{note['id']}/reply"
    assert api.put(reply, as_="mentor", json={"content": "Hm"}).status_code == 404
    assert api.put(reply, as_=elsewhere, json={"content": "Hm"}).status_code == 200
    written(write(api, who, topic_id, sharedWithMentor=False))
    assert api.put(reply, as_=elsewhere, json={"content": "Hm?"}).status_code == 404


def test_notes_are_gone_with_their_author(api: Server) -> None:
    subject_id, (topic_id,) = add_subject(api)
    learner = add_learner(api, subject_id)
    write(api, learner.clerk_id, topic_id)
    api.execute("update users set deleted_at = now() where id = %s", learner.id)
    assert rows(api, "select 1 from notes where user_id = %s", learner.id) == []


def test_sharing_notifies_the_mentor_and_a_reply_the_author(api: Server) -> None:
    mentor, mentor_id = add_mentor(api, fresh("mentor").replace(" ", ""))
    subject_id, (topic_id,) = add_subject(api, mentor=mentor)
    learner = add_learner(api, subject_id)
    note = written(write(api, learner.clerk_id, topic_id))
    assert notified(api, mentor_id, "note.shared") == []
    ids = {"noteId": note["id"], "topicId": topic_id, "subjectId": subject_id}
    for content in ("One", "Two"):  # a change of a shared note does not notify again
        write(api, learner.clerk_id, topic_id, content=content, sharedWithMentor=True)
    assert notified(api, mentor_id, "note.shared") == [{**ids, "learnerId": learner.id}]
    reply = f"/api/mentor/notes/{note['id']}/reply"
    for content in ("Good", "Very good"):
        api.put(reply, as_=mentor, json={"content": content})
    assert notified(api, learner.id, "note.replied") == [{**ids, "mentorId": mentor_id}]
    write(api, learner.clerk_id, topic_id, sharedWithMentor=False)
    assert notified(api, mentor_id, "note.shared") == []
    write(api, learner.clerk_id, topic_id, sharedWithMentor=True)
    assert len(notified(api, mentor_id, "note.shared")) == 1
    api.delete(path(topic_id), as_=learner.clerk_id)
    assert notified(api, mentor_id, "note.shared") == []
