"""The documentation site is built without a warning, is whole, and asks no other host."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

from tests.docs.pages import DOCS, PAGES, REPOSITORY
from tests.house.project import ROOT

LOADING = {"src", "srcset", "data", "poster", "action", "formaction"}
# What a browser fetches by itself, which links are not.
LOADED_LINKS = {"stylesheet", "icon", "preload", "prefetch", "preconnect", "dns-prefetch"}
# Names of languages, not addresses.
NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"}
NAMESPACES |= {"http://www.w3.org/1998/Math/MathML", "http://www.w3.org/1999/xlink"}
REMARKS = {
    "https://zensical.org/",
    "https://fontawesome.com",
    "https://fontawesome.com/license/free",
}
ORDER = [
    *("Overview", "Quickstart", "Authentication API", "Education API", "User Management API"),
    *("File Management API", "Enrollment", "Mentors", "Webhooks", "Limits and quotas", "Errors"),
    *("SDKs", "Self-hosting", "Compatibility", "Decisions"),
]


class Page(HTMLParser):
    """What a page loads, where its links lead, and which names it can be linked by."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.names: set[str] = set()
        self.policy = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.loads += [value for name, value in given.items() if name in LOADING]
        if tag == "link" and LOADED_LINKS & set(given.get("rel", "").split()):
            self.loads.append(given["href"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if given.get("http-equiv", "").lower() == "content-security-policy":
            self.policy = given["content"]
        self.names |= {value for name, value in given.items() if name in ("id", "name")}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-B", str(DOCS / "build.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout + done.stderr == ""
    return folder / "site"


@pytest.fixture(scope="module")
def built(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in sorted(site.rglob("*.html"))}


def is_foreign(address: str) -> bool:
    return bool(re.match(r"(\w+:)?//|\w+:", address)) and not address.startswith("data:")


def test_every_page_is_in_it(site: Path, built: dict[Path, Page]) -> None:
    assert {site / "docs" / f"{page.stem}.html" for page in PAGES} <= built.keys()
    assert site / "docs" / "decisions" / "index.html" in built
    assert site / "index.html" in built


def test_the_navigation_leads_through_it_in_order(site: Path) -> None:
    text = (site / "docs" / "index.html").read_text(encoding="utf-8")
    found = re.findall(r'md-nav__link.*?<span class="md-ellipsis">\s*(.*?)\s*<', text, re.DOTALL)
    places = [found.index(name) for name in ORDER]
    assert places == sorted(places)


def test_pages_load_nothing_from_elsewhere(built: dict[Path, Page]) -> None:
    for path, page in built.items():
        assert page.loads, path
        assert [address for address in page.loads if is_foreign(address)] == [], path
        assert "default-src 'self'" in page.policy, path
        assert "//" not in page.policy, path


def addresses(text: str) -> Iterator[str]:
    for found in re.findall(r"https?://[^\s\"'`)<>\\]*", text):
        if found not in NAMESPACES | REMARKS:
            yield found


def test_styles_and_scripts_name_no_other_host(site: Path) -> None:
    parts = [*site.rglob("*.css"), *site.rglob("*.js")]
    assert len(parts) > 3
    for path in parts:
        text = path.read_text(encoding="utf-8")
        assert list(addresses(text)) == [], path
        assert not re.search(r"url\(\s*[\"']?//|@import\s+[\"']?//", text), path


def test_inline_scripts_name_no_other_host(built: dict[Path, Page]) -> None:
    for path in built:
        text = path.read_text(encoding="utf-8")
        for script in re.findall(r"<(script|style)[^>]*>(.*?)</\1>", text, re.DOTALL):
            assert list(addresses(script[1])) == [], path


def test_every_link_leads_somewhere(site: Path, built: dict[Path, Page]) -> None:
    broken = []
    for path, page in built.items():
        if path.name == "404.html":
            continue  # its addresses are absolute, for a site at the root
        for link in page.links:
            target, anchor = urldefrag(unquote(link))
            if is_foreign(link):
                continue
            file = (path.parent / target).resolve() if target else path
            if file.is_dir():
                file /= "index.html"
            known = built[file].names if file in built else set()
            if not file.is_file() or (anchor and anchor not in known):
                broken.append((str(path.relative_to(site)), link))
    assert broken == []


def test_what_can_be_searched_is_there(site: Path) -> None:
    index = json.loads((site / "search.json").read_text(encoding="utf-8"))
    assert "IDEMPOTENCY_KEY_REUSED" in json.dumps(index)


def test_a_broken_link_stops_the_build(tmp_path: Path) -> None:
    """The same settings with a page that links to nothing."""
    pages = tmp_path / "pages"
    pages.mkdir()
    settings = (DOCS / "mkdocs.yml").read_text(encoding="utf-8")
    settings = re.sub(r"^  (custom_dir|favicon):.*\n", "", settings, flags=re.MULTILINE)
    (tmp_path / "mkdocs.yml").write_text(settings, encoding="utf-8")
    command = [str(Path(sys.executable).with_name("zensical")), "build", "--strict"]
    for text, code in (("[fine](index.md)", 0), ("[gone](gone.md)", 1)):
        (pages / "index.md").write_text(f"# Page\n\n{text}\n", encoding="utf-8")
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr


def test_the_build_is_one_command() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^docs: .*\n\t@\.venv/bin/python docs/build\.py$", makefile, re.MULTILINE)


def test_pictures_are_small() -> None:
    pictures = sorted((ROOT / "docs" / "images").glob("*.png"))
    assert [each.stem for each in pictures] == ["home", "topic"]
    for page in ("README.md", "docs/quickstart.md"):
        shown = re.findall(r"!\[[^]]{20,}\]\(\S*images/(\w+)\.png\)", (ROOT / page).read_text())
        assert shown == ["home", "topic"], page
    assert all(each.stat().st_size <= 100_000 for each in pictures)
