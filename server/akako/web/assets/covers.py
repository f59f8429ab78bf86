"""Draw the picture of a subject from its id: a hue and two layers of shapes on a grid."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import NamedTuple

HUES = 8
COLUMNS, ROWS, SIDE = 6, 2, 40
# One shape per cell of 40 units, drawn from the cell's corner: quarter discs, half discs, a disc,
# a triangle.
SHAPES = (
    "h40a40 40 0 0 1-40 40z",
    "v40h40a40 40 0 0 1-40-40z",
    "m40 0v40h-40a40 40 0 0 1 40-40z",
    "m0 40v-40a40 40 0 0 1 40 40z",
    "m0 20a20 20 0 0 1 40 0z",
    "m20 0a20 20 0 0 0 0 40z",
    "m20 6a14 14 0 0 1 0 28 14 14 0 0 1 0-28z",
    "v40h40z",
)


class Cover(NamedTuple):
    hue: int
    back: str
    front: str


@lru_cache(maxsize=4096)
def cover_of(subject_id: str) -> Cover:
    """Return hue and path data of a subject, the same at every call on every server."""
    digest = hashlib.sha256(subject_id.encode()).digest()
    layers: tuple[list[str], list[str]] = ([], [])
    for cell in range(COLUMNS * ROWS):
        byte = digest[cell + 1]
        row, column = divmod(cell, COLUMNS)
        layer = layers[1] if byte & 0x30 else layers[0]
        layer.append(f"M{column * SIDE} {row * SIDE}{SHAPES[byte & 7]}")
    return Cover(digest[0] % HUES, "".join(layers[0]), "".join(layers[1]))
