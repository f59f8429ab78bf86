"""The documentation names what exists."""

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from akako.kernel.http.limits import Rate
from akako.settings import Settings, variable
from tests.house.project import ROOT, SERVER, project_files

README = (ROOT / "README.md").read_text(encoding="utf-8")
DECISIONS = ROOT / "docs" / "decisions"
BESIDE = {"sdk", "contract", "docs", "bench", "deploy"}
SECTIONS = ["Context", "Decision", "Alternatives", "Consequences"]

FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    return [path for path in project_files() if path.suffix == ".md"]


def missing_targets(page: str, makefile: str) -> set[str]:
    """Targets that the page's code calls by `make` and that the Makefile lacks."""
    code = "\n".join(CODE.findall(page))
    named = set(re.findall(r"(?:^|[`;&])\s*make ([a-z][a-z-]*)", code, re.MULTILINE))
    return named - set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))


def anchors(page: str) -> set[str]:
    """The names under which the page's headings can be linked to."""
    headings = re.findall(r"^#+ +(.+?) *$", FENCE.sub("", page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> list[str]:
    """Links to files or headings of this project that lead nowhere."""
    text = CODE.sub("", page.read_text(encoding="utf-8"))
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    return [link for link in links if not _leads_somewhere(page, link)]


def _leads_somewhere(page: Path, link: str) -> bool:
    if re.match(r"[a-z]+:", link):
        return True
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    if not target.exists():
        return False
    return not anchor or anchor in anchors(target.read_text(encoding="utf-8"))


def record_faults(records: Iterable[Path]) -> list[str]:
    """Decision records are numbered without gaps, named as they are titled, and complete."""
    faults = []
    for number, path in enumerate(sorted(records), start=1):
        text = path.read_text(encoding="utf-8")
        if not path.name.startswith(f"{number:04}-"):
            faults.append(f"{path.name}: should be number {number:04}")
        if not text.startswith(f"# {path.name[:4]} "):
            faults.append(f"{path.name}: the title lacks the number")
        if re.findall(r"^## (.+)$", text, re.MULTILINE) != SECTIONS:
            faults.append(f"{path.name}: the sections are not {', '.join(SECTIONS)}")
    return faults


def records() -> list[Path]:
    return sorted(DECISIONS.glob("[0-9]*.md"))


def defaults() -> dict[str, str]:
    """The settings whose default can be written as the variable's value, so written."""
    fields = zip(Settings.__struct_fields__, Settings.__struct_defaults__, strict=True)
    texts = {}
    for field, value in fields:
        if isinstance(value, Rate):
            texts[field] = f"{value.hits}/{value.seconds}"
        elif isinstance(value, str | int):
            texts[field] = str(value).lower() if isinstance(value, bool) else str(value)
    return texts


def test_every_make_target_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    found = {
        str(page): missing_targets(page.read_text(encoding="utf-8"), makefile) for page in pages()
    }
    assert {page: targets for page, targets in found.items() if targets} == {}


def test_every_link_leads_somewhere() -> None:
    found = {str(page): broken_links(page) for page in pages()}
    assert {page: links for page, links in found.items() if links} == {}


def test_decision_records_are_complete() -> None:
    assert len(records()) >= 11
    assert record_faults(records()) == []


def test_decision_records_are_listed() -> None:
    index = (DECISIONS / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"\]\((\d{4}-[^)]+)\)", index) == [path.name for path in records()]


def test_the_readme_lists_exactly_the_settings_that_exist() -> None:
    found = re.findall(r"^\| `(AKAKO_\w+)` \|([^|]*)\|", README, re.MULTILINE)
    rows = dict(found)
    assert len(rows) == len(found)
    assert sorted(rows) == sorted(map(variable, Settings.__struct_fields__))
    for field, default in defaults().items():
        assert rows[variable(field)].strip() == f"`{default}`", field


def test_the_readme_lists_exactly_the_commands_that_exist() -> None:
    help_command = [sys.executable, "-m", "akako.cli", "--help"]
    text = subprocess.run(help_command, capture_output=True, text=True, check=True).stdout
    existing = re.findall(r"^ {4}([a-z]+)(?: {2}|$)", text, re.MULTILINE)
    named = re.findall(r"(?:`|bin/)akako ([a-z]+)", README)
    assert existing
    assert sorted(set(named)) == sorted(existing)


def test_the_page_for_contributors_names_every_package() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = page.partition("## Where things are")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(\w+)`", table))
    packages = {each.parent.name for each in SERVER.glob("*/*.py")}
    kernel = {each.parent.name for each in (SERVER / "kernel").glob("*/*.py")}
    modules = {each.stem for each in SERVER.glob("*.py") if each.stem != "__init__"}
    assert packages | kernel | modules == named - {"server", *BESIDE}


def test_a_missing_target_is_seen() -> None:
    makefile = "run: x\n\techo\ntest:\n"
    page = "Type `make run` to make money.\n```sh\nmake test  # all\ncd x && make stew\n```\n"
    assert missing_targets(page, makefile) == {"stew"}


def test_a_broken_link_is_seen(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# Other page: part 2\n\n```sh\n# not a heading\n```\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](other.md) [b](other.md#other-page-part-2) [c](https://example.com) `[d](no.md)`\n"
        "[e](gone.md) [f](other.md#not-a-heading) [g](#nowhere)\n"
    )
    assert broken_links(page) == ["gone.md", "other.md#not-a-heading", "#nowhere"]


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        (
            "0002-x.md",
            "# 0002 X\n## Context\n## Decision\n## Alternatives\n## Consequences\n",
            "number",
        ),
        ("0001-x.md", "# X\n## Context\n## Decision\n## Alternatives\n## Consequences\n", "title"),
        ("0001-x.md", "# 0001 X\n## Context\n## Decision\n## Consequences\n", "sections"),
    ],
)
def test_an_incomplete_record_is_seen(tmp_path: Path, name: str, text: str, fault: str) -> None:
    (tmp_path / name).write_text(text)
    (problem,) = record_faults(tmp_path.iterdir())
    assert fault in problem
