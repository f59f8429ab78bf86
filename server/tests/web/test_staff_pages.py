"""Administrators and mentors run a school with links and forms alone."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from tests.learning.school import add_learner, add_subject
from tests.parts.server import Server
from tests.web.visitors import Visitor, announced, ids

FILES = Path(__file__).parents[3] / "contract" / "files"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def admin(api: Server) -> Visitor:
    return Visitor(api, "user_admin")


@pytest.fixture(scope="module")
def mentor(api: Server) -> Visitor:
    return Visitor(api, "user_mentor")


@pytest.fixture(scope="module")
def learner(api: Server) -> Visitor:
    return Visitor(api, "user_123")


class Place(NamedTuple):
    level: str
    grade: str
    subjects: list[str]


@pytest.fixture(scope="module")
def place(api: Server, admin: Visitor) -> Place:
    """A grade with two subjects, built by pasting lines; the first has a mentor."""
    admin.send("/admin/curriculum/levels", {"names": "School of arts\nSchool of crafts\n"})
    level = ids(r'id="n-(\w+)"', admin.get("/admin/curriculum"))[0]
    fields = {"names": "Grade 2\nGrade 10", "parent": level, "stage": "primary"}
    added = admin.send("/admin/curriculum/grades", fields)
    assert added.headers["location"] == f"/admin/curriculum?open={level}&added=2#n-{level}"
    grade = ids(r'node grades" id="n-(\w+)"', admin.get(f"/admin/curriculum?open={level}"))[0]
    admin.send("/admin/curriculum/subjects", {"names": "Art\nMusic", "parent": grade})
    tree = admin.get(f"/admin/curriculum?open={grade}")
    subjects = ids(r'node subjects" id="n-(\w+)"', tree)
    assert len(subjects) == 2
    teacher = {"mentor": api.user_id("mentor")}
    assert admin.send(f"/admin/curriculum/subjects/{subjects[0]}", teacher).status_code == 303
    return Place(level, grade, subjects)


@pytest.fixture(scope="module")
def topic(place: Place, mentor: Visitor) -> str:
    """The path of a published topic with hostile text, as its mentor sees it."""
    fields = {
        "subject": place.subjects[0],
        "title": f"Colours {HOSTILE}",
        "text": f"# Hi\n{HOSTILE}",
    }
    created = mentor.send("/teach/topics/new", {**fields, "save": "publish"})
    assert created.status_code == 303, created.text
    return str(created.headers["location"]).partition("?")[0]


def upload(visitor: Visitor, topic: str, *names: str, **more: str) -> httpx2.Response:
    """Add files to a topic with the form of the composer."""
    files = [("files", (name, (FILES / name).read_bytes())) for name in names]
    fields = {"title": f"Colours {HOSTILE}", "text": f"# Hi\n{HOSTILE}", "save": "publish"}
    return visitor.send(topic, fields, files=files, **more)


def test_a_school_is_built_run_and_understood(
    api: Server, place: Place, topic: str, admin: Visitor, mentor: Visitor, learner: Visitor
) -> None:
    assert upload(mentor, topic, "lesson.mp4", "study-material.pdf").status_code == 303
    subject = f"/subjects/{place.subjects[0]}"
    assert learner.send(f"{subject}/request", {"message": HOSTILE}).status_code == 303
    assert "Withdraw" in learner.get(subject).text
    waiting = ids(r'name="id" value="(\w+)"', admin.get("/admin/requests"))
    decided = admin.send("/admin/requests", {"decide": "approve", "id": waiting})
    assert announced(decided) == "1 approved. Undo (30 s)"
    assert "Withdraw" in learner.get(subject).text  # until the decision cannot be undone
    api.execute("update enrollments set decided_at = decided_at - interval '31 seconds'")
    lesson = ids(r'href="(/topics/\w+)"', learner.get(subject))[0]
    shown = learner.get(lesson)
    media = ids(r'"(/media/[^"]+)"', shown)
    assert len(media) == 2
    for each in media:
        part = learner.client.get(each, headers={"Range": "bytes=0-9"})
        assert (part.status_code, len(part.content)) == (206, 10)
    assert learner.send(f"{lesson}/done", {"done": "1"}).status_code == 303
    note = {"content": "What is teal?", "shared": "1", "etag": ""}
    assert learner.send(f"{lesson}/note", note).status_code == 303
    shared = ids(r"/teach/notes/(\w+)/reply", mentor.get("/teach/notes"))
    assert mentor.send(f"/teach/notes/{shared[0]}/reply", {"content": "A blue-green."}).is_redirect
    assert "A blue-green." in learner.get(lesson).text
    assert "1/1" in mentor.get(f"/teach/subjects/{place.subjects[0]}/learners").text


def test_a_decision_can_be_undone(place: Place, admin: Visitor, api: Server) -> None:
    pupil = Visitor(api, "user_undone")
    subject = f"/subjects/{place.subjects[1]}"
    pupil.send(f"{subject}/request")
    waiting = ids(r'name="id" value="(\w+)"', admin.get("/admin/requests"))
    decided = admin.send("/admin/requests", {"decide": f"reject:{waiting[0]}", "note": "Later"})
    assert announced(decided) == "1 rejected. Undo (30 s)"
    undone = admin.send("/admin/requests/undo", {"id": waiting[0]})
    assert announced(undone) == "1 undone."
    again = admin.send("/admin/requests", {"decide": f"reject:{waiting[0]}"})
    repeated = admin.send("/admin/requests", {"decide": f"approve:{waiting[0]}"})
    assert announced(again) == "1 rejected. Undo (30 s)"
    assert announced(repeated) == "1 already decided by Ama Owusu."
    assert announced(admin.send("/admin/requests", {"decide": "approve"})).startswith("Select")


def test_text_that_people_wrote_is_escaped(
    topic: str, mentor: Visitor, learner: Visitor, admin: Visitor, place: Place
) -> None:
    for visitor, path in (
        (mentor, topic),
        (mentor, f"/teach/subjects/{place.subjects[0]}"),
        (admin, "/admin/requests"),
        (learner, f"/subjects/{place.subjects[0]}"),
    ):
        shown = visitor.get(path)
        assert shown.status_code == 200
        assert HOSTILE not in shown.text


def test_a_role_is_granted_and_ended_and_the_last_administrator_stays(
    api: Server, admin: Visitor
) -> None:
    Visitor(api, "user_promoted")
    people = admin.get("/admin/people?q=promoted")
    person = ids(r"(/admin/people/\w+)", people)[0]
    assert admin.send(f"{person}/roles", {"role": "MENTOR"}).is_redirect
    assert "MENTOR" in admin.get("/admin/people?role=MENTOR&q=promoted").text
    assert admin.send(f"{person}/roles/end", {"role": "MENTOR"}).is_redirect
    own = f"/admin/people/{api.user_id('admin')}"
    refused = admin.send(f"{own}/roles/end", {"role": "ADMIN"})
    assert refused.status_code == 409
    assert "user_role.assigned" in admin.get("/admin/audit?action=user_role.assigned").text


def test_an_application_is_decided(api: Server, admin: Visitor) -> None:
    pupil = Visitor(api, "user_applicant")
    assert pupil.send("/mentor/apply", {"motivation": ""}).status_code == 422
    assert pupil.send("/mentor/apply", {"motivation": "I teach. " * 10}).is_redirect
    waiting = ids(r'value="approve:(\w+)"', admin.get("/admin/mentors"))
    decided = admin.send("/admin/mentors", {"decide": f"approve:{waiting[0]}"})
    assert announced(decided) == "1 approved. Undo (30 s)"
    assert pupil.get("/teach").status_code == 200


def test_a_forged_form_changes_nothing(topic: str, mentor: Visitor, place: Place) -> None:
    before = mentor.get(topic).text.count("/media/documents/")
    for forged in ({"form_token": "x"}, {"origin": "https://evil.example"}):
        assert upload(mentor, topic, "study-material.pdf", **forged).status_code == 403
    fields = {"title": "Other", "text": "", "save": "publish"}
    assert mentor.send(topic, fields, form_token="x").status_code == 403
    assert mentor.send(topic, fields, origin="https://evil.example").status_code == 403
    shown = mentor.get(topic).text
    assert shown.count("/media/documents/") == before
    assert "Other" not in shown


def test_a_file_of_another_type_is_refused_with_the_reason(topic: str, mentor: Visitor) -> None:
    fields = {"title": f"Colours {HOSTILE}", "text": "", "save": "publish"}
    refused = mentor.send(topic, fields, files={"files": ("program.exe", b"MZ")})
    assert refused.status_code == 415
    assert "program.exe was not added: this type of file is not accepted" in refused.text


@pytest.mark.parametrize(
    "path", ["/admin", "/admin/requests", "/admin/mentors", "/admin/people", "/admin/curriculum"]
)
def test_others_do_not_see_pages_of_administrators(path: str, learner: Visitor) -> None:
    refused = learner.get(path)
    assert refused.status_code == 403
    assert "Request id" in refused.text


def test_a_mentor_manages_only_own_subjects(place: Place, api: Server, admin: Visitor) -> None:
    Visitor(api, "user_othermentor")
    person = ids(r"(/admin/people/\w+)", admin.get("/admin/people?q=othermentor"))[0]
    admin.send(f"{person}/roles", {"role": "MENTOR"})
    other = Visitor(api, "user_othermentor")
    for path in (
        f"/teach/subjects/{place.subjects[0]}",
        f"/teach/subjects/{place.subjects[0]}/learners",
        f"/teach/topics/new?subject={place.subjects[0]}",
    ):
        assert other.get(path).status_code == 403
    fields = {"subject": place.subjects[0], "title": "Mine", "text": "", "save": "publish"}
    assert other.send("/teach/topics/new", fields).status_code == 403


def test_a_subject_with_learners_is_deleted_only_when_sure(api: Server, admin: Visitor) -> None:
    subject, _ = add_subject(api)
    add_learner(api, subject)
    path = f"/admin/curriculum/subjects/{subject}"
    hidden = admin.send(path, {"active": "0"})
    assert hidden.is_redirect
    assert "Hidden" in admin.get(hidden.headers["location"]).text
    assert admin.send(path, {"active": "1"}).is_redirect
    refused = admin.send(f"{path}/delete")
    assert refused.status_code == 409
    assert "1 learner loses access" in refused.text
    assert admin.send(f"{path}/delete", {"sure": "1"}).is_redirect
