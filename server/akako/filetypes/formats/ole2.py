"""The names in an OLE2 compound file, read from its directory alone ([MS-CFB]).

Password-protected Office Open XML files are OLE2 files with an encrypted package inside
([MS-OFFCRYPTO], section 2.3.4).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from akako.filetypes.formats.signatures import OLE2

# Signature, sector shift, first directory sector, first extra table sector, allocation table.
HEADER = struct.Struct("<8s22xH16xL16xL4x109L")
SECTOR_SHIFTS = (9, 12)
ENTRY_BYTES = 128
LAST_SECTOR = 0xFFFFFFFA  # larger numbers mark ends and free sectors
# Bounds of what is read. An encrypted package has about a dozen directory entries.
MAX_DIRECTORY_SECTORS = 64
MAX_TABLE_SECTORS = 512

ENCRYPTED = frozenset({"EncryptionInfo", "EncryptedPackage"})


def has_encrypted_package(file: BinaryIO) -> bool:
    """Return whether the file is an Office document encrypted with a password."""
    return frozenset(_names(file)) >= ENCRYPTED


class _Sectors:
    """The sectors of a compound file and the table that chains them."""

    def __init__(self, file: BinaryIO, shift: int, extra: int, table: list[int]) -> None:
        self._file = file
        self._bytes = 1 << shift
        self._table = [*table, *self._extra_table(extra)]

    def read(self, sector: int) -> bytes:
        self._file.seek((sector + 1) * self._bytes)
        return self._file.read(self._bytes)

    def following(self, sector: int) -> int:
        """Return the next sector of a chain, or a number above LAST_SECTOR."""
        index, slot = divmod(sector, self._bytes // 4)
        if index >= len(self._table) or self._table[index] > LAST_SECTOR:
            return LAST_SECTOR + 1
        self._file.seek((self._table[index] + 1) * self._bytes + slot * 4)
        number = self._file.read(4)
        return int.from_bytes(number, "little") if len(number) == 4 else LAST_SECTOR + 1

    def _extra_table(self, sector: int) -> Iterator[int]:
        for _ in range(MAX_TABLE_SECTORS):
            content = self.read(sector) if sector <= LAST_SECTOR else b""
            if len(content) < self._bytes:
                return
            *numbers, sector = struct.unpack(f"<{self._bytes // 4}L", content)
            yield from numbers


def _names(file: BinaryIO) -> Iterator[str]:
    """Yield the names of streams and storages, up to the bound or the first damaged sector."""
    file.seek(0)
    header = file.read(HEADER.size)
    if len(header) < HEADER.size:
        return
    signature, shift, sector, extra, *table = HEADER.unpack(header)
    if signature != OLE2 or shift not in SECTOR_SHIFTS:
        return
    sectors = _Sectors(file, shift, extra, table)
    for _ in range(MAX_DIRECTORY_SECTORS):
        content = sectors.read(sector) if sector <= LAST_SECTOR else b""
        for at in range(0, len(content) - ENTRY_BYTES + 1, ENTRY_BYTES):
            length = min(int.from_bytes(content[at + 64 : at + 66], "little"), 64)
            yield content[at : at + max(length - 2, 0)].decode("utf-16-le", errors="replace")
        sector = sectors.following(sector)
