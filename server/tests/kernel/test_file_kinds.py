"""Which files are accepted, judged by name, declared type and content."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akako.filetypes.kinds import DOCUMENTS, VIDEOS, Inspector
from akako.kernel.core.errors import UnsupportedMediaType
from tests.house.project import ROOT
from tests.parts.samples import ALL_TYPES, VIDEO_TYPES, is_refused, kind_of, sample

TEXT_TYPES = {"txt", "md", "csv"}
# Files of these types differ by their extension alone.
ALIKE = ({"doc", "xls", "ppt"}, TEXT_TYPES, {"mp4", "mov"})


@pytest.mark.parametrize("ending", ALL_TYPES)
@pytest.mark.parametrize("step", [1, 7, 4096])
def test_real_files(ending: str, step: int) -> None:
    assert kind_of(f"a.{ending}", sample(ending), step=step).mime == ALL_TYPES[ending]


@pytest.mark.parametrize("ending", ALL_TYPES)
def test_a_file_of_another_type_under_this_extension(ending: str) -> None:
    same = next((group for group in ALIKE if ending in group), {ending})
    if ending in TEXT_TYPES:
        same = same | {"vtt"}  # captions are text
    for other in {*ALL_TYPES, "mkv"} - same:
        assert is_refused(f"a.{ending}", sample(other)), other


def test_other_spellings_of_extensions() -> None:
    assert kind_of("a.JPEG", sample("jpg")).mime == "image/jpeg"
    assert kind_of("a.jfif", sample("jpg")).mime == "image/jpeg"
    assert kind_of("a.Pdf", sample("pdf")).mime == "application/pdf"
    assert kind_of("a.ogv", sample("ogg")).mime == "video/ogg"


@pytest.mark.parametrize(
    "name", ["a", "a.html", "a.svg", "a.xml", "a.js", "a.exe", "a.zip", "a.pdf.html", "a.docm", ""]
)
def test_names_that_are_never_accepted(name: str) -> None:
    for allowed in (DOCUMENTS, VIDEOS):
        with pytest.raises(UnsupportedMediaType):
            Inspector(allowed, name, None)


def test_videos_are_no_documents_and_the_reverse() -> None:
    with pytest.raises(UnsupportedMediaType) as caught:
        Inspector(VIDEOS, "a.pdf", None)
    assert caught.value.details == {
        "received": ".pdf",
        "allowed": list(VIDEO_TYPES.values()),
        "reason": "extension",
        "allowedExtensions": [".mp4", ".mov", ".webm", ".ogg", ".ogv", ".avi"],
    }
    with pytest.raises(UnsupportedMediaType) as caught:
        Inspector(DOCUMENTS, "a.mp4", "video/mp4")
    assert caught.value.details["received"] == "video/mp4"


@pytest.mark.parametrize("ending", ALL_TYPES)
def test_declared_types_that_agree(ending: str) -> None:
    mime = ALL_TYPES[ending]
    for declared in (None, "", "application/octet-stream", mime, f"{mime.upper()}; a=b"):
        assert kind_of(f"a.{ending}", sample(ending), declared).mime == mime


@pytest.mark.parametrize("ending", ALL_TYPES)
@pytest.mark.parametrize(
    "declared",
    ["binary/octet-stream", "application/x-download", "application/force-download", "*/*"],
)
def test_vague_declared_types(ending: str, declared: str) -> None:
    assert kind_of(f"a.{ending}", sample(ending), declared).mime == ALL_TYPES[ending]


@pytest.mark.parametrize(
    ("ending", "declared"),
    [
        ("ogg", "application/ogg"),
        ("ogg", "audio/ogg"),
        ("avi", "video/avi"),
        ("avi", "video/x-msvideo"),
        ("jpg", "image/jpg"),
        ("md", "text/x-markdown"),
        ("csv", "application/vnd.ms-excel"),
        ("csv", "text/comma-separated-values"),
        ("csv", "text/tab-separated-values"),
        ("vtt", "text/plain"),
        ("vtt", "text/x-vtt"),
        ("docx", "application/zip"),
        ("docx", "application/x-zip-compressed"),
        ("docx", "application/msword"),
        ("xlsx", "application/vnd.ms-excel"),
        ("xlsx", "application/vnd.ms-office"),
        ("pptx", "application/vnd.ms-powerpoint"),
        ("odt", "application/zip"),
        ("doc", "application/vnd.ms-office"),
        ("xls", "application/x-ole-storage"),
        ("mp4", "video/quicktime"),
        ("mov", "video/mp4"),
        ("webm", "video/x-matroska"),
    ],
)
def test_container_types_and_other_names(ending: str, declared: str) -> None:
    assert kind_of(f"a.{ending}", sample(ending), declared).mime == ALL_TYPES[ending]


@pytest.mark.parametrize(
    ("ending", "declared"),
    [
        ("pdf", "text/html"),
        ("pdf", "image/png"),
        ("png", "image/jpeg"),
        ("txt", "text/html"),
        ("vtt", "text/html"),
        ("vtt", "application/x-subrip"),
        ("mp4", "video/webm"),
        ("docx", "application/pdf"),
        ("docx", "application/vnd.ms-excel"),
        ("docx", "application/vnd.ms-word.document.macroEnabled.12"),
        ("pdf", "application/zip"),
        ("txt", "application/zip"),
        ("pdf", "nonsense"),
    ],
)
def test_declared_types_that_contradict(ending: str, declared: str) -> None:
    with pytest.raises(UnsupportedMediaType) as caught:
        kind_of(f"a.{ending}", sample(ending), declared)
    assert caught.value.details["reason"] == "declared_type"
    assert caught.value.details["received"] == declared.lower()


@pytest.mark.parametrize("ending", ALL_TYPES)
def test_the_reason_is_the_content(ending: str) -> None:
    with pytest.raises(UnsupportedMediaType) as caught:
        kind_of(f"a.{ending}", b"MZ\0\0" * 600)
    assert caught.value.details["reason"] == "content"
    assert f".{ending}" in caught.value.details["allowedExtensions"]


def test_a_wrong_beginning_is_refused_before_the_end() -> None:
    inspector = Inspector(VIDEOS, "a.mp4", None)
    with pytest.raises(UnsupportedMediaType):
        inspector.feed(b"<html>" + b" " * 2000)


@pytest.mark.parametrize("ending", sorted(ALL_TYPES.keys() - TEXT_TYPES))
def test_nothing_and_nearly_nothing(ending: str) -> None:
    assert is_refused(f"a.{ending}", b"")
    assert is_refused(f"a.{ending}", sample(ending)[:3])


@pytest.mark.parametrize("leading", [b"\n", b"\xef\xbb\xbf", b"\0" * 1024, b"a < b\n"])
def test_pdf_may_have_leading_bytes(leading: bytes) -> None:
    for step in (1, 1000):
        assert kind_of("a.pdf", leading + sample("pdf"), step=step).mime == "application/pdf"


@pytest.mark.parametrize(
    "leading",
    [
        b"<html>",
        b"\n <!-- a --> \n",
        b"text <script>alert(1)</script>",
        b"MZ\0",
        b"\x7fELF",
        b"#!/bin/sh\n",
        b"PK\x05\x06" + bytes(18),
        b"\xff\xd8\xff\xe0",
        b"GIF89a",
        b"\0" * 1025,
    ],
    ids=lambda leading: repr(leading[:10]),
)
def test_pdf_may_not_be_another_format_too(leading: bytes) -> None:
    assert is_refused("a.pdf", leading + sample("pdf"))


def test_pdf_may_not_be_an_archive_too() -> None:
    assert is_refused("a.pdf", sample("pdf") + sample("docx"))
    assert not is_refused("a.pdf", sample("pdf") + b"PK\x05\x06 by chance")


@given(st.sampled_from(sorted(ALL_TYPES)), st.integers(0, 400), st.binary(max_size=40))
def test_damaged_files_are_judged_without_other_errors(ending: str, at: int, rest: bytes) -> None:
    assert is_refused(f"a.{ending}", sample(ending)[:at] + rest) in {True, False}


def test_documents_are_judged_from_the_complete_file() -> None:
    inspector = Inspector(DOCUMENTS, "a.pdf", None)
    inspector.feed(sample("pdf"))
    with pytest.raises(ValueError, match="complete file"):
        inspector.finish()


def test_only_pictures_videos_and_pdf_may_be_shown_inline() -> None:
    shown = {kind.mime for kind in (*DOCUMENTS, *VIDEOS) if kind.inline}
    assert all(each == "application/pdf" or each.startswith(("image/", "video/")) for each in shown)
    assert len(shown) == 10


def documented() -> dict[str, list[str]]:
    """The rows of the documentation's table: extension, and the types declared for it."""
    rows: dict[str, list[str]] = {}
    for line in (ROOT / "docs" / "files.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| `."):
            endings, served, _, aliases = (re.findall(r"`([^`]+)`", cell) for cell in cells(line))
            rows |= {each: [*aliases, *served[:1]] for each in endings}
    return rows


def cells(line: str) -> list[str]:
    return line.strip("|").split("|")


def test_the_documentation_lists_every_extension() -> None:
    kinds = {f".{each}": kind for kind in (*DOCUMENTS, *VIDEOS) for each in kind.extensions}
    assert documented().keys() == kinds.keys()
    for ending, (*aliases, served) in documented().items():
        assert set(aliases) <= kinds[ending].aliases, ending
        assert kinds[ending].mime.startswith(("application/vnd.oasis", served)) or (
            kinds[ending].mime.endswith(served.removeprefix("…"))
        )
