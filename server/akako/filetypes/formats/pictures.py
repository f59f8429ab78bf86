"""Checks of pictures, which are rejected when their header declares too many pixels."""

from __future__ import annotations

import struct
from typing import BinaryIO

# A camera of 12,000 x 9,000 pixels is common; decoders need about 4 bytes for each pixel.
MAX_PIXELS = 250_000_000

# Start-of-frame markers hold a JPEG's size; C4, C8 and CC are tables or reserved.
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
JPEG_BARE_MARKERS = frozenset(range(0xD0, 0xD8)) | {0x01}
MAX_JPEG_SEGMENTS = 2_000


def is_jpeg(head: bytes) -> bool:
    return head.startswith(b"\xff\xd8\xff")


def is_png(head: bytes) -> bool:
    if not head.startswith(b"\x89PNG\r\n\x1a\n") or head[12:16] != b"IHDR" or len(head) < 24:
        return False
    width, height = struct.unpack_from(">II", head, 16)
    return _is_drawable(width, height)


def is_gif(head: bytes) -> bool:
    if not head.startswith((b"GIF87a", b"GIF89a")) or len(head) < 10:
        return False
    width, height = struct.unpack_from("<HH", head, 6)
    return _is_drawable(width, height)


def is_webp(head: bytes) -> bool:
    if not head.startswith(b"RIFF") or head[8:12] != b"WEBP" or len(head) < 30:
        return False
    return _is_drawable(*_webp_size(head))


def has_jpeg_frame(file: BinaryIO, size: int) -> bool:
    """Return whether a JPEG has a frame header, after any segments, of a permitted size."""
    file.seek(2)
    for _ in range(MAX_JPEG_SEGMENTS):
        marker = _jpeg_marker(file)
        if marker is None:
            return False
        if marker in JPEG_BARE_MARKERS:
            continue
        header = file.read(7)
        if len(header) < 7:
            return False
        length, _, height, width = struct.unpack(">HBHH", header)
        if marker in JPEG_FRAMES:
            return _is_drawable(width, height)
        if length < 2:
            return False
        file.seek(length - 7, 1)
    return False


def _jpeg_marker(file: BinaryIO) -> int | None:
    prefix = file.read(2)
    if len(prefix) < 2 or prefix[0] != 0xFF:
        return None
    code = prefix[1]
    for _ in range(MAX_JPEG_SEGMENTS):
        if code != 0xFF:  # any number of FF bytes may pad a marker
            return code
        following = file.read(1)
        code = following[0] if following else 0
    return None


def _webp_size(head: bytes) -> tuple[int, int]:
    form = head[12:16]
    if form == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if form == b"VP8L" and head[20] == 0x2F:
        packed = int.from_bytes(head[21:25], "little")
        return 1 + (packed & 0x3FFF), 1 + (packed >> 14 & 0x3FFF)
    if form == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    return 0, 0


def _is_drawable(width: int, height: int) -> bool:
    return 0 < width * height <= MAX_PIXELS
