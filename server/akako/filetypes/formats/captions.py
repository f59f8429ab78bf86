"""Checks of captions: WebVTT files (W3C WebVTT, section 4.1).

Browsers lay out all cues of a moment together, without a limit: 40,000 cues at once, or a cue of
1 MiB, stop a page for minutes. Such files are rejected.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import accumulate
from typing import BinaryIO

MIME = "text/vtt"
# A player reads the whole file before it shows the first words. A lesson of an hour has 50 KB.
MAX_BYTES = 1024 * 1024
# The signature ends the file or is followed by a blank, a tab or a line end.
SIGNATURE = re.compile(rb"WEBVTT(?:[ \t\r\n]|\Z)")


def is_webvtt(head: bytes) -> bool:
    """Return whether the first line begins with `WEBVTT`, after an optional byte order mark."""
    return SIGNATURE.match(head.removeprefix(codecs.BOM_UTF8)) is not None


MAX_CUES_AT_ONCE = 16
MAX_CUE_BYTES = 2 * 1024
MAX_NOTE_BYTES = 8 * 1024  # of a comment or style sheet
ARROW = b"-->"
TIME = rb"(?:(\d{1,6}):)?(\d{1,2}):(\d{1,2})\.(\d{3})"
TIMES = re.compile(rb"[ \t]*" + TIME + rb"[ \t]*-->[ \t]*" + TIME)
EVER = (0, 10**12)


def is_playable(file: BinaryIO, size: int) -> bool:
    """Return whether a player can show the cues of a complete file without stopping its page."""
    file.seek(0)
    lines = file.read(MAX_BYTES).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for block in lines.split(b"\n\n"):
        if len(block) > (MAX_CUE_BYTES if ARROW in block else MAX_NOTE_BYTES):
            return False
    changes = sorted(_changes(lines.split(b"\n")))
    return max(accumulate(change for _, change in changes), default=0) <= MAX_CUES_AT_ONCE


def _changes(lines: list[bytes]) -> Iterator[tuple[int, int]]:
    """Yield when a cue appears (+1) and disappears (-1), in milliseconds."""
    for line in lines:
        if ARROW in line:
            found = TIMES.match(line)
            # A browser may still read what this pattern does not.
            start, end = (_moment(found, 1), _moment(found, 5)) if found else EVER
            yield start, 1
            yield max(start, end), -1


def _moment(found: re.Match[bytes], group: int) -> int:
    hours, minutes, seconds, rest = (int(found[group + n] or 0) for n in range(4))
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest
