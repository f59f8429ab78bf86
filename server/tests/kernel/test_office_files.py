"""Office documents are judged by their archive's central directory."""

from __future__ import annotations

import io
import stat
import struct
import time
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.parts.samples import is_refused, sample


def zipped(members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in members.items():
            member = zipfile.ZipInfo()
            member.filename = name  # the constructor would replace backslashes on Windows
            archive.writestr(member, content, method)
    return target.getvalue()


MIB = 1024 * 1024
DOCX = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<document/>"}


def test_a_plain_archive_is_no_document() -> None:
    assert not is_refused("a.docx", zipped(DOCX))
    assert is_refused("a.docx", zipped({"word/document.xml": b""}))
    assert is_refused("a.docx", zipped({"[Content_Types].xml": b"", "a.txt": b""}))
    assert is_refused("a.odt", zipped({"mimetype": b"text/plain", "content.xml": b""}))


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "word/../../evil",
        "..\\evil",
        "/etc/passwd",
        "\\evil",
        "C:/evil",
        "word/vbaProject.bin",
        "word/VBAPROJECT.BIN",
        "WORD\\vbaProject.bin",
        "word/vbaProject%2Ebin",
        "word/vbaProject.bin.",
    ],
)
def test_members_that_are_refused(name: str) -> None:
    assert is_refused("a.docx", zipped({**DOCX, name: b""}))


def test_entities_are_never_expanded() -> None:
    """No XML is read at all, so that nothing in it can be expanded or fetched."""
    bomb = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 12))
    evil = b'<!DOCTYPE l [<!ENTITY l0 "lol">%s<!ENTITY x SYSTEM "file:///etc/passwd">]>' % bomb
    content = evil + b"<document>&l11;&x;</document>"
    started = time.monotonic()
    assert not is_refused("a.docx", zipped({**DOCX, "word/document.xml": content}))
    assert not is_refused("a.docx", zipped({**DOCX, "[Content_Types].xml": content}))
    assert time.monotonic() - started < 5


def test_members_that_look_odd_but_are_fine() -> None:
    more = {"word/..a": b"", "word/a..b/c": b"", "Über.xml": b"", "customXml/item1:2.xml": b""}
    assert not is_refused("a.docx", zipped({**DOCX, **more}))


def test_links_in_archives() -> None:
    target = io.BytesIO()
    link = zipfile.ZipInfo("word/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in DOCX.items():
            archive.writestr(name, content)
        archive.writestr(link, "/etc/passwd")
    assert is_refused("a.docx", target.getvalue())


def declaring(unpacked: int, content: bytes = b"") -> bytes:
    """A document with a member that declares this size."""
    archive = bytearray(zipped({**DOCX, "big": content}, method=zipfile.ZIP_STORED))
    entry = archive.rindex(b"PK\x01\x02")
    struct.pack_into("<L", archive, entry + 24, unpacked)
    return bytes(archive)


def test_bitmaps_may_be_compressed_well() -> None:
    content = zipped({**DOCX, "word/media/screenshot.bmp": bytes(2_000_000)})
    assert 400 * len(content) < 2_000_000
    assert not is_refused("a.docx", content)


def test_archives_that_declare_to_unpack_to_much_more() -> None:
    assert not is_refused("a.docx", declaring(199 * MIB))
    assert is_refused("a.docx", declaring(201 * MIB))
    assert not is_refused("a.docx", declaring(201 * MIB, bytes(1_100_000)))
    assert not is_refused("a.docx", declaring(1023 * MIB, bytes(6 * MIB)))
    assert is_refused("a.docx", declaring(1025 * MIB, bytes(6 * MIB)))


@pytest.mark.parametrize("ending", ["docx", "xlsx", "pptx"])
def test_part_names_in_any_case_and_with_backslashes(ending: str) -> None:
    for rename in (str.lower, str.upper, lambda name: name.replace("/", "\\")):
        assert not is_refused(f"a.{ending}", renamed(sample(ending), rename))


def renamed(archive: bytes, rename: Callable[[str], str]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        return zipped({rename(name): source.read(name) for name in source.namelist()})


def test_the_type_of_an_open_document_may_be_compressed() -> None:
    mime = b"application/vnd.oasis.opendocument.text"
    for content in (mime, mime + b"\n"):
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            members = {"mimetype": content, "content.xml": b""}
            assert not is_refused("a.odt", zipped(members, method=method))
    assert not is_refused("a.odt", zipped({"mimetype": mime, "encrypted-package": b"x"}))


@pytest.mark.parametrize(
    "content",
    [b"", b"text/plain", b"application/vnd.oasis.opendocument.text-template", bytes(9**6)],
)
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_types_of_other_documents(content: bytes, method: int) -> None:
    assert is_refused("a.odt", zipped({"mimetype": content, "content.xml": b""}, method=method))


def test_a_type_that_cannot_be_unpacked() -> None:
    mime = b"application/vnd.oasis.opendocument.text"
    archive = bytearray(zipped({"mimetype": mime, "content.xml": b""}))
    at = 30 + len("mimetype")
    archive[at : at + 8] = b"\xff" * 8
    assert is_refused("a.odt", bytes(archive))


def test_archives_of_too_many_members() -> None:
    def members(count: int) -> dict[str, bytes]:
        return {**DOCX, **{f"m{number}": b"" for number in range(count - len(DOCX))}}

    assert not is_refused("a.docx", zipped(members(10_000)))
    assert is_refused("a.docx", zipped(members(10_001)))


def test_archives_with_foreign_bytes() -> None:
    archive = zipped(DOCX)
    assert is_refused("a.docx", b"<html>" + archive)
    assert is_refused("a.docx", archive + b"<html>")
    assert is_refused("a.docx", archive[:4] + b"x" * 100 + archive[4:])
    assert is_refused("a.docx", archive[:-5])


@given(st.integers(0, 600), st.binary(min_size=1, max_size=8))
def test_damaged_archives_are_judged_without_other_errors(at: int, damage: bytes) -> None:
    archive = bytearray(sample("odt"))
    archive[at : at + len(damage)] = damage
    assert is_refused("a.odt", bytes(archive)) in {True, False}
