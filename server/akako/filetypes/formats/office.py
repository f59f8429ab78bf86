"""Checks of office documents in ZIP archives, by the central directory alone.

The only member that is ever unpacked is an OpenDocument's `mimetype`, up to a few bytes.
Layout of the records: APPNOTE.TXT of the ZIP format, sections 4.3.7, 4.3.12 and 4.3.16.
"""

from __future__ import annotations

import re
import stat
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO
from urllib.parse import unquote

import msgspec

from akako.filetypes.formats import ole2

MAX_ENTRIES = 10_000
MAX_UNPACKED_BYTES = 1024 * 1024 * 1024
# A pasted screenshot is stored as a bitmap and compresses 400 to 1, so the ratio alone proves
# nothing; it counts only for archives that declare much content.
MAX_RATIO = 200
FREE_RATIO_BYTES = 200 * 1024 * 1024
MAX_DIRECTORY_BYTES = 4 * 1024 * 1024
MAX_COMMENT_BYTES = 0xFFFF

END_RECORD = struct.Struct("<4s4H2LH")
ENTRY = struct.Struct("<4s6H3L5H2L")
LOCAL_HEADER = struct.Struct("<4s5H3L2H")
UTF8_NAME = 0x800
STORED, DEFLATED = 0, 8
MAX_PACKED_TYPE_BYTES = 1024

# Part names are compared without case (ECMA-376 part 2, section 6.2.2) and with either slash, as
# some producers write them. Others add a number to the main part's name (`word/document2.xml`).
CONTENT_TYPES = "[content_types].xml"
WORD_PART = re.compile(r"word/document\d*\.xml")
SHEET_PART = re.compile(r"xl/workbook\d*\.xml")
SLIDES_PART = re.compile(r"ppt/presentation\d*\.xml")
MACROS = "vbaproject.bin"
ODF_TYPE = "application/vnd.oasis.opendocument."
# A document encrypted with a password by LibreOffice 24.8 or later has no `content.xml`.
ODF_PARTS = frozenset({"content.xml", "encrypted-package"})


class Entry(msgspec.Struct, frozen=True):
    """A member as the central directory declares it."""

    name: str
    method: int
    packed: int
    unpacked: int
    mode: int
    offset: int

    @property
    def path(self) -> str:
        """Return the name with slashes only."""
        return self.name.replace("\\", "/")


def ends_with_archive(file: BinaryIO, size: int) -> bool:
    """Return whether a ZIP archive is appended, so that archive readers open the file too."""
    return _end_record(file, size) is not None


def is_office_xml(part: re.Pattern[str]) -> Callable[[BinaryIO, int], bool]:
    """Return a check for an Office Open XML file with this main part, or an encrypted one.

    What is encrypted cannot be inspected: any encrypted Office document passes.
    """

    def check(file: BinaryIO, size: int) -> bool:
        if ole2.has_encrypted_package(file):
            return not ends_with_archive(file, size)
        names = {entry.path.lower() for entry in _harmless_entries(file, size)}
        return CONTENT_TYPES in names and any(part.fullmatch(name) for name in names)

    return check


def is_open_document(form: str) -> Callable[[BinaryIO, int], bool]:
    """Return a check for an OpenDocument package of a form: text, spreadsheet or presentation."""
    expected = (ODF_TYPE + form).encode("ascii")

    def check(file: BinaryIO, size: int) -> bool:
        entries = _harmless_entries(file, size)
        return not ODF_PARTS.isdisjoint(entry.name for entry in entries) and any(
            entry.name == "mimetype" and _short_content(file, entry).rstrip() == expected
            for entry in entries
        )

    return check


def _harmless_entries(file: BinaryIO, size: int) -> list[Entry]:
    """Return the members of an archive, or none if any of them or their sum is suspect."""
    entries = _entries(file, size)
    unpacked = sum(entry.unpacked for entry in entries)
    if unpacked > MAX_UNPACKED_BYTES:
        return []
    if unpacked > FREE_RATIO_BYTES and unpacked > MAX_RATIO * size:
        return []
    return [] if any(_is_suspect(entry) for entry in entries) else entries


def _is_suspect(entry: Entry) -> bool:
    path = unquote(entry.path)
    return (
        path.startswith("/")
        or ":" in path.partition("/")[0]
        or "\0" in path
        or ".." in path.split("/")
        or path.rstrip(". ").lower().endswith(MACROS)
        or stat.S_ISLNK(entry.mode)
    )


def _entries(file: BinaryIO, size: int) -> list[Entry]:
    end = _end_record(file, size)
    if end is None:
        return []
    position, count, length, offset = end
    # Nothing may stand before the archive or between its parts. ZIP64's placeholders fail here
    # too: no document within the size limit needs them.
    if count > MAX_ENTRIES or length > MAX_DIRECTORY_BYTES or offset + length != position:
        return []
    file.seek(offset)
    entries = list(_directory(file.read(length)))
    return entries if len(entries) == count else []


def _end_record(file: BinaryIO, size: int) -> tuple[int, int, int, int] | None:
    """Return the end record's position and the directory's entry count, length and offset."""
    start = max(0, size - END_RECORD.size - MAX_COMMENT_BYTES)
    file.seek(start)
    tail = file.read(size - start)
    found = tail.rfind(b"PK\x05\x06")
    while found != -1:
        if found + END_RECORD.size <= len(tail):
            _, disk, _, _, count, length, offset, comment = END_RECORD.unpack_from(tail, found)
            if disk == 0 and found + END_RECORD.size + comment == len(tail):
                return start + found, count, length, offset
        found = tail.rfind(b"PK\x05\x06", 0, found)
    return None


def _directory(records: bytes) -> Iterator[Entry]:
    """Yield the entries of a central directory, up to the first that is invalid."""
    position = 0
    while position + ENTRY.size <= len(records):
        fields = ENTRY.unpack_from(records, position)
        signature, flags, method, packed, unpacked = (fields[i] for i in (0, 3, 4, 8, 9))
        name_length, extra_length, comment_length = fields[10:13]
        attributes, offset = fields[15:17]
        if signature != b"PK\x01\x02":
            return
        name = records[position + ENTRY.size : position + ENTRY.size + name_length]
        text = name.decode("utf-8" if flags & UTF8_NAME else "cp437", errors="replace")
        yield Entry(text, method, packed, unpacked, attributes >> 16, offset)
        position += ENTRY.size + name_length + extra_length + comment_length


def _short_content(file: BinaryIO, entry: Entry) -> bytes:
    """Return a member's content, or nothing if it is longer than a MIME type can be."""
    if entry.packed > MAX_PACKED_TYPE_BYTES or entry.method not in (STORED, DEFLATED):
        return b""
    file.seek(entry.offset)
    header = file.read(LOCAL_HEADER.size)
    if len(header) < LOCAL_HEADER.size:
        return b""
    *_, name_length, extra_length = LOCAL_HEADER.unpack(header)
    file.seek(name_length + extra_length, 1)
    packed = file.read(entry.packed)
    if entry.method == STORED:
        return packed
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, MAX_PACKED_TYPE_BYTES)
    except zlib.error:
        return b""
