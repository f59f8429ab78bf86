"""What the server refuses is explained in the language of the page, with and without script."""

from __future__ import annotations

from html import unescape

import pytest
from playwright.sync_api import Browser, expect

from tests.factories import create_subject
from tests.parts.server import Server
from tests.web.announcements import said
from tests.web.lessons import sign_in
from tests.web.queues import add_waiting
from tests.web.visitor import Visitor

LONG = "y" * 130


@pytest.fixture
def admin(api: Server) -> Visitor:
    visitor = Visitor(api, **{"Accept-Language": "fr"})
    assert visitor.sign_in("admin").status_code == 303
    return visitor


def refused(visitor: Visitor, path: str, **fields: str) -> str:
    return unescape(visitor.submit(path, **fields).text)


def test_refused_forms_are_explained_in_french(api: Server, admin: Visitor) -> None:
    with api.db() as db:
        subject = create_subject(db, name="Problems").id
    waiting = add_waiting(api, 1)
    page = refused(admin, "/admin/requests/undo", ids=waiting.ids[0])
    assert "les 30 secondes sont écoulées" in page
    page = refused(admin, "/teach/topics/new", subject=subject, title=LONG, save="publish")
    assert "d’au plus 120 caractères" in page
    page = refused(admin, "/admin/curriculum/levels", names=LONG)
    assert f"« {LONG[:40]} » ne convient pas" in page
    person = f"/admin/people/{api.user_id('learner')}/roles"
    page = refused(admin, person, role="MENTOR", starts="2020-01-01")
    assert "Un rôle peut commencer entre" in page
    page = refused(admin, "/admin/integrations", url="no address", events="*")
    assert "Doit être une URL https://" in page


@pytest.mark.processes
def test_scripts_explain_in_the_language_of_the_page(browser: Browser, api: Server) -> None:
    page = browser.new_context().new_page()
    sign_in(page, api, "user_admin")
    page.context.set_extra_http_headers({"Accept-Language": "fr"})
    page.goto(f"{api.url}/admin/curriculum")
    page.get_by_role("button", name="Nouveau niveau").click()
    page.keyboard.insert_text(LONG)
    page.keyboard.press("Enter")
    said(page, f"« {LONG[:40]} » ne convient pas")
    expect(page.get_by_label("Noms des nouveaux niveaux")).to_have_value(LONG)
    with api.db() as db:
        subject = create_subject(db, name="Scripts").id
    page.goto(f"{api.url}/teach/topics/new?subject={subject}")
    page.evaluate("document.getElementById('title').removeAttribute('maxlength')")
    page.locator("#title").fill(LONG)
    expect(page.locator("#title-error")).to_contain_text("120 caractères")
    page.context.close()
