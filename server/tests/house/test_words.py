"""Texts and names use plain technical English: no word of the excluded list is added."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house import words
from tests.house.project import ROOT, project_files


def test_no_excluded_word_is_added() -> None:
    remaining = words.read_remaining(words.REMAINING.read_text(encoding="utf-8"))
    found = words.excess(words.find_in(project_files()), remaining)
    assert not found, "\n" + "\n".join(found)


def test_the_check_reads_every_part_of_the_project() -> None:
    read = {str(path.relative_to(ROOT)) for path in project_files() if path.suffix in words.TEXT}
    parts = {
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "Makefile",
        "contract/openapi.json",
        "deploy/nginx.conf",
        "sdk/typescript/src/index.ts",
        "sdk/python/akako_lms/__init__.py",
        "bench/run.py",
        "server/akako/main.py",
        "server/tests/conftest.py",
        "docs/index.md",
    }
    assert parts - read == set()


def test_allowed_places_exist() -> None:
    assert [name for name in words.ALLOWED if not (ROOT / name).exists()] == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Whoever asks.", "whoever"),
        ("def test_nobody_is_asked", "nobody"),
        ("# what is at\n    # hand now", "at hand"),
        ("what is at\nhand now", "at hand"),
        ("AT_HAND = 1", "at hand"),
        ("told = 1", "told"),
        ("it heeds this", "heeds"),
        ("two deeds", "deeds"),
        ("of its own accord", "of its own accord"),
        ("> this is\n> due to that", "is due to"),
    ],
)
def test_an_excluded_word_is_found(text: str, word: str) -> None:
    (finding,) = words.find(f"first\n{text}\n")
    assert (finding.line, finding.word) == (2, word)


@pytest.mark.parametrize(
    "text",
    ["indeed", "retold", "a handler at handlers", "the data truth", "whateverElse", "at a hand"],
)
def test_other_words_are_not_found(text: str) -> None:
    assert words.find(text) == []


def test_one_finding_too_many_is_reported(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Nobody.\nSomebody.\n")
    found = words.find_in([page], tmp_path)
    assert words.excess(found, {"page.md": 2}) == []
    assert words.excess(found, {"page.md": 1}) == [
        "page.md: 2 found, 1 allowed",
        "  page.md:1: nobody: Nobody.",
        "  page.md:2: somebody: Somebody.",
    ]


def test_the_list_can_only_shrink(tmp_path: Path) -> None:
    page = tmp_path / "moved.md"
    page.write_text("Nobody.\n")
    found = words.find_in([page], tmp_path)
    text = words.lowered(found, {"old.md": 1, "clean.md": 3})
    assert words.read_remaining(text) == {"moved.md": 1}
    with pytest.raises(ValueError, match="1 findings, 0 allowed"):
        words.lowered(found, {})
