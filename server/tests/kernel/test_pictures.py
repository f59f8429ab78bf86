"""Pictures are refused by the pixel count in their header, before anybody draws them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from tests.parts.samples import is_refused


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height) + bytes(9)


def jpeg(width: int, height: int, before: bytes = b"") -> bytes:
    frame = b"\xff\xc0\0\x11\x08" + struct.pack(">HH", height, width) + bytes(10)
    return b"\xff\xd8" + before + frame + b"\xff\xd9"


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\0\0\0;"


def webp(form: bytes, body: bytes) -> bytes:
    return b"RIFF\x40\0\0\0WEBP" + form + b"\x20\0\0\0" + body.ljust(32, b"\0")


def pixels(ending: str, width: int, height: int) -> Iterator[bytes]:
    """Pictures of this size, in every form that the type has."""
    if ending == "png":
        yield png(width, height)
    elif ending == "gif":
        yield gif(width, height)
    elif ending == "jpg":
        yield jpeg(width, height, b"\xff\xe0\0\x04ab")
        yield jpeg(width, height, (b"\xff\xe1\xff\xff" + bytes(65533)) * 3 + b"\xff\xff\xff")
    else:
        yield webp(
            b"VP8X",
            bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little"),
        )
        packed = (width - 1 | (height - 1) << 14).to_bytes(4, "little")
        yield webp(b"VP8L", b"\x2f" + packed)
        yield webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height))


@pytest.mark.parametrize("ending", ["png", "gif", "jpg", "webp"])
def test_pixels_are_counted_in_the_header(ending: str) -> None:
    for content in pixels(ending, 12_000, 9_000):
        assert not is_refused(f"a.{ending}", content)
    for content in pixels(ending, 16_000, 16_000):
        assert is_refused(f"a.{ending}", content)


def test_a_huge_png() -> None:
    assert is_refused("a.png", png(100_000, 100_000))
    assert is_refused("a.png", png(0, 5))


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\0\0" + bytes(100),
        b"\xff\xd8\xff\xe0\0\x01" + bytes(100),
        b"\xff\xd8" + b"\xff" * 100_000,
        b"\xff\xd8" + b"\xff\xd0" * 100_000,
        b"\xff\xd8\xff\xe0\xff\xffshort",
    ],
    ids=lambda content: repr(content[:8]),
)
def test_broken_jpegs(content: bytes) -> None:
    assert is_refused("a.jpg", content)
