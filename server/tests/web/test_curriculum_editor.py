"""The curriculum editor in a browser: clicks, pasted lines, keyboard, focus, undo."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.education.school import fresh
from tests.factories import create_level, create_subject, create_topic
from tests.learning.school import add_learner
from tests.parts.server import Server
from tests.web.announcements import said
from tests.web.hands import Keyboard, Mouse
from tests.web.lessons import sign_in, until, wait_for

pytestmark = pytest.mark.processes

PAGE = "/admin/curriculum"
SUBJECTS = ["Art", "Biology", "English", "French", "Mathematics", "Music"]
FOCUS = "() => document.activeElement !== document.body"


class Place(NamedTuple):
    """A level, and a grade in it with one subject of three topics."""

    level: str
    grade: str
    subject: str
    topics: list[str]


@pytest.fixture(scope="module")
def shared(browser: Browser, api: Server) -> Iterator[Page]:
    """The page of an administrator; reports errors of the script."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    sign_in(page, api, "user_admin")
    yield page
    page.context.close()
    assert errors == []


@pytest.fixture
def page(shared: Page) -> Page:
    return shared


@pytest.fixture
def level(api: Server) -> str:
    with api.db() as db:
        return create_level(db, name=fresh("Level"))


@pytest.fixture
def place(api: Server) -> Place:
    with api.db() as db:
        made = create_subject(db, name=fresh("Subject"))
        topics = [create_topic(db, subject_id=made.id).id for _ in range(3)]
        for name, topic in zip(("One", "Two", "Three"), topics, strict=True):
            db.execute("update topics set name = %s where id = %s", (name, topic))
        for table, id in (("education_levels", made.level_id), ("grades", made.grade_id)):
            db.execute(f"update {table} set name = %s where id = %s".encode(), (fresh("N"), id))
    return Place(made.level_id, made.grade_id, made.id, topics)


def row(page: Page, node_id: str) -> Locator:
    return page.locator(f"#n-{node_id} > .node-row")


def focused(page: Page) -> str:
    """Return the accessible words of the focused element."""
    script = "() => document.activeElement.ariaLabel || document.activeElement.textContent"
    return " ".join(str(page.evaluate(script)).split())


def names(api: Server, path: str) -> list[str]:
    found = api.get(f"/api/education/{path}?sort=name&order=asc&limit=100", as_="admin")
    return [each["name"] for each in found.json()["data"]]


def test_a_grade_with_six_subjects_takes_one_click(page: Page, api: Server, level: str) -> None:
    page.goto(f"{api.url}{PAGE}?open={level}")
    mouse = Mouse(page)
    mouse.press(page.locator(f"#n-{level}").get_by_role("button", name="New grade"))
    page.keyboard.type("Grade 5")
    page.keyboard.press("Control+Enter")
    until(page, lambda: focused(page).startswith("Names of new subjects"))
    for name in SUBJECTS:
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.value") == ""
    said(page, "Music was added.")
    grade = api.get(f"/api/education/levels/{level}/grades", as_="admin").json()["data"][0]["id"]
    until(page, lambda: names(api, f"grades/{grade}/subjects") == SUBJECTS)
    assert mouse.presses == 1
    page.reload()
    assert page.locator(f"#n-{grade} .subjects").count() == 6


def test_pasted_lines_are_shown_and_added_together(page: Page, api: Server, level: str) -> None:
    page.goto(f"{api.url}{PAGE}?open={level}")
    branch = page.locator(f"#n-{level}")
    branch.get_by_role("button", name="New grade").click()
    field = branch.get_by_label("Names of new grades")
    lines = "Grade 2\n  Art\n  Music\nGrade 10"
    field.evaluate("(field, text) => document.execCommand('insertText', false, text)", lines)
    expect(branch.locator(".preview li")).to_have_text(["Grade 2", "Art", "Music", "Grade 10"])
    add = branch.get_by_role("button", name="Add all 4")
    add.click()
    said(page, "4 were added.")
    until(page, lambda: names(api, f"levels/{level}/grades") == ["Grade 2", "Grade 10"])
    expect(branch.get_by_role("button", name=re.compile("^Art"))).to_be_visible()
    expect(field).to_be_focused()
    expect(field).to_have_value("")


def test_a_name_that_is_taken_comes_back_into_the_field(
    page: Page, api: Server, place: Place
) -> None:
    page.goto(f"{api.url}{PAGE}?open={place.grade}")
    branch = page.locator(f"#n-{place.grade}")
    branch.get_by_role("button", name="New subject").click()
    name = names(api, f"grades/{place.grade}/subjects")[0]
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    said(page, f"“{name}” is already there.")
    expect(branch.get_by_label("Names of new subjects")).to_have_value(name)
    page.keyboard.press("Escape")
    assert focused(page).startswith("New subject")


def test_a_deletion_shows_its_impact_and_is_undone(page: Page, api: Server, place: Place) -> None:
    add_learner(api, place.subject)
    page.goto(f"{api.url}{PAGE}?open={place.subject}")
    page.get_by_role("button", name=re.compile("^Delete")).first.wait_for()
    row(page, place.level).get_by_role("button", name=re.compile("^Delete")).click()
    question = page.locator("[data-question]")
    expect(question).to_contain_text("1 grade, 3 topics, 1 learner loses access")
    expect(question).to_be_focused()
    expect(question.get_by_role("button", name="Hide first")).to_be_visible()
    question.get_by_role("button", name=re.compile("^Delete")).click()
    expect(page.locator(f"#n-{place.level}")).to_have_count(0)
    assert page.evaluate(FOCUS)
    undo = page.locator("#status").get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    assert api.get(f"/api/education/subjects/{place.subject}", as_="admin").status_code == 404
    undo.click()
    said(page, "is back.")
    expect(row(page, place.level).locator(".node-name")).to_be_focused()
    assert api.get(f"/api/education/subjects/{place.subject}", as_="admin").status_code == 200


def test_deleted_items_are_restored_from_their_list(page: Page, api: Server, level: str) -> None:
    page.goto(f"{api.url}{PAGE}?open={level}")
    row(page, level).get_by_role("button", name=re.compile("^Delete")).click()
    expect(page.locator(f"#n-{level}")).to_have_count(0)  # nothing is in it: deleted at once
    name = str(page.locator("#status").inner_text()).partition(" was deleted")[0]
    page.locator("#deleted").get_by_role("button", name=f"Restore {name}").click()
    expect(page.locator(f"#n-{level}")).to_be_visible()
    said(page, "is back.")


def test_a_subject_is_renamed_and_hidden(page: Page, api: Server, place: Place) -> None:
    mentor = api.user_id("mentor")
    page.goto(f"{api.url}{PAGE}?open={place.subject}")
    row(page, place.subject).get_by_role("button", name=re.compile("^Edit")).click()
    editor = page.locator(f"#n-{place.subject} > [data-editor]")
    expect(editor.get_by_label("Name")).to_be_focused()
    editor.get_by_label("Name").fill("Painting")
    editor.get_by_label("Mentor").select_option(mentor)
    page.keyboard.press("Tab")
    editor.get_by_role("button", name="Save").click()
    said(page, "Painting was saved.")
    assert focused(page) == "Edit Painting"
    row(page, place.subject).get_by_role("button", name="Hide Painting").click()
    said(page, "Painting is hidden.")
    assert focused(page) == "Show Painting"
    expect(row(page, place.subject)).to_contain_text("Hidden")
    stored = api.get(f"/api/education/subjects/{place.subject}", as_="admin").json()["data"]
    assert (stored["name"], stored["isActive"], stored["mentorId"]) == ("Painting", False, mentor)


def test_the_keyboard_alone_is_enough(page: Page, api: Server, place: Place) -> None:
    """Open, add, move, delete and undo. The focus is never lost."""
    page.goto(f"{api.url}{PAGE}?open={place.grade}")
    keyboard = Keyboard(page)
    keyboard.press(row(page, place.subject).locator(".node-name"))
    page.locator(f"#n-{place.topics[0]}").wait_for()
    assert page.evaluate(FOCUS)
    keyboard.press(row(page, place.topics[1]).get_by_role("button", name="Move up Two"))
    said(page, "Two is now number 1 of 3.")
    assert focused(page) == "Move down Two"
    expect(row(page, place.topics[1]).get_by_role("button", name="Move up")).to_be_disabled()
    keyboard.press(row(page, place.topics[1]).get_by_role("button", name="Delete Two"))
    question = page.locator("[data-question]")
    if question.count():
        keyboard.press(question.get_by_role("button", name="Delete Two"))
    expect(page.locator(f"#n-{place.topics[1]}")).to_have_count(0)
    assert "One" in focused(page)
    undo = page.locator("#status button")
    keyboard.press(undo)
    expect(row(page, place.topics[1]).locator(".node-name")).to_be_focused()
    keyboard.press(page.locator(f"#n-{place.grade}").get_by_role("button", name="New subject"))
    page.keyboard.type("Geography")
    page.keyboard.press("Enter")
    said(page, "Geography was added.")
    assert focused(page).startswith("Names of new subjects")
    page.keyboard.press("Escape")
    assert focused(page).startswith("New subject")
    found = api.get(f"/api/education/subjects/{place.subject}/topics", as_="admin").json()["data"]
    assert [each["name"] for each in found] == ["Two", "One", "Three"]


def test_the_address_names_what_is_open(page: Page, api: Server, place: Place) -> None:
    page.goto(f"{api.url}{PAGE}?open={place.level}")
    row(page, place.grade).locator(".node-name").click()
    wait_for(page, f"location.search === '?open={place.grade}'")
    page.reload()
    expect(row(page, place.subject)).to_be_visible()
    row(page, place.grade).locator(".node-name").click()
    expect(row(page, place.subject)).to_be_hidden()
