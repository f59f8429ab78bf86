"""The documentation tells every setting, error code, event and page there is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from akako import main
from akako.kernel.errors import ApiError
from akako.settings import Settings, variable
from tests.docs.pages import DOCS, PAGES, REPOSITORY, whole_text

SERVER = REPOSITORY / "server" / "akako"


def kinds(above: type[ApiError] = ApiError) -> Iterator[type[ApiError]]:
    """All errors that the assembled server can answer with."""
    assert main.endpoints()
    for each in above.__subclasses__():
        yield each
        yield from kinds(each)


def announced() -> Iterator[str]:
    """Every event in the code; of one that is composed, the part that is fixed."""
    for path in SERVER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "jobs.announce":
                event = node.args[1]
                first = event.values[0] if isinstance(event, ast.JoinedStr) else event
                if isinstance(first, ast.Constant):
                    yield str(first.value)
            elif isinstance(node, ast.Constant) and "into outbox" in str(node.value):
                yield from re.findall(
                    r"'([a-z_]+\.[a-z]+)'", str(node.value).partition("outbox")[2]
                )


def test_every_setting_is_explained() -> None:
    text = whole_text()
    missing = [
        variable(field)
        for field in Settings.__struct_fields__
        if not re.search(rf"\b{variable(field)}\b", text)
    ]
    assert missing == []


def test_no_setting_is_explained_that_does_not_exist() -> None:
    named = set(re.findall(r"\bAKAKO_[A-Z0-9_]*[A-Z0-9]\b(?!_)", whole_text()))
    assert named == set(map(variable, Settings.__struct_fields__))


def test_every_error_code_is_explained() -> None:
    page = (DOCS / "errors.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| (\d{3}) \| `(\w+)` \|", page, re.MULTILINE))
    assert told == {(str(each.status), each.code) for each in kinds()} | {("500", "INTERNAL_ERROR")}


def test_every_event_is_told() -> None:
    events = set(announced())
    assert {"user.created", "document.uploaded", "enrollment."} <= events
    page = (DOCS / "webhooks.md").read_text(encoding="utf-8")
    assert [event for event in sorted(events) if f"`{event}" not in page] == []


def test_every_page_can_be_found() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\((\w[\w-]*\.md)\)", index))
    assert linked == {page.name for page in PAGES} - {"index.md"}
    assert "docs/index.md" in (REPOSITORY / "README.md").read_text(encoding="utf-8")
