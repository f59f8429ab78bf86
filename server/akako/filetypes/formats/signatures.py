"""Checks over the first bytes of a file, for the types that have one fixed signature."""

from __future__ import annotations

import re

PDF_MARK = b"%PDF-"
# Bytes that may precede the mark. The reference viewer searches the first 1,024 bytes.
MAX_PDF_OFFSET = 1024
# Every check of this package needs at most this many bytes from the start of the file.
HEAD_BYTES = MAX_PDF_OFFSET + len(PDF_MARK)
OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP = b"PK\x03\x04"
# A browser that ignores `nosniff` treats a file with such bytes near its start as HTML.
MARKUP = re.compile(rb"<[A-Za-z!?/]")
# Formats that other programs would open or run when they find the file under another name.
FOREIGN = (
    OLE2,
    b"PK",
    b"MZ",
    b"\x7fELF",
    b"#!",
    b"\xca\xfe\xba\xbe",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"Rar!",
    b"7z\xbc\xaf\x27\x1c",
    b"\x1f\x8b",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"RIFF",
    b"OggS",
    b"{\\rtf",
)


def is_pdf(head: bytes) -> bool:
    """Return whether `%PDF-` follows at most 1,024 bytes that are of no other format."""
    offset = head.find(PDF_MARK, 0, MAX_PDF_OFFSET + len(PDF_MARK))
    if offset <= 0:
        return offset == 0
    leading = head[:offset]
    return not leading.startswith(FOREIGN) and not MARKUP.search(leading)


def is_ole2(head: bytes) -> bool:
    return head.startswith(OLE2)


def is_zip(head: bytes) -> bool:
    return head.startswith(ZIP)


def is_zip_or_ole2(head: bytes) -> bool:
    """Return whether an Office Open XML file can begin so: encrypted ones are OLE2."""
    return head.startswith((ZIP, OLE2))


def is_ogg(head: bytes) -> bool:
    return head.startswith(b"OggS")


def is_avi(head: bytes) -> bool:
    return head.startswith(b"RIFF") and head[8:12] == b"AVI "
