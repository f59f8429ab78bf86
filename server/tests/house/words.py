"""Find words that the style rules of this project exclude.

`make words` prints each finding as `path:line: word: text`, then the number of findings per file.
`make words WRITE=1` also lowers the counts in `words_remaining.txt`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from tests.house.project import ROOT, project_files

REMAINING = Path(__file__).with_name("words_remaining.txt")
WORDS = (
    "whoever",
    "whatever",
    "nobody",
    "somebody",
    "everybody",
    "deeds?",
    "told",
    "heed(?:s|ed)?",
    "thereby",
    "nevertheless",
    "meanwhile",
    "at hand",
    "in peace",
    "a truth",
    "of its own accord",
    "is due to",
)
# The words of a phrase may be parted by a line break, or by the underscore of a name.
GAP = r"(?:[ \t_]+|[ \t]*\n[ \t]*(?:#|//|\*|>)?[ \t]*)"
PATTERN = re.compile(
    rf"(?<![A-Za-z])(?:{'|'.join(WORDS).replace(' ', GAP)})(?![A-Za-z])", re.IGNORECASE
)
TEXT = {
    ".py", ".md", ".ts", ".js", ".mjs", ".mts", ".json", ".toml", ".yaml", ".yml", ".in", ".sh",
    ".conf", ".service", ".example", ".ini", ".mako", ".html", ".css", ".sql", ".txt", ".tsx", "",
}  # fmt: skip
# Files whose words are not ours, or that must hold the words. Keep this list short.
ALLOWED = {
    "LICENSE": "the text of the MIT licence",
    "server/tests/house/words.py": "the list itself",
    "server/tests/house/test_words.py": "samples for the check",
    "server/akako/ops/static/swagger-ui.LICENSE.txt": "written by others",
    "server/akako/ops/static/swagger-ui.NOTICE.txt": "written by others",
    "server/akako/ops/static/swagger-ui-bundle.js": "written by others",
    "server/akako/ops/static/swagger-ui-bundle.js.LICENSE.txt": "written by others",
    "server/akako/ops/static/swagger-ui.css": "written by others",
}
# Words that are names outside this project, or that an older release reads, and where they may be.
NAMES = {
    "server/akako/migrations/versions/0004_documents_and_uploads.py": "told",  # a column
    "server/akako/uploads/queries.py": "told",
    "server/tests/faults/test_invariants.py": "told",
    "server/tests/journeys/objects.py": "told",
    "server/tests/migrations/test_stairway.py": "told",
    "server/tests/deploy/test_wrapper.py": "nobody",  # an account of Unix
}


class Finding(msgspec.Struct, frozen=True):
    """An excluded word and the line, counted from 1, in which it begins."""

    line: int
    word: str
    text: str


def find(text: str) -> list[Finding]:
    """Return every excluded word of a text, in order."""
    lines = text.splitlines()
    found = []
    for match in PATTERN.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        word = re.sub(r"[\W_]+", " ", match[0]).lower()
        found.append(Finding(line, word, lines[line - 1].strip()))
    return found


def find_in(paths: Iterable[Path], root: Path = ROOT) -> dict[str, list[Finding]]:
    """Return the findings per file with any, by its path below `root`."""
    named = {str(path.relative_to(root)): path for path in paths if path.suffix in TEXT}
    found = {
        name: [
            each
            for each in find(path.read_text(encoding="utf-8", errors="replace"))
            if each.word != NAMES.get(name)
        ]
        for name, path in named.items()
        if name not in ALLOWED and path != REMAINING
    }
    return {name: findings for name, findings in found.items() if findings}


def read_remaining(text: str) -> dict[str, int]:
    """Return how many findings each file may still have."""
    rows = (line.split(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: int(count) for count, name in rows}


def excess(found: Mapping[str, list[Finding]], remaining: Mapping[str, int]) -> list[str]:
    """Return the files with more findings than remain allowed, with each finding."""
    return [
        line
        for name, findings in found.items()
        if len(findings) > remaining.get(name, 0)
        for line in (
            f"{name}: {len(findings)} found, {remaining.get(name, 0)} allowed",
            *(f"  {name}:{each.line}: {each.word}: {each.text}" for each in findings),
        )
    ]


def lowered(found: Mapping[str, list[Finding]], remaining: Mapping[str, int]) -> str:
    """Return the new text of the list.

    Raises:
        ValueError: The project has more findings than the list allows in all. Files may move.
    """
    total, allowed = sum(map(len, found.values())), sum(remaining.values())
    if total > allowed:
        raise ValueError(f"{total} findings, {allowed} allowed: rewrite the new ones first.")
    head = "# Findings that remain to be rewritten, per file. Counts may only fall: see words.py.\n"
    return head + "".join(f"{len(each)} {name}\n" for name, each in sorted(found.items()))


def _report(found: Mapping[str, list[Finding]]) -> Iterator[str]:
    for name, findings in found.items():
        yield from (f"{name}:{each.line}: {each.word}: {each.text[:120]}" for each in findings)
    yield ""
    yield from (f"{len(each):4} {name}" for name, each in found.items())
    yield f"{sum(map(len, found.values())):4} in all"


def main(arguments: list[str]) -> None:
    found = find_in(project_files())
    sys.stdout.write("\n".join(_report(found)) + "\n")
    if "--write" in arguments:
        remaining = read_remaining(REMAINING.read_text(encoding="utf-8"))
        REMAINING.write_text(lowered(found, remaining), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
