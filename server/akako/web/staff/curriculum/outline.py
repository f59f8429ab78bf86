"""Names that were typed or pasted, one per line; indented lines belong to the line above."""

from __future__ import annotations

import re

import msgspec

MAX_LINES = 100
TAB = 4
BULLET = re.compile(r"^(?:[-*•]|\d+[.)])\s+")

# Parts of names of levels, in English and French, and the stage of the grades in them.
STAGES = (
    ("higher", re.compile(r"univers|tertiary|higher|faculty|supérieur", re.IGNORECASE)),
    ("secondary", re.compile(r"second|high|middle|junior|lycée|collège", re.IGNORECASE)),
)


class Line(msgspec.Struct, frozen=True):
    """A name and its depth; 0 is not indented."""

    depth: int
    name: str


def read_lines(text: str) -> list[Line]:
    """Return at most MAX_LINES names. Bullets and numbers of lists are left out."""
    found: list[Line] = []
    indents: list[int] = []
    for raw in text.expandtabs(TAB).splitlines():
        name = BULLET.sub("", raw.strip()).strip()
        if not name:
            continue
        indent = len(raw) - len(raw.lstrip())
        while indents and indents[-1] >= indent:
            indents.pop()
        found.append(Line(len(indents), name))
        indents.append(indent)
    return found[:MAX_LINES]


def write_lines(lines: list[Line]) -> str:
    """Return the text of lines, as `read_lines` reads it."""
    return "\n".join(" " * TAB * line.depth + line.name for line in lines)


def stage_of(level: str) -> str:
    """Return the stage that the name of a level suggests. `web/src` has the same rule."""
    return next((stage for stage, part in STAGES if part.search(level)), "primary")
