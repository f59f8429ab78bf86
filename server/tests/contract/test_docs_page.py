"""The page under /docs asks no other host, and serves nothing but itself."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from akako import rooms
from akako.kernel.core.ids import is_id
from akako.ops import pages
from tests.parts.server import Server

LOADING = {"src", "srcset", "action", "data", "poster"}


class Loads(HTMLParser):
    """Collects what a page loads by itself, and what is written inline."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.addresses += [value for name, value in given.items() if name in LOADING]
        if tag == "link":
            self.addresses.append(given["href"])
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        self.inline += [name for name in given if name.startswith("on") or name == "style"]


def content(name: str) -> str:
    found = pages.read(name)
    assert found is not None
    return found[1].decode("utf-8")


@pytest.mark.parametrize("name", sorted(pages.PARTS))
def test_every_part_is_bundled_with_its_type_and_charset(name: str) -> None:
    found = pages.read(name)
    assert found is not None
    kind, body = found
    assert kind.endswith(b"; charset=utf-8")
    assert body
    assert is_id(name) or name == "index.html"


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../pages.py",
        "README.md",
        "INDEX.HTML",
        "index.html/",
        "icon\x00",
        "page.js",
        "/",
    ],
)
def test_nothing_else_is_served(name: str) -> None:
    assert pages.read(name) is None


def test_the_page_loads_only_its_own_parts() -> None:
    loads = Loads()
    loads.feed(content("index.html"))
    names = [address.removeprefix("/docs/") for address in loads.addresses]
    assert sorted([*names, "index.html"]) == sorted(pages.PARTS)
    assert loads.inline == []


@pytest.mark.parametrize("name", ["page-style", "swagger-ui-style"])
def test_styles_load_nothing_from_elsewhere(name: str) -> None:
    style = content(name)
    assert "@import" not in style
    addresses = re.findall(r"url\(\s*[\"']?([^\"')]{0,40})", style)
    assert [each for each in addresses if not each.startswith("data:")] == []


def test_the_page_may_load_from_this_server_only() -> None:
    script = content("page-script")
    code = [line for line in script.splitlines() if not line.startswith("//")]
    assert not any("//" in line for line in code)
    assert "localStorage" not in script
    for setting in ('url: "/openapi.json"', "validatorUrl: null", "persistAuthorization: false"):
        assert setting in script
    assert "queryConfigEnabled: false" in script


def test_a_browser_gets_every_part(api: Server) -> None:
    page = api.get("/docs")
    assert page.status_code == 200
    loads = Loads()
    loads.feed(page.text)
    for address in loads.addresses:
        part = api.get(address)
        assert part.status_code == 200, address
        assert part.headers["x-content-type-options"] == "nosniff"
    assert api.get("/docs/README.md").status_code == 404


def test_a_trailing_slash_leads_to_the_page(api: Server) -> None:
    redirect = api.get("/docs/")
    assert (redirect.status_code, redirect.headers["location"]) == (308, "/docs")


def test_the_description_is_served_whole(api: Server) -> None:
    served = api.get("/openapi.json")
    assert served.content == rooms.openapi()
    assert served.headers["content-type"] == "application/json; charset=utf-8"


def test_the_policy_allows_this_server_only() -> None:
    policy = pages.POLICY.decode("ascii")
    directives = dict(each.split(" ", 1) for each in policy.split("; "))
    sources = {source for value in directives.values() for source in value.split()}
    assert sources == {"'none'", "'self'", "data:"}
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["connect-src"] == "'self'"
