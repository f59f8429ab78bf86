"""Sessions in a real browser: cookies, attacks of other sites, and what sign-out leaves behind."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.learning.school import add_learner
from tests.parts.server import Server
from tests.web.lessons import Lesson, sign_in, until, wait_for
from tests.web.other_site import OtherSite, other_site

pytestmark = pytest.mark.processes

EVIL = "evil.example"
REDIRECTS = [
    f"https://{EVIL}/",
    f"//{EVIL}/",
    f"///{EVIL}/",
    f"/\\{EVIL}/",
    f"\\\\{EVIL}/",
    f"/\t/{EVIL}/",
    f"/\n/{EVIL}/",
    f"/%0d%0aLocation:%20https://{EVIL}/",
    f"https:{EVIL}",
    f"https:/{EVIL}/",
    f"http:\\\\{EVIL}/",
    f"javascript:location='//{EVIL}/'",
    f"data:text/html,<a href=//{EVIL}>",
    f"/sign-in?next=//{EVIL}/",
    f"/auth/callback?next=//{EVIL}/",
    f"/.//{EVIL}/",
    f"/%2F{EVIL}/",
    f"/%5C{EVIL}/",
    f"@{EVIL}/",
    f".{EVIL}/",
    f" //{EVIL}/",
    f"/\u2028/{EVIL}/",
    f"/home@{EVIL}/",
    f"／／{EVIL}/",
]


@pytest.fixture(scope="module")
def evil() -> Iterator[OtherSite]:
    with other_site() as site:
        yield site


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def session_cookie(page: Page) -> dict[str, object]:
    (found,) = (each for each in page.context.cookies() if each.get("name") == "akako")
    return dict(found)


def first_name(api: Server, who: str) -> str | None:
    name: str | None = api.get("/api/auth/profile", as_=who).json()["data"]["firstName"]
    return name


def test_scripts_cannot_read_the_cookie_and_sign_in_changes_it(
    page: Page, api: Server, lesson: Lesson
) -> None:
    page.context.add_cookies([{"name": "akako", "value": "planted" * 6, "url": api.url}])
    sign_in(page, api, lesson.learner, lesson.path)
    cookie = session_cookie(page)
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    assert cookie["domain"] == "127.0.0.1"
    assert "planted" not in str(cookie["value"])
    page.get_by_label("My note").fill("x")  # makes the page fetch a token
    expect(page.locator("form [data-saved]")).to_have_text("Saved")
    kept = page.evaluate(
        "JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}])"
    )
    assert str(cookie["value"]) not in kept
    assert "eyJ" not in kept  # no token either
    page.goto(f"{api.url}/sign-in")
    page.get_by_label("Another person").fill(add_learner(api).clerk_id)
    page.get_by_label("Another person").press("Enter")
    page.wait_for_url(f"{api.url}/home")
    assert session_cookie(page)["value"] != cookie["value"]
    page.context.clear_cookies()
    for old in (str(cookie["value"]), "planted" * 6):
        page.context.add_cookies([{"name": "akako", "value": old, "url": api.url}])
        page.goto(f"{api.url}/home")
        assert "/sign-in" in page.url


def test_other_sites_write_and_read_nothing(
    browser: Browser, api: Server, lesson: Lesson, evil: OtherSite
) -> None:
    """From another host, and from another port of the same host, whose forms carry the cookie."""
    who = add_learner(api, lesson.subject_id).clerk_id
    mallory = add_learner(api).clerk_id
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, api, who)
    before, own = session_cookie(page)["value"], api.user_id(who)
    forms = {
        "/me": {"first_name": "Mallory"},
        "/sign-out": {},
        "/sign-in": {"person": mallory},
        f"/topics/{lesson.topics[0]}/done": {"done": "1"},
        f"/topics/{lesson.topics[0]}/note": {"content": "Mallory was here"},
        "/language": {"language": "fr"},
        "/notifications/read-all": {},
    }
    for host in ("localhost", "127.0.0.1"):
        for number, (path, fields) in enumerate(forms.items()):
            inputs = "".join(f'<input name="{k}" value="{v}">' for k, v in fields.items())
            evil.pages[f"/form{number}"] = (
                f'<form method="post" action="{api.url}{path}">{inputs}</form>'
                "<script>document.forms[0].submit()</script>"
            )
            with page.expect_navigation(url=f"{api.url}{path}") as sent:
                page.goto(f"http://{host}:{evil.port}/form{number}", wait_until="commit")
            answer = sent.value
            assert answer is not None
            assert answer.status == 403, (host, path)
        evil.pages["/read"] = f"""<iframe src="{api.url}/home"></iframe><script>
            const wanted = ["/session/token", "/home", "/api/auth/profile", "/me/data"];
            const init = path => ({{method: path === "/session/token" ? "POST" : "GET",
                credentials: "include"}});
            Promise.all(wanted.map(path => fetch("{api.url}" + path, init(path))
                .then(answer => answer.text()).catch(() => "refused")))
                .then(all => document.title = JSON.stringify(all));
            </script>"""
        page.goto(f"http://{host}:{evil.port}/read")
        wait_for(page, "document.title !== ''")
        assert all(own not in each for each in json.loads(page.title())), host
        assert page.locator("iframe").count() == 1
        framed = page.frames[1]
        assert framed.url.startswith("chrome-error:") or "Hello" not in framed.content()
    page.goto(f"{api.url}/home")
    assert session_cookie(page)["value"] == before
    assert page.locator("html").get_attribute("lang") == "en"
    assert first_name(api, who) != "Mallory"
    progress = api.get(f"/api/progress/topics/{lesson.topics[0]}", as_=who).json()["data"]
    assert progress["status"] == "NOT_STARTED"
    assert api.get(f"/api/notes/topics/{lesson.topics[0]}", as_=who).status_code == 404
    context.close()


def test_sign_in_leads_to_this_server_however_the_address_is_spelled(
    page: Page, api: Server
) -> None:
    gone: list[str] = []
    page.on("request", lambda request: gone.append(request.url))
    people = [add_learner(api).clerk_id for _ in range(3)]
    for number, wanted in enumerate(REDIRECTS):
        page.goto(f"{api.url}/sign-in")
        # As an attacker's link would, without the browser's own rewriting of the address.
        with page.expect_navigation():
            page.evaluate(
                "wanted => { location.href = '/sign-in?next=' + encodeURIComponent(wanted); }",
                wanted,
            )
        field = page.get_by_label("Another person")
        field.fill(people[number % len(people)])
        with page.expect_navigation():
            field.press("Enter")
        assert page.url.startswith(f"{api.url}/"), wanted
        assert page.evaluate("location.host") == f"127.0.0.1:{api.port}", wanted
    hosts = {each.split("/")[2] for each in gone if each.startswith("http")}
    assert hosts == {f"127.0.0.1:{api.port}"}


def test_back_shows_nothing_private_after_sign_out(page: Page, api: Server, lesson: Lesson) -> None:
    who = add_learner(api, lesson.subject_id).clerk_id
    sign_in(page, api, who, lesson.path)
    page.context.set_offline(True)
    page.get_by_label("My note").fill("Between me and my diary")
    expect(page.locator("form [data-saved]")).to_have_text("Saved on this device")
    page.context.set_offline(False)
    expect(page.locator("form [data-saved]")).to_have_text("Saved")
    page.evaluate("localStorage.setItem('akako:x:note:y', 'kept')")
    page.goto(f"{api.url}/notes")
    expect(page.get_by_text("Between me and my diary")).to_be_visible()
    page.locator("details.menu > summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{api.url}/")
    assert page.evaluate("localStorage.length") == 0
    for step in (page.go_back, page.go_back, page.go_forward, page.reload):
        step()
        page.wait_for_load_state()
        assert "diary" not in page.content()
        assert "Account of" not in page.content()
    until(page, lambda: all(each.get("name") != "akako" for each in page.context.cookies()))


def test_what_is_hidden_answers_404_and_what_is_locked_403(
    page: Page, api: Server, lesson: Lesson
) -> None:
    hidden = lesson.topics[2]
    api.execute("update topics set is_active = false where id = %s", hidden)
    sign_in(page, api, add_learner(api).clerk_id)
    document = api.get(f"/api/education/topics/{lesson.topics[0]}/documents", as_="admin")
    statuses = {
        f"/topics/{hidden}": 404,
        "/topics/unknown": 404,
        "/subjects/unknown": 404,
        "/nowhere": 404,
        lesson.path: 403,
        f"/media/topics/{lesson.topics[0]}/video": 403,
        f"/media/documents/{document.json()['data'][0]['id']}": 403,
        "/admin": 403,
        "/admin/requests": 403,
        "/teach": 403,
    }
    for path, status in statuses.items():
        answer = page.request.get(f"{api.url}{path}", headers={"Accept": "text/html"})
        assert answer.status == status, path
        assert answer.headers["x-request-id"] in answer.text() or path == lesson.path, path
    api.execute("update topics set is_active = true where id = %s", hidden)
