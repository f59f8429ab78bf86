"""The page under /docs asks no other host, and serves nothing but itself."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from akako.ops import pages

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


@pytest.mark.parametrize("name", sorted(pages.NAMES))
def test_every_part_is_bundled_with_its_type_and_charset(name: str) -> None:
    found = pages.read(name)
    assert found is not None
    kind, body = found
    assert kind.endswith(b"; charset=utf-8")
    assert body


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../pages.py", "README.md", "INDEX.HTML", "index.html/", "page.js\x00", "/"],
)
def test_nothing_else_is_served(name: str) -> None:
    assert pages.read(name) is None


def test_the_page_loads_only_its_own_parts() -> None:
    loads = Loads()
    loads.feed(content("index.html"))
    names = [address.removeprefix("/docs/") for address in loads.addresses]
    assert sorted([*names, "index.html"]) == sorted(pages.NAMES)
    assert loads.inline == []


@pytest.mark.parametrize("name", ["page.css", "swagger-ui.css"])
def test_styles_load_nothing_from_elsewhere(name: str) -> None:
    style = content(name)
    assert "@import" not in style
    addresses = re.findall(r"url\(\s*[\"']?([^\"')]{0,40})", style)
    assert [each for each in addresses if not each.startswith("data:")] == []


def test_the_page_is_told_to_keep_to_this_server() -> None:
    script = content("page.js")
    assert "//" not in script.replace("// Nothing is fetched", "")
    for setting in ('url: "/openapi.json"', "validatorUrl: null", "persistAuthorization: false"):
        assert setting in script
    assert "queryConfigEnabled: false" in script


def test_the_policy_allows_this_server_only() -> None:
    policy = pages.POLICY.decode("ascii")
    directives = dict(each.split(" ", 1) for each in policy.split("; "))
    sources = {source for value in directives.values() for source in value.split()}
    assert sources == {"'none'", "'self'", "data:"}
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["connect-src"] == "'self'"
