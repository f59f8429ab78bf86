"""Mentors order and delete topics, follow their learners, and reply to shared notes."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.learning.school import add_learner
from tests.parts.browser import overflow, take_picture, violations
from tests.parts.server import Server
from tests.web.announcements import said
from tests.web.composing import choose, mentor_page, new_files, new_subject, topics_of
from tests.web.lessons import Lesson
from tests.web.test_accessibility import faults_of
from tests.web.test_page_sizes import KB, load
from tests.web.visitors import Visitor

pytestmark = pytest.mark.processes

NAMES = ["Roots", "Stems", "Leaves"]


def add_topics(api: Server, subject: str, names: list[str]) -> list[str]:
    path = "/api/admin/education/topics"
    made = [
        api.post(path, as_="mentor", json={"name": name, "subjectId": subject}) for name in names
    ]
    return [str(response.json()["data"]["id"]) for response in made]


def names_of(api: Server, subject: str) -> list[str]:
    return [str(topic["name"]) for topic in topics_of(api, subject)]


@pytest.mark.parametrize("script", [True, False])
def test_topics_are_moved_with_buttons(browser: Browser, api: Server, script: bool) -> None:
    subject = new_subject(api, f"Moving {script}")
    add_topics(api, subject, NAMES)
    page = mentor_page(browser, api, f"/teach/subjects/{subject}", java_script_enabled=script)
    page.get_by_role("button", name="Move up Leaves").click()
    said(page, "Leaves is now number 2 of 3.")
    assert names_of(api, subject) == ["Roots", "Leaves", "Stems"]
    expect(page.get_by_role("button", name="Move up Leaves")).to_be_focused()
    page.get_by_role("button", name="Move down Roots").click()
    assert names_of(api, subject) == ["Leaves", "Roots", "Stems"]
    expect(page.get_by_role("button", name="Move up Leaves")).to_be_disabled()
    page.context.close()


def test_topics_are_moved_by_dragging(browser: Browser, api: Server) -> None:
    subject = new_subject(api, "Dragging")
    add_topics(api, subject, NAMES)
    page = mentor_page(browser, api, f"/teach/subjects/{subject}")
    rows = page.get_by_role("listitem").filter(has=page.get_by_role("button", name="Move up"))
    rows.nth(2).drag_to(rows.nth(0), target_position={"x": 40, "y": 4})
    said(page, "Leaves is now number 1 of 3.")
    assert names_of(api, subject) == ["Leaves", "Roots", "Stems"]
    expect(page.get_by_role("button", name="Move up Leaves")).to_be_disabled()
    page.context.close()


def test_escape_ends_dragging_without_a_change(browser: Browser, api: Server) -> None:
    subject = new_subject(api, "Dragging back")
    add_topics(api, subject, NAMES)
    page = mentor_page(browser, api, f"/teach/subjects/{subject}")
    rows = page.get_by_role("listitem").filter(has=page.get_by_role("button", name="Move up"))
    rows.nth(2).hover()
    page.mouse.down()
    top = rows.nth(0).bounding_box()
    assert top is not None
    for down in (30, 10, 4):
        page.mouse.move(top["x"] + 40, top["y"] + down, steps=4)
    expect(rows.nth(0)).to_contain_text("Leaves")
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(rows).to_contain_text(NAMES)
    assert names_of(api, subject) == NAMES
    expect(page.get_by_role("status")).not_to_contain_text("Leaves")
    page.context.close()


def test_dragging_selected_text_leaves_the_list(browser: Browser, api: Server) -> None:
    subject = new_subject(api, "Dragging text")
    add_topics(api, subject, NAMES)
    page = mentor_page(browser, api, f"/teach/subjects/{subject}")
    rows = page.get_by_role("listitem").filter(has=page.get_by_role("button", name="Move up"))
    expect(rows).to_contain_text(NAMES)
    drag = "text => text.dispatchEvent(new DragEvent('{}', {{ bubbles: true }}))"
    text = page.get_by_role("link", name="Stems").evaluate_handle("link => link.firstChild")
    for event in ("dragstart", "dragend"):
        text.evaluate(drag.format(event))
    expect(rows).to_contain_text(NAMES)
    page.context.close()


@pytest.mark.parametrize("script", [True, False])
def test_a_deleted_topic_comes_back_with_undo(browser: Browser, api: Server, script: bool) -> None:
    subject = new_subject(api, f"Undoing {script}")
    add_topics(api, subject, NAMES)
    page = mentor_page(browser, api, f"/teach/subjects/{subject}", java_script_enabled=script)
    page.get_by_role("button", name="Delete Stems").click()
    expect(page.get_by_role("status")).to_contain_text("The topic was deleted.")
    assert names_of(api, subject) == ["Roots", "Leaves"]
    # The key of the queues does not work here, so no tooltip names it.
    expect(page.get_by_role("button", name="Undo")).not_to_have_attribute("title", "Undo (z)")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("Stems is back.")
    assert names_of(api, subject) == NAMES
    page.context.close()


def test_others_cannot_move_or_delete_topics(api: Server) -> None:
    subject = new_subject(api, "Private")
    [topic] = add_topics(api, subject, ["Own"])
    api.user("stranger")
    api.execute(
        "insert into user_roles (id, user_id, role, effective_start) "
        "select 'r_stranger', id, 'MENTOR', now() from users where clerk_id = 'user_stranger'"
    )
    other = Visitor(api, "user_stranger")
    fields = {"topic": topic, "way": "up"}
    assert other.send(f"/teach/subjects/{subject}/order", fields).status_code == 403
    assert other.send(f"/teach/topics/{topic}/delete").status_code == 403
    api.execute("update topics set is_active = false where id = %s", topic)
    assert other.get(f"/teach/topics/{topic}").status_code == 404
    assert other.get("/teach/topics/unknown").status_code == 404
    mentor = Visitor(api, "user_mentor")
    assert mentor.get(f"/teach/topics/{topic}").status_code == 200
    assert mentor.send(f"/teach/subjects/{subject}/order", {"way": "away"}).status_code == 422


def test_learners_and_their_activity_are_those_of_the_api(api: Server, lesson: Lesson) -> None:
    topic = f"/api/progress/topics/{lesson.topics[0]}"
    assert api.put(topic, as_=lesson.learner, json={"markedDone": True}).status_code == 200
    mentor = Visitor(api, "user_mentor")
    teach = mentor.get("/teach").text
    assert "1 learner" in teach
    assert "1 active this week" in teach
    assert "Adding fractions" in teach
    path = f"/subjects/{lesson.subject_id}/learners"
    page = mentor.get(f"/teach{path}").text
    assert f'href="/teach{path}.csv"' in page
    file = mentor.get(f"/teach{path}.csv")
    assert file.content == api.get(f"/api/mentor{path}?format=csv", as_="mentor").content
    found = mentor.get(f"/teach{path}.csv?q=zzz")
    assert found.text.count("\n") == 1


def share_note(api: Server, lesson: Lesson, learner: str, content: str) -> None:
    body = {"content": content, "sharedWithMentor": True}
    path = f"/api/notes/topics/{lesson.topics[0]}"
    assert api.put(path, as_=learner, json=body).status_code in (200, 201)


@pytest.mark.parametrize("script", [True, False])
def test_a_shared_note_gets_a_reply_which_can_be_deleted(
    browser: Browser, api: Server, lesson: Lesson, script: bool
) -> None:
    learner = add_learner(api, lesson.subject_id)
    share_note(api, lesson, learner.clerk_id, f"Why? {script}")
    page = mentor_page(browser, api, "/teach/notes", java_script_enabled=script)
    note = page.get_by_role("listitem").filter(has_text=f"Why? {script}")
    note.get_by_role("button", name="Reply").click()
    field = note.get_by_label("Reply to")
    expect(field).to_be_focused()
    field.fill("Because of the denominator.")
    page.get_by_role("button", name="Send reply").click()
    expect(page.get_by_role("status")).to_contain_text("The reply was sent.")
    path = f"/api/notes/topics/{lesson.topics[0]}"
    reply = api.get(path, as_=learner.clerk_id).json()["data"]["reply"]
    assert reply["content"] == "Because of the denominator."
    note.get_by_role("button", name="Delete reply").click()
    expect(page.get_by_role("status")).to_contain_text("The reply was deleted.")
    assert api.get(path, as_=learner.clerk_id).json()["data"]["reply"] is None
    page.context.close()


def test_an_empty_reply_is_refused_beside_its_field(api: Server, lesson: Lesson) -> None:
    learner = add_learner(api, lesson.subject_id)
    share_note(api, lesson, learner.clerk_id, "Empty")
    mentor = Visitor(api, "user_mentor")
    notes = api.get("/api/mentor/notes", as_="mentor").json()["data"]
    note = next(each["id"] for each in notes if each["content"] == "Empty")
    refused = mentor.send(f"/teach/notes/{note}/reply", {"content": " "})
    assert refused.status_code == 422
    assert "Enter a reply of at most 5,000 characters." in refused.text
    assert mentor.get("/teach/notes/unknown/reply").status_code == 404


def test_pages_of_mentors_are_accessible(browser: Browser, api: Server, lesson: Lesson) -> None:
    share_note(api, lesson, lesson.learner, "How do I add thirds?")
    empty = new_subject(api, "Nothing yet")
    page = mentor_page(browser, api, bypass_csp=True)
    paths = {
        "teach": "/teach",
        "teach-subject": f"/teach/subjects/{lesson.subject_id}",
        "teach-subject-empty": f"/teach/subjects/{empty}?deleted=unknown",
        "teach-learners": f"/teach/subjects/{lesson.subject_id}/learners",
        "teach-learners-empty": f"/teach/subjects/{empty}/learners",
        "teach-notes": "/teach/notes",
        "teach-notes-empty": "/teach/notes?q=zzz",
        "composer-empty": f"/teach/topics/new?subject={lesson.subject_id}",
        "composer": f"/teach/topics/{lesson.topics[0]}",
        "composer-error": "/teach/topics/unknown",
    }
    assert faults_of(page, api, paths) == []
    page.context.close()


def test_the_composer_is_accessible_with_uploads_and_errors(
    browser: Browser, api: Server, tmp_path: Path
) -> None:
    page = mentor_page(browser, api, bypass_csp=True)
    page.goto(f"{api.url}/teach/topics/new?subject={new_subject(api, 'Reading aloud')}")
    program = tmp_path / "program.exe"
    program.write_bytes(b"MZ")
    page.get_by_role("button", name="Publish").click()
    choose(page, [program, *new_files(tmp_path)])
    expect(page.get_by_text("Uploaded", exact=True)).to_have_count(4)
    page.get_by_role("button", name="Preview").click()
    assert inspected(page) == []
    page.context.close()


def inspected(page: Page) -> list[str]:
    """Return what is wrong with the page as it is, at both widths in both themes."""
    faults: list[str] = []
    for width in (360, 1280):
        for theme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=theme)
            take_picture(page, f"composer-uploads-{width}-{theme}")
            faults += violations(page) + ([f"too wide at {width}"] if overflow(page) > 0 else [])
    return faults


def test_pages_of_mentors_are_small(browser: Browser, api: Server, lesson: Lesson) -> None:
    state = mentor_page(browser, api).context.storage_state()
    for path in (
        "/teach",
        f"/teach/subjects/{lesson.subject_id}",
        f"/teach/subjects/{lesson.subject_id}/learners",
        "/teach/notes",
        f"/teach/topics/{lesson.topics[0]}",
    ):
        context = browser.new_context(storage_state=state)
        seen = load(context.new_page(), api, path)
        assert seen.bytes <= 110 * KB, path
        assert seen.script <= 45 * KB, path
        context.close()


def test_each_page_has_one_status_region(api: Server, lesson: Lesson) -> None:
    mentor = Visitor(api, "user_mentor")
    for path in ("/teach", f"/teach/topics/{lesson.topics[0]}", "/teach/notes"):
        assert mentor.get(path).text.count('role="status"') == 1
