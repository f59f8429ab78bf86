"""Names and texts of one long word neither widen a page nor break the words of others."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from playwright.sync_api import Browser

from tests.factories import create_enrollment, create_subject, create_topic
from tests.learning.school import add_learner, add_subject
from tests.parts.browser import overflow
from tests.parts.server import Server
from tests.web.lessons import sign_in

pytestmark = pytest.mark.processes

TEXT = "| a | b |\n|---|---|\n| {0} | z |\n\n```\n{0}\n```\n\n{0}".format("w" * 300)
# Words of at most 22 letters that are on two lines.
BROKEN = """() => {
    const found = [];
    const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode;
        if (!node.parentElement.checkVisibility()) continue;
        if (node.parentElement.closest(".hide, svg, pre, option, textarea, code")) continue;
        for (const word of node.data.matchAll(/[\\p{L}\\p{N}@.]+/gu)) {
            if (word[0].length > 22) continue;
            const range = document.createRange();
            range.setStart(node, word.index);
            range.setEnd(node, word.index + word[0].length);
            const lines = new Set([...range.getClientRects()].map(box => Math.round(box.top)));
            if (lines.size > 1) found.push(word[0]);
        }
    }
    return found;
}"""


class Long(NamedTuple):
    """A subject and its topic with long names, its grade, and a learner of it."""

    subject: str
    topic: str
    grade: str
    learner: str


@pytest.fixture(scope="module")
def long(api: Server) -> Long:
    pending, _ = add_subject(api, name="P" * 120)
    with api.db() as db:
        made = create_subject(db, mentor_id=api.user_id("mentor"), name="S" * 120)
        topic = create_topic(db, subject_id=made.id).id
        for table, name, row in (
            ("grades", "G" * 100, made.grade_id),
            ("education_levels", "L" * 100, made.level_id),
        ):
            sql = f"update {table} set name = %s, name_key = %s where id = %s"
            db.execute(sql.encode(), (name, name.lower(), row))
        sql = "update topics set name = %s, content = %s where id = %s"
        db.execute(sql, ("T" * 120, TEXT, topic))
    learner = add_learner(api, made.id)
    with api.db() as db:
        sql = "update users set first_name = 'Anuoluwapo', last_name = 'Oluwaseyi' where id = %s"
        db.execute(sql, (learner.id,))
        request = create_enrollment(db, user_id=learner.id, subject_id=pending)
        db.execute("update enrollments set message = %s where id = %s", ("m" * 400, request))
    return Long(made.id, topic, made.grade_id, learner.clerk_id)


@pytest.mark.parametrize("language", ["en-GB", "fr-FR"])
def test_long_names_do_not_widen_a_page(
    browser: Browser, api: Server, long: Long, language: str
) -> None:
    learner = ["/home", "/requests", "/notifications", "/search?q=SSS"]
    learner += [
        f"/browse/grades/{long.grade}",
        f"/subjects/{long.subject}",
        f"/topics/{long.topic}",
    ]
    staff = ["/admin/requests", "/admin/requests?tab=decided", "/admin/people", "/admin/mentors"]
    staff += [f"/teach/subjects/{long.subject}", f"/teach/topics/{long.topic}"]
    staff += [f"/teach/subjects/{long.subject}/learners", f"/admin/curriculum?open={long.topic}"]
    staff += [f"/admin/people/{api.user_id(long.learner)}", "/admin/analytics"]
    problems = []
    for who, paths in ((long.learner, learner), ("user_admin", staff)):
        page = browser.new_context().new_page()
        sign_in(page, api, who)
        page.context.set_extra_http_headers({"Accept-Language": language})
        for path in paths:
            page.goto(f"{api.url}{path}")
            for width in (320, 768, 1280):
                page.set_viewport_size({"width": width, "height": 800})
                wide, broken = overflow(page), page.evaluate(BROKEN)
                if wide > 0 or broken:
                    problems.append((path, width, wide, broken[:3]))
        page.context.close()
    assert problems == []
