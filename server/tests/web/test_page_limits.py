"""Limits of pages and sign-ins: exact, per person and per address, with a page that counts down."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from playwright.sync_api import Browser, expect

from tests.conftest import StartServer
from tests.learning.school import add_learner
from tests.parts.server import Server
from tests.web.visitor import Visitor, signed_in

pytestmark = pytest.mark.processes

PAGES_A_MINUTE = 600
SIGN_INS_OF_ACCOUNT = 20
SIGN_INS_OF_ADDRESS = 240
CLASS = 40


def many(visitor: Visitor, path: str, number: int) -> Counter[int]:
    """Open a page many times from four connections; return how often each status was received."""
    cookies = dict(visitor.client.cookies)

    def some(count: int) -> list[int]:
        with httpx2.Client(base_url=visitor.api.url, cookies=cookies, timeout=60) as client:
            return [client.get(path).status_code for _ in range(count)]

    with ThreadPoolExecutor(4) as pool:
        return Counter(status for part in pool.map(some, [number // 4] * 4) for status in part)


def test_a_person_opens_600_pages_a_minute(api: Server, browser: Browser) -> None:
    clerk_id = add_learner(api).clerk_id
    visitor, other = signed_in(api, clerk_id), signed_in(api, "learner")
    assert many(visitor, "/sign-out", PAGES_A_MINUTE + 40) == {200: PAGES_A_MINUTE, 429: 40}
    refused = visitor.get("/home")
    assert refused.status_code == 429
    wait = int(refused.headers["retry-after"])
    assert 1 <= wait <= 60
    assert f'data-countdown="{wait}"' in refused.text
    assert refused.headers["x-request-id"] in refused.text
    # Classmates behind the same address, the API and the sign-out are not affected.
    assert other.get("/home").status_code == 200
    assert api.get("/api/auth/profile", as_=clerk_id).status_code == 200
    counts_down(browser, api, visitor)


def counts_down(browser: Browser, api: Server, visitor: Visitor) -> None:
    """Open the page of the limit in a browser: it counts and offers the way back."""
    context = browser.new_context()
    context.add_cookies([{"name": "akako", "value": visitor.cookie, "url": api.url}])
    page = context.new_page()
    page.goto(f"{api.url}/home?grade=")
    expect(page.get_by_role("heading", level=1)).to_have_text("Too many requests")
    left = page.locator("[data-countdown]")
    first = left.inner_text()
    expect(left).not_to_have_text(first)
    assert int(left.inner_text()) < int(first)
    again = page.get_by_role("link", name="Try again")
    assert again.get_attribute("href") == "/home?grade="
    # The countdown ends sooner here than on the server: the page then says what can be done.
    page.evaluate("document.querySelector('[data-countdown]').textContent = '1'")
    assert page.get_by_text("You can try again now.").is_hidden()
    context.close()


def test_an_account_is_limited_and_its_classmates_are_not(api: Server) -> None:
    one, other = add_learner(api).clerk_id, add_learner(api).clerk_id
    visitor = Visitor(api)
    statuses = [visitor.sign_in(one).status_code for _ in range(SIGN_INS_OF_ACCOUNT)]
    assert statuses == [303] * SIGN_INS_OF_ACCOUNT
    refused = visitor.sign_in(one)
    assert refused.status_code == 429
    assert re.search(r'data-countdown="\d+"', refused.text)
    # The reset is a whole second after the end of the window of a minute.
    assert 1 <= int(refused.headers["retry-after"]) <= 61
    assert Visitor(api).sign_in(other).status_code == 303


def test_an_address_has_room_for_a_class(start_server: StartServer) -> None:
    api = start_server()
    pupils = [Visitor(api).sign_in(f"user_pupil{n}").status_code for n in range(CLASS)]
    assert pupils == [303] * CLASS
    visitor = Visitor(api)
    attempts = [
        visitor.sign_in("not an id").status_code for _ in range(SIGN_INS_OF_ADDRESS - CLASS + 3)
    ]
    assert Counter(attempts) == {422: SIGN_INS_OF_ADDRESS - CLASS, 429: 3}
