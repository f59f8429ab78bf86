"""The page under /docs in a browser: Authorize first, errors folded, token kept, fit for phones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.parts.browser import overflow, take_picture
from tests.parts.server import Server

pytestmark = pytest.mark.processes


@pytest.fixture
def page(browser: Browser, api: Server) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{api.url}/docs/")
    expect(page.locator(".swagger-ui .opblock-tag").first).to_be_visible(timeout=30_000)
    yield page
    context.close()


def top_of(page: Page, selector: str) -> float:
    box = page.locator(selector).first.bounding_box()
    assert box is not None, selector
    return box["y"]


def test_authorize_comes_first_and_the_error_codes_are_folded(page: Page) -> None:
    assert page.url.endswith("/docs")
    authorize = page.get_by_role("button", name="Authorize").first
    expect(authorize).to_be_visible()
    first = top_of(page, ".swagger-ui .auth-wrapper")
    assert first < top_of(page, ".swagger-ui .info .title")
    assert first < 200
    table = page.locator(".swagger-ui .info table")
    expect(table).to_be_hidden()
    page.get_by_text("All error codes").click()
    expect(table).to_be_visible()
    expect(table).to_contain_text("INTERNAL_ERROR")


def test_the_token_is_kept_for_the_session(page: Page, api: Server) -> None:
    page.get_by_role("button", name="Authorize").first.click()
    page.locator(".modal-ux input[type=text]").fill(api.token("learner"))
    page.locator(".modal-ux").get_by_role("button", name="Apply credentials").click()
    page.locator(".modal-ux").get_by_role("button", name="Close").click()
    page.reload()
    profile = page.locator("#operations-Authentication-getProfile, [id$='-getProfile']").first
    expect(profile).to_be_visible(timeout=30_000)
    profile.locator(".opblock-summary-control").click()
    profile.get_by_role("button", name="Try it out").click()
    profile.get_by_role("button", name="Execute").click()
    status = profile.locator(".live-responses-table td.response-col_status").last
    expect(status).to_contain_text("200")
    other = page.context.browser
    assert other is not None
    fresh = other.new_context()
    assert fresh.storage_state()["origins"] == []
    fresh.close()


@pytest.mark.parametrize("width", [320, 390])
def test_it_is_readable_on_a_phone(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    take_picture(page, f"api-docs-{width}")
    assert overflow(page) <= 0
    size = page.locator(".swagger-ui .info p").first.evaluate(
        "each => parseFloat(getComputedStyle(each).fontSize)"
    )
    assert size >= 14
    page.locator(".opblock-summary-control").first.click()
    expect(page.locator(".opblock-body").first).to_be_visible()
    assert overflow(page) <= 0
