"""Office documents with a password are OLE2 files, recognized by their directory."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.parts.samples import is_refused, sample

PROTECTED = (Path(__file__).parents[1] / "real_files" / "data" / "protected.xlsx").read_bytes()
END, FREE = 0xFFFFFFFE, 0xFFFFFFFF


def compound(*names: str, shift: int = 9) -> bytes:
    """A compound file of a header, a table sector and directory sectors with these names."""
    size = 1 << shift
    entries = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 2 * len(name) + 2) + bytes(62)
        for name in names
    )
    sectors = max(1, -(-len(entries) // size))
    chain = [0xFFFFFFFD, *range(2, sectors + 1), END]
    table = struct.pack(f"<{len(chain)}L", *chain).ljust(size, b"\xff")
    header = bytearray(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0"))
    struct.pack_into("<H", header, 30, shift)
    struct.pack_into("<L", header, 48, 1)
    struct.pack_into("<L", header, 68, END)
    struct.pack_into("<109L", header, 76, 0, *[FREE] * 108)
    return bytes(header).ljust(size, b"\0") + table + entries.ljust(sectors * size, b"\0")


ENCRYPTED = ("Root Entry", "EncryptionInfo", "EncryptedPackage")


@pytest.mark.parametrize("ending", ["docx", "xlsx", "pptx"])
def test_documents_with_a_password(ending: str) -> None:
    assert not is_refused(f"a.{ending}", PROTECTED)
    for shift in (9, 12):
        assert not is_refused(f"a.{ending}", compound(*ENCRYPTED, shift=shift))
        assert not is_refused(f"a.{ending}", compound(*["Other"] * 40, *ENCRYPTED, shift=shift))


@pytest.mark.parametrize("ending", ["docx", "xlsx", "pptx"])
@pytest.mark.parametrize(
    "content",
    [
        compound("Root Entry", "WordDocument"),
        compound("Root Entry", "EncryptedPackage"),
        compound("Root Entry", "EncryptionInfo", "EncryptedPackages"),
        compound(*["Other"] * 300, *ENCRYPTED),
        compound(*ENCRYPTED)[:600],
        compound(*ENCRYPTED) + sample("docx"),
        compound(*ENCRYPTED)[:8],
        sample("doc"),
    ],
    ids=len,
)
def test_other_compound_files(ending: str, content: bytes) -> None:
    assert is_refused(f"a.{ending}", content)


@pytest.mark.parametrize("ending", ["odt", "pdf", "txt", "png"])
def test_other_extensions(ending: str) -> None:
    assert is_refused(f"a.{ending}", PROTECTED)


def test_circles_end() -> None:
    """Both chains lead to themselves."""
    content = bytearray(compound(*["Other"] * 4))
    struct.pack_into("<L", content, 68, 0)  # the extra table is the table
    struct.pack_into("<128L", content, 512, *[1] * 127, 0)
    started = time.thread_time()
    assert is_refused("a.docx", bytes(content))
    assert time.thread_time() - started < 1


@given(st.integers(0, 1500), st.binary(min_size=1, max_size=8))
def test_damaged_files_are_judged_without_other_errors(at: int, damage: bytes) -> None:
    content = bytearray(compound(*ENCRYPTED))
    content[at : at + len(damage)] = damage
    assert is_refused("a.docx", bytes(content)) in {True, False}
