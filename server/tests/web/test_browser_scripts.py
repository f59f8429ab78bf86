"""What users write never runs: hostile text in every field, seen in a real browser.

The pages' own policy stays on, and a blocked attempt counts as a fault too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page

from tests.education.school import add, enroll
from tests.learning.school import Learner, add_learner
from tests.library.school import Topic, upload, uploaded
from tests.parts.server import Server
from tests.web.lessons import Lesson, sign_in

pytestmark = pytest.mark.processes

MARK = "Zebra"
# Ends a tag, an attribute in either quotes, a text area, a title, a comment and a script.
HOSTILE = (
    f"{MARK}\"'></textarea></title><!--</script><script>window.hit=1</script>"
    "<img src=x onerror=window.hit=1>{{7*7}}"
)
CONTENT = "\n\n".join(
    [
        HOSTILE,
        "[click](javascript:window.hit=1) [data](data:text/html,<script>window.hit=1</script>)",
        '![x](x" onerror="window.hit=1) ![far](https://far.example/x.png)',
        "<svg/onload=window.hit=1> <a href='javascript:window.hit=1'>a</a>",
        "<style>*{display:none}</style> <object data=//far.example></object>",
        "<javascript:window.hit=1> [ref]\n\n[ref]: javascript:window.hit=1",
        "```\n</code></pre><script>window.hit=1</script>\n```",
        '<iframe srcdoc="<script>parent.hit=1</script>"></iframe><form action=//far.example>',
    ]
)
CHECKS = """() => ({
    hit: window.hit ?? 0,
    scripts: [...document.scripts].filter(each => !each.src).length,
    elements: document.querySelectorAll(
        "main img[src='x'], main iframe, main svg[onload], main style, main object, "
        + "form[action*='far.example'], a[href^='javascript'], a[href^='data:'], "
        + "[onerror], [onload]").length,
    calculated: document.body.textContent.includes("Zebra49"),
})"""
HARMLESS = {"hit": 0, "scripts": 0, "elements": 0, "calculated": False}


class School(NamedTuple):
    subject: str
    grade: str
    level: str
    topic: str
    learner: Learner
    asker: Learner


@pytest.fixture(scope="module")
def school(api: Server) -> School:
    """A school whose every text is an attack."""
    level = add(api, "levels", name=HOSTILE[:90], description=HOSTILE)["id"]
    grade = add(api, "grades", level, name=HOSTILE[:90], description=HOSTILE)["id"]
    mentor = {"mentorId": api.user_id("mentor")}
    subject = add(api, "subjects", grade, name=HOSTILE[:90], description=HOSTILE, **mentor)["id"]
    topic = add(api, "topics", subject, name=HOSTILE[:90], content=CONTENT)["id"]
    file = f"{MARK}'><img src=x onerror=window.hit=1>.txt"
    uploaded(upload(api, Topic(topic, subject), file, b"x", fields={"name": HOSTILE[:90]}))
    learner, asker = add_learner(api), add_learner(api)
    enroll(api, subject, learner.id)
    name = {"firstName": HOSTILE[:90], "lastName": HOSTILE[:90]}
    for person in (learner, asker):
        assert api.put("/api/auth/profile", as_=person.clerk_id, json=name).status_code == 200
        why = {"motivation": f"{HOSTILE} {HOSTILE}"}
        assert api.post("/api/mentor/apply", as_=person.clerk_id, json=why).status_code == 201
    note = {"content": HOSTILE, "sharedWithMentor": True}
    saved = api.put(f"/api/notes/topics/{topic}", as_=learner.clerk_id, json=note)
    reply = f"/api/mentor/notes/{saved.json()['data']['id']}/reply"
    assert api.put(reply, as_="mentor", json={"content": HOSTILE}).status_code in (200, 201)
    ask = {"subjectId": subject, "message": HOSTILE}
    sent = api.post("/api/enrollment/request", as_=asker.clerk_id, json=ask).json()["data"]
    api.execute(
        "update enrollments set status = 'REJECTED', decision_reason = %s, decided_at = now() "
        "- interval '1 hour' where id = %s",
        *(HOSTILE, sent["id"]),
    )
    again = api.post("/api/enrollment/request", as_=asker.clerk_id, json=ask)
    assert again.status_code == 201, again.text
    return School(subject, grade, level, topic, learner, asker)


class Watch:
    """Everything that goes wrong in the pages of a browser."""

    def __init__(self, context: BrowserContext) -> None:
        self.faults: list[str] = []
        self.page = context.new_page()
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("dialog", self._dialog)
        self.page.on("console", self._console)
        self.page.on("request", lambda request: self._request(request.url))

    def _dialog(self, dialog: Dialog) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(f"console: {message.text}")

    def _request(self, url: str) -> None:
        if "far.example" in url or url.rstrip("/").endswith("/x"):
            self.faults.append(f"request: {url}")

    def open(self, url: str) -> None:
        self.page.goto(url)
        found = self.page.evaluate(CHECKS)
        if found != HARMLESS:
            self.faults.append(f"{url}: {found}")


@pytest.fixture(scope="module")
def context_of(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(user_agent=f"{MARK}<script>window.hit=1</script>")
    yield context
    context.close()


def pages(school: School) -> list[str]:
    hostile = quote(HOSTILE)
    return [
        *("/home", f"/home?grade={school.grade}", f"/home?grade={hostile}"),
        *("/", "/browse", f"/browse/levels/{school.level}", f"/browse/grades/{school.grade}"),
        *(f"/subjects/{school.subject}", f"/topics/{school.topic}", f"/topics/{hostile}"),
        *(
            f"/search?q={MARK}",
            f"/search?q={hostile}",
            "/requests",
            "/notes",
            f"/notes?q={hostile}",
        ),
        *("/notifications", "/mentor/apply", "/me", "/developers", f"/sign-in?next=/{hostile}"),
        *(f"/nowhere/{hostile}", f"/auth/callback?error={hostile}&state={hostile}"),
    ]


def staff_pages(school: School, user: str) -> list[str]:
    return [
        *("/admin", "/admin/requests", "/admin/mentors", f"/admin/people?q={MARK}"),
        *(f"/admin/people/{user}", "/admin/curriculum", "/admin/audit", "/admin/analytics"),
        *("/teach", f"/teach/subjects/{school.subject}", f"/teach/topics/{school.topic}"),
        *(f"/teach/subjects/{school.subject}/learners", "/teach/notes"),
    ]


def check(watch: Watch, api: Server, paths: list[str]) -> None:
    seen = 0
    for path in paths:
        watch.open(f"{api.url}{path}")
        seen += MARK in watch.page.locator("main").inner_text()
    assert watch.faults == []
    assert seen >= len(paths) // 2  # the attacks are on the pages, as text


def test_hostile_text_on_the_pages_of_learners(
    context_of: BrowserContext, api: Server, school: School
) -> None:
    watch = Watch(context_of)
    for person in (school.learner, school.asker):
        sign_in(watch.page, api, person.clerk_id)
        check(watch, api, pages(school))
    watch.page.close()


def test_hostile_text_on_the_pages_of_staff(
    context_of: BrowserContext, api: Server, school: School
) -> None:
    watch = Watch(context_of)
    for who in ("user_mentor", "user_admin"):
        sign_in(watch.page, api, who)
        allowed = staff_pages(school, school.learner.id)
        if who == "user_mentor":
            allowed = [path for path in allowed if not path.startswith("/admin")]
        else:
            allowed = [path for path in allowed if path != "/teach/notes"]
        check(watch, api, allowed)
    watch.page.close()


def test_a_conflict_and_a_wrong_form_show_hostile_text_as_text(
    context_of: BrowserContext, api: Server, school: School
) -> None:
    """Pages that show a refused form again, without the script that would replace them."""
    watch = Watch(context_of)
    sign_in(watch.page, api, school.learner.clerk_id, f"/topics/{school.topic}")
    path = f"/api/notes/topics/{school.topic}"
    api.put(path, as_=school.learner.clerk_id, json={"content": f"{HOSTILE} elsewhere"})
    watch.page.evaluate(
        """() => {
            document.querySelector("textarea[name=content]").value += "</textarea><b id=broken>";
            HTMLFormElement.prototype.submit.call(document.querySelector("form[data-note]"));
        }"""
    )
    watch.page.wait_for_url(re.compile("/note$"))
    assert watch.page.locator("#broken").count() == 0
    assert watch.page.evaluate(CHECKS) == HARMLESS
    assert MARK in watch.page.get_by_label("My note").input_value()
    assert watch.faults == []


def test_learner_pages_run_without_errors(browser: Browser, api: Server, lesson: Lesson) -> None:
    """No page error and no violation of the policy, on pages without attacks."""
    context = browser.new_context()
    watch = Watch(context)
    sign_in(watch.page, api, lesson.learner)
    for path in ("/home", lesson.path, "/notes", "/me", "/search?q=fractions", "/developers"):
        watch.open(f"{api.url}{path}")
    assert watch.faults == []
    context.close()


def test_the_policy_stops_inline_script(page_of: Page) -> None:
    page_of.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.hit = 1";
            document.body.append(script);
            const image = document.createElement("img");
            image.setAttribute("onerror", "window.hit = 1");
            image.src = "/static/nothing.png";
            document.body.append(image);
        }"""
    )
    page_of.wait_for_timeout(300)
    assert page_of.evaluate("window.hit ?? 0") == 0


@pytest.fixture
def page_of(browser: Browser, api: Server, lesson: Lesson) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, api, lesson.learner)
    yield page
    context.close()
