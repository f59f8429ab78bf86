"""Administrators manage webhook endpoints and read Clerk's messages with links and forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.integrations.webhooks import deliveries, eventually, ping, register, remove_all
from tests.parts.browser import take_picture, violations
from tests.parts.receiver import Answer, Received, Receiver, receiving
from tests.parts.server import Server
from tests.web.lessons import sign_in
from tests.web.test_accessibility import faults_of, open_page
from tests.web.test_page_sizes import KB, load
from tests.web.visitors import Visitor, announced

pytestmark = pytest.mark.processes

HOME = "/admin/integrations"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{44}")


@pytest.fixture(scope="module")
def admin(api: Server) -> Visitor:
    return Visitor(api, "user_admin")


@pytest.fixture
def receiver(api: Server) -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver
    remove_all(api)


def plain(text: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", text))


def pings(receiver: Receiver, number: int) -> list[Received]:
    """Return the received pings as soon as there are so many; other events may come between."""
    receiver.until(lambda: len(receiver.of("ping")) >= number)
    return receiver.of("ping")


def test_an_endpoint_is_managed_with_forms(api: Server, admin: Visitor, receiver: Receiver) -> None:
    assert "No endpoint yet" in admin.get(HOME).text
    fields = {"url": receiver.url, "description": "Bell", "events": ["*", "grade.*"]}
    made = admin.send(HOME, fields)
    assert made.status_code == 201
    (secret,) = set(SECRET.findall(made.text))
    (endpoint,) = api.get("/api/integrations/webhooks", as_="admin").json()["data"]
    assert (endpoint["events"], endpoint["description"]) == (["*"], "Bell")
    one = f"{HOME}/{endpoint['id']}"
    for path in (HOME, one):
        shown = admin.get(path).text
        assert receiver.url in shown
        assert secret not in shown
    assert admin.send(f"{one}/ping").headers["location"] == f"{one}?done=pinged"
    pinged = pings(receiver, 1)[0]
    assert pinged.verify(secret)["type"] == "ping"
    rotated = SECRET.findall(admin.send(f"{one}/secret").text)[0]
    assert rotated != secret
    changed = {"url": receiver.url, "description": "", "events": ["grade.*", "user.created"]}
    assert announced(admin.get(admin.send(one, changed).headers["location"])) != ""
    disabled = admin.send(f"{one}/active", {"active": "0", "back": "all"})
    assert disabled.headers["location"] == f"{HOME}?done=disabled"
    endpoint = api.get(f"/api/integrations/webhooks/{endpoint['id']}", as_="admin").json()["data"]
    assert endpoint["events"] == ["grade.*", "user.created"]
    assert (endpoint["description"], endpoint["isActive"]) == ("", False)
    admin.send(f"{one}/active", {"active": "1"})
    assert "Active" in admin.get(one).text
    assert admin.send(f"{one}/delete").is_redirect
    assert admin.get(one).status_code == 404


def test_deliveries_are_those_of_the_api_and_can_be_repeated(
    api: Server, admin: Visitor, receiver: Receiver
) -> None:
    endpoint = register(api, receiver.url)
    delivery_id = ping(api, endpoint)
    eventually(api, endpoint, delivery_id, attempts=1, status="DELIVERED")
    api.execute(
        "update webhook_deliveries set status = 'FAILED', retries = 8, next_attempt_at = null, "
        "response_status = 500, response_body = 'no room', duration_ms = 12, "
        "last_attempt_at = now() where id = %s",
        delivery_id,
    )
    one = f"{HOME}/{endpoint['id']}"
    shown = plain(admin.get(one).text)
    (listed,) = deliveries(api, endpoint)
    assert (listed["status"], listed["attempts"]) == ("FAILED", 1)
    assert re.search(r"ping\s+Failed\s+1\s+500\s+in 12 ms", shown)
    assert "No delivery matches" in admin.get(f"{one}?status=DELIVERED").text
    assert "No delivery matches" not in admin.get(f"{one}?status=FAILED&eventType=").text
    detail = admin.get(f"{one}/deliveries/{delivery_id}").text
    assert "no room" in detail
    assert "endpointId" in detail
    receiver.answer = lambda received: Answer(204)
    again = admin.send(f"{one}/replay", {"days": "1"})
    assert again.headers["location"] == f"{one}?done=scheduled&number=1"
    assert announced(admin.get(again.headers["location"])).endswith("again: 1.")
    eventually(api, endpoint, delivery_id, attempts=2)
    replayed = admin.send(f"{one}/deliveries/{delivery_id}/replay", {"back": "all"})
    assert replayed.headers["location"] == f"{HOME}?done=replayed"
    receiver.wait(3)
    assert len({each.id for each in receiver.received}) == 1
    assert admin.get(f"{one}?status=OTHER").status_code == 422
    assert admin.get(f"{one}/deliveries/unknown").status_code == 404


def test_mistakes_are_named_and_nothing_is_lost(api: Server, admin: Visitor) -> None:
    for field, sent in (
        ("events", {"url": "https://a.example", "events": []}),
        ("events", {"url": "https://a.example", "events": ["unknown"]}),
        ("url", {"url": "", "events": ["*"]}),
        ("url", {"url": "ftp://a.example", "events": ["*"]}),
    ):
        refused = admin.send(HOME, {"description": "<b>Bell", **sent})
        assert refused.status_code == 422
        assert re.findall(r'href="#(url|events)"', refused.text) == [field]
        assert 'value="&lt;b&gt;Bell"' in refused.text
    assert api.get("/api/integrations/webhooks", as_="admin").json()["data"] == []
    endpoint = register(api, "https://receiver.example/akako", "*")
    one = f"{HOME}/{endpoint['id']}"
    assert admin.send(one, {"url": "https://other.example", "events": []}).status_code == 422
    assert admin.send(one, {"url": "", "events": ["*"]}).status_code == 422
    assert admin.send(f"{one}/delete", origin="https://evil.example").status_code == 403
    assert admin.send(f"{one}/delete", form_token="x").status_code == 403
    remove_all(api)


def test_other_plans_read_what_they_lack(api: Server, admin: Visitor) -> None:
    endpoint = register(api, "https://receiver.example/akako", "*")
    one = f"{HOME}/{endpoint['id']}"
    api.execute("update users set plan = 'PRO' where clerk_id = 'user_admin'")
    try:
        shown = admin.get(HOME)
        assert shown.status_code == 200
        assert "need the plan ENTERPRISE" in shown.text
        assert "Messages from Clerk" in shown.text
        assert endpoint["url"] not in shown.text
        assert admin.get(one).status_code == 403
        for path in (HOME, one, f"{one}/ping", f"{one}/secret", f"{one}/delete"):
            assert admin.send(path, {"url": "https://a.example"}).status_code == 403
    finally:
        api.execute("update users set plan = 'ENTERPRISE' where clerk_id = 'user_admin'")
        remove_all(api)


def test_others_see_nothing(api: Server) -> None:
    learner = Visitor(api, "user_123")
    endpoint = register(api, "https://receiver.example/akako", "*")
    for path in (HOME, f"{HOME}/{endpoint['id']}"):
        assert learner.get(path).status_code == 403
    assert learner.send(f"{HOME}/{endpoint['id']}/delete").status_code == 403
    remove_all(api)


def add_messages(api: Server) -> None:
    """Store what Clerk's webhooks left: one applied, one ignored and one dead message."""
    for number, outcome in enumerate(("handled", "ignored", "dead")):
        api.execute(
            "insert into webhook_messages (message_id, type, outcome) values (%s, %s, %s) "
            "on conflict do nothing",
            f"msg_{number}",
            "user.updated",
            outcome,
        )
    api.execute(
        "insert into webhook_dead_letters (message_id, type, reason, body) "
        "values ('msg_2', 'user.updated', 'impossible user', 'private@example.com')"
    )


def test_messages_of_clerk_are_shown_without_their_content(api: Server, admin: Visitor) -> None:
    assert "Clerk has sent nothing yet" in admin.get(HOME).text
    assert "Every message could be applied" in admin.get(f"{HOME}?messages=dead").text
    add_messages(api)
    everything, dead = admin.get(HOME).text, admin.get(f"{HOME}?messages=dead").text
    assert [everything.count(f"msg_{number}") for number in range(3)] == [1, 1, 1]
    assert [dead.count(f"msg_{number}") for number in range(3)] == [0, 0, 1]
    for shown in (everything, dead):
        assert "impossible user, 19 bytes" in plain(shown)
        assert "private@example.com" not in shown
    api.execute("delete from webhook_messages; delete from webhook_dead_letters")


def test_the_story_without_script(browser: Browser, api: Server, receiver: Receiver) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, api, "user_admin", HOME)
    page.get_by_label("URL").fill(receiver.url)
    page.get_by_label("All events").check()
    page.get_by_role("button", name="Add endpoint").click()
    secret = page.locator("#secret").inner_text()
    assert SECRET.fullmatch(secret)
    page.goto(f"{api.url}{HOME}")
    page.get_by_role("button", name="Ping").click()
    assert page.get_by_role("status").inner_text() == "A ping is on its way."
    assert pings(receiver, 1)[0].verify(secret)["type"] == "ping"
    (endpoint,) = api.get("/api/integrations/webhooks", as_="admin").json()["data"]
    (ping_id,) = [each["id"] for each in deliveries(api, endpoint, eventType="ping")]
    eventually(api, endpoint, ping_id, status="DELIVERED")
    page.reload()
    row = page.get_by_role("row", name="ping")
    assert "Delivered" in row.inner_text()
    row.get_by_role("button", name="Replay").click()
    first, second = pings(receiver, 2)
    assert first.id == second.id
    page.get_by_role("link", name="Settings and deliveries").click()
    page.get_by_label("Status").select_option("Delivered")
    page.get_by_role("button", name="Apply").click()
    assert "status=DELIVERED" in page.url
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No endpoint yet")).to_be_visible()
    context.close()


def prepared(api: Server, receiver: Receiver) -> dict[str, str]:
    """Return the pages with content by the name of their picture."""
    endpoint = register(api, receiver.url, "enrollment.*", "user.created", description="Bell")
    register(api, f"{receiver.url}/a-long-address/{'x' * 80}", "*", isActive=False)
    ids = [ping(api, endpoint) for _ in range(2)]
    for each in ids:
        eventually(api, endpoint, each, status="DELIVERED")
    api.execute(
        "update webhook_deliveries set status = 'FAILED', response_status = null, "
        "error = 'connection refused' where id = %s",
        ids[0],
    )
    add_messages(api)
    one = f"{HOME}/{endpoint['id']}"
    return {
        "admin-integrations": HOME,
        "admin-integration": one,
        "admin-delivery": f"{one}/deliveries/{ids[1]}",
    }


def test_pages_are_accessible(browser: Browser, api: Server, receiver: Receiver) -> None:
    page = open_page(browser, api, "user_admin")
    faults = faults_of(page, api, {"admin-integrations-empty": HOME})
    faults += faults_of(page, api, prepared(api, receiver))
    faults += faults_of(page, api, {"admin-integrations-error": f"{HOME}/unknown"})
    api.execute("update users set plan = 'FREE' where clerk_id = 'user_admin'")
    faults += faults_of(page, api, {"admin-integrations-plan": HOME})
    api.execute("update users set plan = 'ENTERPRISE' where clerk_id = 'user_admin'")
    assert faults == []
    assert len(page.locator('[role="status"]').all()) == 1
    page.context.close()


def test_mistakes_are_accessible(browser: Browser, api: Server) -> None:
    page = open_page(browser, api, "user_admin")
    page.goto(f"{api.url}{HOME}")
    page.get_by_label("URL").fill("https://receiver.example/#part")
    page.get_by_role("button", name="Add endpoint").click()
    page.wait_for_selector(".error-summary")
    assert violations_in_both(page) == []
    page.context.close()


def violations_in_both(page: Page) -> list[str]:
    found = []
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            take_picture(page, f"admin-integrations-mistake-{width}-{theme}")
            found += violations(page)
    return found


def test_pages_are_small(browser: Browser, api: Server, receiver: Receiver) -> None:
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, api, "user_admin")
    for path in prepared(api, receiver).values():
        seen = load(page, api, path)
        assert seen.bytes <= 110 * KB
        assert seen.script <= 45 * KB
    context.close()
