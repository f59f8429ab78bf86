"""The account: names, settings of the browser, sessions with "End", personal data, pictures."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from akako.web.pages.devices import names_of
from tests.learning.school import add_learner
from tests.parts.server import Server
from tests.web.lessons import sign_in
from tests.web.visitor import Visitor, signed_in

AGENTS = {
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 "
    "Mobile Safari/537.36": ("Chrome", "Android"),
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/17.5 Mobile/15E148 Safari/604.1": ("Safari", "iPhone"),
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0": (
        "Firefox",
        "Windows",
    ),
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0": ("Edge", "Windows"),
    "curl/8.5.0": ("", ""),
}


@pytest.mark.parametrize("agent", AGENTS)
def test_browsers_have_names(agent: str) -> None:
    assert names_of(agent) == AGENTS[agent]


@pytest.mark.processes
def test_one_form_saves_names_and_settings(page: Page, api: Server) -> None:
    clerk_id = api.user("settings")
    sign_in(page, api, clerk_id, "/me")
    page.get_by_label("First name").fill("Abena")
    page.get_by_label("Language").select_option("fr")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Enregistr")
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    assert api.get("/api/auth/profile", as_=clerk_id).json()["data"]["firstName"] == "Abena"
    page.goto(f"{api.url}/home")
    expect(page.get_by_role("heading", level=1)).to_have_text("Bonjour, Abena")


@pytest.mark.processes
def test_a_name_that_is_too_long_is_explained_and_kept(api: Server) -> None:
    visitor = signed_in(api, add_learner(api).clerk_id)
    page = visitor.submit("/me", first_name="A" * 500, last_name="Osei")
    assert page.status_code == 422
    assert 'id="first_name-error"' in page.text
    assert 'value="Osei"' in page.text


@pytest.mark.processes
def test_a_session_is_ended_from_another_browser(page: Page, api: Server) -> None:
    clerk_id = add_learner(api).clerk_id
    phone = Visitor(api, **{"User-Agent": next(iter(AGENTS))})
    assert phone.sign_in(clerk_id).status_code == 303
    assert phone.get("/home").status_code == 200
    sign_in(page, api, clerk_id, "/me")
    device = page.locator("main strong", has_text="Chrome on Android")
    expect(device).to_be_visible()
    expect(page.get_by_text("This browser", exact=True)).to_be_visible()
    page.get_by_role("button", name="End Chrome on Android").click()
    expect(device).to_be_hidden()
    assert phone.get("/home").headers["location"] == "/sign-in?next=/home"


@pytest.mark.processes
def test_my_data_is_downloaded(page: Page, api: Server) -> None:
    sign_in(page, api, add_learner(api).clerk_id, "/me")
    with page.expect_download() as started:
        page.get_by_role("link", name="Download my data").click()
    assert re.fullmatch(r"akako-data-\d{4}-\d\d-\d\d\.json", started.value.suggested_filename)
    with open(started.value.path(), encoding="utf-8") as file:
        assert json.load(file)["data"]


@pytest.mark.processes
def test_pictures_of_other_servers_are_not_loaded(page: Page, api: Server) -> None:
    clerk_id = api.user("picture")
    picture = {"imageUrl": "https://pictures.example/me.png", "firstName": "Esi"}
    assert api.put("/api/auth/profile", as_=clerk_id, json=picture).status_code == 200
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    sign_in(page, api, clerk_id, "/me")
    assert page.locator("main img").count() == 0
    expect(page.locator(".avatar.large")).to_have_text("E")
    assert hosts == {api.url.split("/")[2]}


@pytest.mark.processes
def test_visitors_choose_the_language_in_the_footer(page: Page, api: Server) -> None:
    page.goto(f"{api.url}/browse")
    page.get_by_role("button", name="Français").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    assert page.url == f"{api.url}/browse"
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.goto(f"{api.url}/sign-in?next=/notes")
    page.get_by_role("button", name="Français").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    assert page.url == f"{api.url}/sign-in?next=/notes"  # still the way to the wanted page


@pytest.mark.processes
def test_weights_of_accepted_languages_count(api: Server) -> None:
    cases = {"fr;q=0.3, en;q=0.8": "en", "de, fr;q=0.9, en;q=0.1": "fr", "fr;q=0, en": "en"}
    for accepted, language in cases.items():
        page = Visitor(api, **{"Accept-Language": accepted}).get("/browse").text
        assert f'<html lang="{language}"' in page, accepted
