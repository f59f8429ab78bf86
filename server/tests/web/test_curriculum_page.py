"""An administrator builds and changes the curriculum with forms alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from akako.web.staff.curriculum.outline import Line, read_lines, write_lines
from tests.education.school import enroll
from tests.factories import create_level, create_subject, create_topic
from tests.learning.school import add_learner
from tests.parts.server import Server
from tests.web.visitors import Visitor, announced

PAGE = "/admin/curriculum"
STATUS_FORM = re.compile(r'role="status".*?action="([^"]+)"', re.DOTALL)


@pytest.fixture(scope="module")
def admin(api: Server) -> Visitor:
    return Visitor(api, "user_admin")


@pytest.fixture
def level(api: Server) -> Iterator[str]:
    """A level, which is deleted at the end."""
    with api.db() as db:
        made = create_level(db)
    yield made
    api.execute("update education_levels set deleted_at = now() where id = %s", made)


def branch(admin: Visitor, opened: str) -> str:
    """Return the part of the page that is below a node."""
    rest = admin.get(f"{PAGE}?open={opened}").text.partition(f'data-branch="{opened}"')[2]
    ends = (f'data-parent="{opened}"', f'name="subject" value="{opened}"')
    return next(part for end in ends if end in rest for part in rest.split(end)[:1])


def names(admin: Visitor, opened: str, kind: str) -> list[str]:
    """Return the names of a kind of nodes below a node, in the order of the page."""
    rows = rf'<li class="node {kind}".*?data-shown-name>([^<]*)<'
    return re.findall(rows, branch(admin, opened), re.DOTALL)


def ids_of(admin: Visitor, opened: str, kind: str) -> list[str]:
    return re.findall(rf'<li class="node {kind}" id="n-(\w+)"', branch(admin, opened))


@pytest.mark.processes
def test_indented_lines_are_a_whole_grade(admin: Visitor, level: str) -> None:
    lines = "Grade 10\n  Music\n  Art\n- Grade 2\n\tHistory\n"
    fields = {"names": lines, "parent": level, "stage": "secondary"}
    added = admin.send(f"{PAGE}/grades", fields)
    assert added.is_redirect
    page = admin.get(added.headers["location"])
    assert announced(page) == "5 added."
    assert names(admin, level, "grades") == ["Grade 2", "Grade 10"]
    assert names(admin, level, "subjects") == ["History", "Art", "Music"]
    assert 'value="secondary" selected' in page.text


@pytest.mark.processes
def test_lines_that_cannot_be_added_stay_in_the_field(admin: Visitor, level: str) -> None:
    fields = {"names": "Grade 1\nGrade 2\nGrade 1\nGrade 3", "parent": level, "stage": "primary"}
    refused = admin.send(f"{PAGE}/grades", fields)
    assert refused.status_code == 409
    assert "“Grade 1” is already there" in refused.text
    assert ">\nGrade 1\nGrade 3</textarea>" in refused.text
    assert names(admin, level, "grades") == ["Grade 1", "Grade 2"]
    assert admin.send(f"{PAGE}/grades", {"names": " \n", "parent": level}).status_code == 422
    assert admin.send(f"{PAGE}/topics", {"names": "A", "parent": level}).status_code == 404


@pytest.mark.processes
def test_a_subject_gets_a_name_and_a_mentor(api: Server, admin: Visitor, level: str) -> None:
    fields = {"names": "Grade 1\n  Art", "parent": level, "stage": "primary"}
    admin.send(f"{PAGE}/grades", fields)
    grade = ids_of(admin, level, "grades")[0]
    subject = ids_of(admin, grade, "subjects")[0]
    editor = admin.get(f"{PAGE}?edit={subject}").text
    assert 'name="mentor"' in editor
    change = {"name": "Painting", "mentor": api.user_id("mentor")}
    saved = admin.send(f"{PAGE}/subjects/{subject}", change)
    assert saved.is_redirect, saved.text
    page = admin.get(saved.headers["location"])
    assert announced(page) == "Painting was saved."
    assert "data-mentor-id" in page.text
    admin.send(f"{PAGE}/grades/{grade}", {"name": "Grade 1", "stage": "higher"})
    assert "Higher" in admin.get(f"{PAGE}?open={grade}").text
    refused = admin.send(f"{PAGE}/subjects/{subject}", {"name": ""})
    assert (refused.status_code, 'name="name" value="Painting"' in refused.text) == (422, True)


@pytest.mark.processes
def test_topics_move_and_hide(api: Server, admin: Visitor) -> None:
    with api.db() as db:
        subject = create_subject(db)
        topics = [create_topic(db, subject_id=subject.id).id for _ in range(3)]
    path = f"{PAGE}/topics/{topics[2]}"
    moved = admin.send(path, {"move": "up"})
    assert "was moved." in announced(admin.get(moved.headers["location"]))
    assert ids_of(admin, subject.id, "topics") == [topics[0], topics[2], topics[1]]
    assert f'id="n-{topics[1]}"' in admin.get(f"{PAGE}?open={topics[0]}").text
    hidden = admin.send(path, {"active": "0"})
    assert "is hidden." in announced(admin.get(hidden.headers["location"]))
    assert "Draft" in admin.get(f"{PAGE}?open={subject.id}").text
    assert admin.send(path, {"move": "left"}).status_code == 422
    assert admin.send(f"{PAGE}/levels/{subject.level_id}", {"move": "up"}).status_code == 422
    assert admin.send(f"{PAGE}/other/{topics[0]}", {"active": "0"}).status_code == 404


@pytest.mark.processes
def test_a_deletion_shows_its_impact_and_can_be_undone(api: Server, admin: Visitor) -> None:
    with api.db() as db:
        subject = create_subject(db)
        for _ in range(2):
            create_topic(db, subject_id=subject.id)
    learner = add_learner(api, subject.id)
    other = api.post(
        "/api/admin/education/subjects",
        as_="admin",
        json={"name": "Other", "gradeId": subject.grade_id},
    ).json()["data"]
    enroll(api, other["id"], learner.id)
    path = f"{PAGE}/levels/{subject.level_id}"
    asked = admin.send(f"{path}/delete")
    assert asked.status_code == 409
    assert "1 grade, 2 topics, 1 learner loses access" in asked.text
    assert "Hide first" in asked.text
    assert "1 grade, 2 topics, 1 learner" in admin.get(f"{PAGE}?delete={subject.level_id}").text
    grade = admin.get(f"{PAGE}?delete={subject.grade_id}").text
    assert "2 subjects, 2 topics, 1 learner loses access" in grade
    assert "2 topics, 1 learner loses access" in admin.get(f"{PAGE}?delete={subject.id}").text

    done = admin.send(f"{path}/delete", {"sure": "1"})
    page = admin.get(done.headers["location"])
    assert re.search(r"was deleted\.\s*Undo \(\d+ s\)", announced(page))
    assert admin.get(f"/subjects/{subject.id}").status_code == 404
    undo = STATUS_FORM.search(page.text)
    assert undo
    back = admin.send(undo[1])
    assert announced(admin.get(back.headers["location"])).endswith("is back.")
    assert admin.get(f"/subjects/{subject.id}").status_code == 200


@pytest.mark.processes
def test_deleted_items_are_listed_with_restore(admin: Visitor, level: str) -> None:
    admin.send(f"{PAGE}/grades", {"names": "Grade 1", "parent": level, "stage": "primary"})
    grade = ids_of(admin, level, "grades")[0]
    assert admin.send(f"{PAGE}/grades/{grade}/delete").is_redirect  # nothing is in it
    shown = admin.get(PAGE).text
    assert f'action="{PAGE}/grades/{grade}/restore"' in shown
    assert "Restore" in shown
    admin.send(f"{PAGE}/grades", {"names": "Grade 1", "parent": level, "stage": "primary"})
    taken = admin.send(f"{PAGE}/grades/{grade}/restore")
    assert (taken.status_code, "is already there" in taken.text) == (409, True)
    assert admin.send(f"{PAGE}/grades/unknown/restore").status_code == 404


def test_lines_keep_their_depth() -> None:
    text = "1. Grade 1\n    * Art\n\n      Drawing\n  Music\nGrade 2"
    lines = read_lines(text)
    expected = [(0, "Grade 1"), (1, "Art"), (2, "Drawing"), (1, "Music"), (0, "Grade 2")]
    assert lines == [Line(*each) for each in expected]
    assert read_lines(write_lines(lines)) == lines
    assert len(read_lines("a\n" * 500)) == 100
