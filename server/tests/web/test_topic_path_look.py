"""How a subject's topics look, and excerpts of texts."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from akako.web import markdown
from tests.parts.server import Server
from tests.web.lessons import Lesson, sign_in

# Distances in pixels of a stop's parts: of the facts from the left edge of the name, of the facts
# from the name, and of the centre of the sign from the centre of the texts.
SHAPE = """() => {
    const box = selector => document.querySelector(selector).getBoundingClientRect();
    const name = document.createRange();
    name.selectNodeContents(document.querySelector(".stop a"));
    const facts = document.createRange();
    facts.selectNodeContents(document.querySelector(".stop .facts"));
    const [first, second, mark] = [name.getBoundingClientRect(), facts.getBoundingClientRect(),
        box(".stop .mark")];
    const texts = (first.top + second.bottom) / 2;
    return [second.left - first.left, second.bottom - first.bottom,
        (mark.top + mark.bottom) / 2 - texts].map(Math.abs);
}"""


@pytest.mark.processes
def test_the_facts_of_a_topic_stand_below_its_name(
    browser: Browser, api: Server, lesson: Lesson
) -> None:
    page = browser.new_context(viewport={"width": 360, "height": 740}).new_page()
    sign_in(page, api, lesson.learner, f"/subjects/{lesson.subject_id}")
    aside, below, middle = page.evaluate(SHAPE)
    assert (aside < 2, below < 40, middle < 12) == (True, True, True), (aside, below, middle)
    page.context.close()


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("the **same** `code` and _this_ ## How to\n> said", "the same code and this How to\nsaid"),
        ("see [the book](https://example.org/a) ![x](y)", "see the book x"),
        ("# Title with snake_case and 2 * 3", "Title with snake_case and 2 * 3"),
        ("3 < 4 and C#", "3 < 4 and C#"),
    ],
)
def test_excerpts_have_no_signs_of_markdown(text: str, plain: str) -> None:
    assert markdown.plain(text) == plain
