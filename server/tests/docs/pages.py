"""The user's documentation and the examples in it."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
DOCS = REPOSITORY / "docs"
PAGES = sorted(DOCS.glob("*.md"))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def events() -> list[str]:
    """The events of the table in webhooks.md."""
    page = (DOCS / "webhooks.md").read_text(encoding="utf-8")
    table = page.partition("\n## Events of this server\n")[2]
    rows = re.findall(r"^\| (`\w+(?:\.\w+)?`.*?) \|", table, re.MULTILINE)
    return re.findall(r"`(\w+(?:\.\w+)?)`", "\n".join(rows))


def event_fields() -> dict[str, list[str]]:
    """The fields of `data` by event, from the same table."""
    page = (DOCS / "webhooks.md").read_text(encoding="utf-8")
    table = page.partition("\n## Events of this server\n")[2]
    rows = re.findall(r"^\| (`\w+(?:\.\w+)?`.*?) \| (.*?) \|$", table, re.MULTILINE)
    return {
        event: sorted(re.findall(r"`(\w+)`", fields))
        for events, fields in rows
        for event in re.findall(r"`(\w+(?:\.\w+)?)`", events)
    }


def whole_text() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


def languages(page: Path) -> list[str]:
    """Of all blocks of the page, in order."""
    return [name for name, _ in FENCE.findall(page.read_text(encoding="utf-8"))]


def examples(page: Path, language: str) -> list[str]:
    """The page's blocks in that language, in order."""
    found = FENCE.findall(page.read_text(encoding="utf-8"))
    return [code for name, code in found if name == language]
