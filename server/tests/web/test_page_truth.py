"""Pages say what the API says: the same entitlement, progress and counts for the same user."""

from __future__ import annotations

import re
from html import unescape
from typing import Any, NamedTuple

import pytest

from tests.education.school import add, enroll
from tests.factories import create_enrollment, create_subject, create_topic
from tests.learning.school import Learner, add_learner
from tests.library.school import Topic, put_video, sample, upload, uploaded
from tests.parts.server import Server
from tests.web.visitor import Visitor, signed_in


class School(NamedTuple):
    """Two subjects of one grade, and a learner of the first who has done some of it."""

    subject: str
    other: str
    grade: str
    level: str
    topics: list[str]
    learner: Learner


@pytest.fixture(scope="module")
def school(api: Server) -> School:
    with api.db() as db:
        made = create_subject(db, mentor_id=api.user_id("mentor"), name="Biology")
        topics = [create_topic(db, subject_id=made.id).id for _ in range(4)]
    other = add(api, "subjects", made.grade_id, name="Chemistry")["id"]
    first = Topic(topics[0], made.id)
    uploaded(put_video(api, first, sample("mp4")))
    sheets = [uploaded(upload(api, first, f"Sheet {n}.txt", b"cells")) for n in range(3)]
    learner = add_learner(api, made.id)
    path, who = f"/api/progress/topics/{topics[0]}", learner.clerk_id
    part = {"positionSeconds": 63.4, "durationSeconds": 600, "documentsOpened": [sheets[1]["id"]]}
    assert api.put(path, as_=who, json=part).status_code == 200
    done = api.put(f"/api/progress/topics/{topics[1]}", as_=who, json={"markedDone": True})
    assert done.status_code == 200
    for topic_id, text in ((topics[0], "Cells have walls"), (topics[2], "Ask about roots")):
        note = {"content": text, "sharedWithMentor": topic_id == topics[0]}
        api.put(f"/api/notes/topics/{topic_id}", as_=who, json=note)
    asked = {"subjectId": other, "message": "Please"}
    assert api.post("/api/enrollment/request", as_=who, json=asked).status_code == 201
    create = {"motivation": "I explain it to my sisters already, every evening."}
    assert api.post("/api/mentor/apply", as_=who, json=create).status_code == 201
    return School(made.id, other, made.grade_id, made.level_id, topics, learner)


@pytest.fixture(scope="module")
def reader(api: Server, school: School) -> Visitor:
    return signed_in(api, school.learner.clerk_id)


def data(api: Server, path: str, who: str | None) -> Any:
    answer = api.get(f"/api{path}", as_=who)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def shown(page: str) -> str:
    """Return the text of a page with single spaces."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", page)))


def linked(page: str, pattern: str) -> list[str]:
    return list(dict.fromkeys(re.findall(rf'href="{pattern}', page)))


def test_home(api: Server, school: School, reader: Visitor) -> None:
    who, page = school.learner.clerk_id, reader.get("/home").text
    (subject,) = data(api, "/progress/me", who)
    assert f"{subject['topicsCompleted']} of {subject['topicsTotal']} topics" in shown(page)
    assert f'value="{subject["percent"]}"' in page
    assert linked(page, r"/topics/(\w+)\?play=1") == [subject["nextTopicId"]]
    progress = data(api, f"/progress/topics/{subject['nextTopicId']}", who)
    assert progress["positionSeconds"] == 63.4
    assert "Resume at 1:03" in shown(page)
    pending = [each for each in data(api, "/enrollment/me", who) if each["status"] == "PENDING"]
    assert re.findall(r"/requests/(\w+)/withdraw", page) == [each["id"] for each in pending]
    unread = data(api, "/notifications/unread-count", who)
    count = unread["count"] if isinstance(unread, dict) else unread
    assert (f"Notifications, {count} unread" in page) == (count > 0)


def test_topic(api: Server, school: School, reader: Visitor) -> None:
    who, topic_id = school.learner.clerk_id, school.topics[0]
    page = reader.get(f"/topics/{topic_id}").text
    progress = data(api, f"/progress/topics/{topic_id}", who)
    documents = data(api, f"/education/topics/{topic_id}/documents", who)
    assert f'data-position="{progress["positionSeconds"]}"' in page
    rows = re.findall(r'data-document="(\w+)".*?data-opened( hidden)?', page, re.DOTALL)
    opened = [document for document, hidden in rows if not hidden]
    assert [row[0] for row in rows] == [each["id"] for each in documents]
    assert opened == progress["documentsOpened"]
    for each in documents:
        assert each["name"] in page
        assert f"{each['size']} bytes" in page
        answer = reader.get(f"/media/documents/{each['id']}")
        assert (len(answer.content), answer.content) == (each["size"], b"cells")
    note = data(api, f"/notes/topics/{topic_id}", who)
    assert f">\n{note['content']}</textarea>" in page
    assert ("checked" in page.split('name="shared"')[1].split(">")[0]) == note["sharedWithMentor"]
    done = [data(api, f"/progress/topics/{each}", who)["status"] for each in school.topics]
    offers = ["Mark as done" in reader.get(f"/topics/{each}").text for each in school.topics]
    assert offers == [each != "COMPLETED" for each in done]


def test_subject(api: Server, school: School, reader: Visitor) -> None:
    who, page = school.learner.clerk_id, reader.get(f"/subjects/{school.subject}").text
    subject = data(api, f"/progress/me/subjects/{school.subject}", who)
    stops = re.findall(r'<li class="stop (\w+)">.*?href="/topics/(\w+)"', page, re.DOTALL)
    assert [topic for _, topic in stops] == [each["topicId"] for each in subject["topics"]]
    completed = [each["status"] == "COMPLETED" for each in subject["topics"]]
    assert [state == "done" for state, _ in stops] == completed
    here = [topic for state, topic in stops if state == "here"]
    assert here == [subject["nextTopicId"]]
    mentor = data(api, f"/education/subjects/{school.subject}", who)["mentor"]
    assert f"{mentor['firstName']} {mentor['lastName']}" in shown(page)


def test_curriculum(api: Server, school: School, reader: Visitor) -> None:
    """Anonymous visitors, learners and administrators see on pages what the API lists for them."""
    admin = signed_in(api, "admin")
    hidden = f"update subjects set is_active = false where id = '{school.other}'"
    for state in ("true", "false"):
        api.execute(hidden.replace("false", state))
        people = ((Visitor(api), None), (reader, school.learner.clerk_id), (admin, "admin"))
        for visitor, who in people:
            page = visitor.get(f"/browse/grades/{school.grade}").text
            listed = data(api, f"/education/grades/{school.grade}/subjects?limit=100", who)
            wanted = {each["id"] for each in listed if each["isActive"]}
            assert set(linked(page, r"/subjects/(\w+)")) >= wanted, who
            if who != "admin":
                assert set(linked(page, r"/subjects/(\w+)")) == wanted, who
            topics = data(api, f"/education/subjects/{school.subject}/topics", who)
            text = visitor.get(f"/subjects/{school.subject}").text
            assert all(each["name"] in text for each in topics)
            levels = data(api, "/education/levels?limit=100", who)
            found = linked(visitor.get("/browse").text, r"/browse/levels/(\w+)")
            assert {each["id"] for each in levels if each["isActive"]} <= set(found)
    api.execute(hidden.replace("false", "true"))


def test_lists(api: Server, school: School, reader: Visitor) -> None:
    who = school.learner.clerk_id
    requests = reader.get("/requests").text
    own = data(api, "/enrollment/me", who)
    assert set(linked(requests, r"/subjects/(\w+)")) == {each["subjectId"] for each in own}
    assert requests.count("Mentor application") == len(data(api, "/mentor/applications/me", who))
    notes = data(api, "/notes", who)
    page = reader.get("/notes").text
    assert [unescape(each) for each in re.findall(r'class="written">(.*?)</p>', page)] == [
        each["content"] for each in notes
    ]
    listed = data(api, "/notifications", who)
    page = reader.get("/notifications").text
    assert len(re.findall(r'<li><span class="(?:un)?read">', page)) == len(listed)
    hits = data(api, "/search?q=biology", who)
    page = reader.get("/search?q=biology").text
    assert f"{len(hits)} hit" in shown(page)
    assert all(each["id"] in page for each in hits)


def test_account(api: Server, school: School, reader: Visitor) -> None:
    who, page = school.learner.clerk_id, reader.get("/me").text
    quota = data(api, "/auth/quota", who)
    profile = data(api, "/auth/profile", who)
    text = shown(page)
    assert f"Plan: {quota['plan'].title()} " in text
    used = re.search(r"(\d+) / (\d+) API requests, (\d+)", text)
    assert used
    assert abs(int(used[1]) - quota["apiCalls"]["used"]) <= 40  # counted in leases of 20
    assert int(used[2]) == quota["apiCalls"]["limit"]
    assert int(used[3]) == quota["fileUploads"]["used"]
    for name in ("firstName", "lastName"):
        assert f'value="{profile[name] or ""}"' in page


def test_entitlement(api: Server, school: School) -> None:
    """A page and its files answer each person as the API does, in every state of an enrollment."""
    topic_id = school.topics[0]
    with api.db() as db:
        draft = create_topic(db, subject_id=school.subject, active=False).id
        gone = create_topic(db, subject_id=school.subject).id
        db.execute("update topics set deleted_at = now() where id = %s", (gone,))
        states = ("PENDING", "REJECTED", "CANCELLED", "APPROVED")
        people = {state: add_learner(api) for state in states}
        for state, person in people.items():
            create_enrollment(db, user_id=person.id, subject_id=school.subject, status=state)
    document = data(api, f"/education/topics/{topic_id}/documents", "admin")[0]["id"]
    pairs = {
        f"/media/topics/{topic_id}/video": f"/education/topics/{topic_id}/video",
        f"/media/topics/{draft}/video": f"/education/topics/{draft}/video",
        f"/media/topics/{school.topics[1]}/video": f"/education/topics/{school.topics[1]}/video",
        f"/media/documents/{document}": f"/s3/document/stream?documentId={document}",
        "/media/documents/unknown": "/s3/document/stream?documentId=unknown",
    }
    callers = [each.clerk_id for each in people.values()]
    callers += [add_learner(api).clerk_id, "mentor", "admin"]
    for who in callers:
        visitor = signed_in(api, who)
        for page, path in pairs.items():
            answer = api.get(f"/api{path}", as_=who)
            assert visitor.get(page).status_code == answer.status_code, (who, page)
        for each in (topic_id, draft, gone, "unknown"):
            # The API shows everyone the name of an active topic; the page also needs the content.
            answer = api.get(f"/api/education/topics/{each}", as_=who)
            if answer.status_code == 200:
                answer = api.get(f"/api/education/topics/{each}/documents", as_=who)
            assert visitor.get(f"/topics/{each}").status_code == answer.status_code, (who, each)
    learner = people["APPROVED"]
    visitor = signed_in(api, learner.clerk_id)
    api.execute("update enrollments set status = 'CANCELLED' where user_id = %s", learner.id)
    assert visitor.get(f"/topics/{topic_id}").status_code == 403
    enroll(api, school.subject, learner.id)
    assert visitor.get(f"/topics/{topic_id}").status_code == 200
