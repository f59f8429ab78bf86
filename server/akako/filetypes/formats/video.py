"""Checks over the first bytes of videos: ISO base media (ISO 14496-12), QuickTime and WebM."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Brands of moving pictures that cameras, phones and encoders write.
VIDEO_BRAND = re.compile(
    rb"isom|iso[2-9a-c]|mp4[12]|mp71|avc[1-4]|hvc1|hev1|av01|vp09|dby1|dash|cmf[cs]|msdh"
    rb"|M4V[ HP]|MSNV|XAVC|f4v |F4V |3g[pers2][0-9a-z]|mmp4|piff"
)
QUICKTIME_BRAND = b"qt  "
# Major brands of pictures and sound; their compatible brands often include a video brand.
OTHER_MEDIA = re.compile(
    rb"hei[cxms]|hev[cmsx]|mif[12]|msf1|avi[fs]|crx |jp2 |jpx |jpm |M4[ABP] |F4[AB] "
)
# QuickTime files without `ftyp` begin with one of these atoms.
FIRST_ATOMS = frozenset({b"moov", b"mdat", b"wide", b"skip", b"free", b"pnot"})
ATOM_TYPE = re.compile(rb"[ -~\xa9]{4}")
MAX_BRANDS_BYTES = 1024
# No larger first atom fits a file; it also keeps the first byte from being printable.
MAX_ATOM_BYTES = 0x1FFF_FFFF
EBML = b"\x1a\x45\xdf\xa3"
DOC_TYPE = 0x4282


def is_mp4(head: bytes) -> bool:
    """Return whether a major or compatible brand is one of moving pictures."""
    brands = _brands(head)
    if not brands or OTHER_MEDIA.fullmatch(brands[0]):
        return False
    return any(each == QUICKTIME_BRAND or VIDEO_BRAND.fullmatch(each) for each in brands)


def is_mov(head: bytes) -> bool:
    """Return whether the brands are of a video, or QuickTime atoms begin the file."""
    return is_mp4(head) or _begins_with_atoms(head)


def is_webm(head: bytes) -> bool:
    """Return whether the EBML header names the document type `webm`, with or without padding.

    RFC 8794, section 11.2.9 and section 13: a string ends at its first NUL.
    """
    for identifier, value in _ebml_header(head):
        if identifier == DOC_TYPE:
            return value.rstrip(b"\0") == b"webm"
    return False


def has_file_type(head: bytes) -> bool:
    """Return whether an `ftyp` box comes first; its brands may not have arrived yet."""
    return head[4:8] == b"ftyp"


def begins_with_atom(head: bytes) -> bool:
    """Return whether an `ftyp` box or a known QuickTime atom comes first."""
    return has_file_type(head) or _begins_with_atoms(head)


def is_ebml(head: bytes) -> bool:
    """Return whether the file starts with an EBML header."""
    return head.startswith(EBML)


def _brands(head: bytes) -> list[bytes]:
    """Return the major brand and the compatible ones of an `ftyp` box."""
    size = int.from_bytes(head[:4])
    if head[4:8] != b"ftyp" or not 12 <= size <= MAX_BRANDS_BYTES:
        return []
    compatible = range(16, min(size, len(head)) - 3, 4)
    return [head[8:12], *(head[at : at + 4] for at in compatible)]


def _begins_with_atoms(head: bytes) -> bool:
    """Return whether atoms follow each other as far as `head` reaches; the first is a known one."""
    if head[4:8] not in FIRST_ATOMS:
        return False
    at = 0
    while at + 8 <= len(head):
        size = int.from_bytes(head[at : at + 4])
        if not ATOM_TYPE.fullmatch(head, at + 4, at + 8) or size > MAX_ATOM_BYTES:
            return False
        if size < 8:  # 0: up to the end of the file; 1: a 64-bit size follows
            return size in (0, 1)
        at += size
    return True


def _ebml_header(head: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield identifier and value of the elements in the EBML header, as far as `head` reaches."""
    if not head.startswith(EBML):
        return
    length, at = _variable(head, 4, keep_marker=False)
    end = min(at + length, len(head))
    while at < end:
        identifier, at = _variable(head, at, keep_marker=True)
        length, at = _variable(head, at, keep_marker=False)
        if at > end or at + length > end:
            return
        yield identifier, head[at : at + length]
        at += length


def _variable(data: bytes, at: int, *, keep_marker: bool) -> tuple[int, int]:
    """Return a variable-length integer (RFC 8794, section 4) and the offset after it."""
    first = data[at] if at < len(data) else 0
    width = 9 - first.bit_length()
    value = int.from_bytes(data[at : at + width])
    return value if keep_marker else value & ~(1 << 7 * width), at + width
