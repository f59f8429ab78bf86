"""Which files are accepted, judged by name, declared type and content."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akako.kernel.errors import UnsupportedMediaType
from akako.kernel.files.kinds import DOCUMENTS, VIDEOS, Inspector
from tests.parts.samples import ALL_TYPES, VIDEO_TYPES, is_refused, kind_of, sample

TEXT_TYPES = {"txt", "md", "csv"}
# Files of these types differ by their extension alone.
ALIKE = ({"doc", "xls", "ppt"}, TEXT_TYPES)


@pytest.mark.parametrize("ending", ALL_TYPES)
@pytest.mark.parametrize("step", [1, 7, 4096])
def test_real_files(ending: str, step: int) -> None:
    assert kind_of(f"a.{ending}", sample(ending), step=step).mime == ALL_TYPES[ending]


@pytest.mark.parametrize("ending", ALL_TYPES)
def test_a_file_of_another_type_under_this_extension(ending: str) -> None:
    same = next((group for group in ALIKE if ending in group), {ending})
    for other in {*ALL_TYPES, "mkv"} - same:
        assert is_refused(f"a.{ending}", sample(other)), other


def test_other_spellings_of_extensions() -> None:
    assert kind_of("a.JPEG", sample("jpg")).mime == "image/jpeg"
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
    assert caught.value.details == {"received": ".pdf", "allowed": list(VIDEO_TYPES.values())}
    with pytest.raises(UnsupportedMediaType) as caught:
        Inspector(DOCUMENTS, "a.mp4", "video/mp4")
    assert caught.value.details["received"] == "video/mp4"


@pytest.mark.parametrize("ending", ALL_TYPES)
def test_declared_types_that_agree(ending: str) -> None:
    mime = ALL_TYPES[ending]
    for declared in (None, "", "application/octet-stream", mime, f"{mime.upper()}; a=b"):
        assert kind_of(f"a.{ending}", sample(ending), declared).mime == mime


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
    ],
)
def test_aliases(ending: str, declared: str) -> None:
    assert kind_of(f"a.{ending}", sample(ending), declared).mime == ALL_TYPES[ending]


@pytest.mark.parametrize(
    ("ending", "declared"),
    [
        ("pdf", "text/html"),
        ("pdf", "image/png"),
        ("png", "image/jpeg"),
        ("txt", "text/html"),
        ("mp4", "video/webm"),
        ("docx", "application/pdf"),
        ("pdf", "nonsense"),
    ],
)
def test_declared_types_that_contradict(ending: str, declared: str) -> None:
    assert is_refused(f"a.{ending}", sample(ending), declared)


def test_a_wrong_beginning_is_refused_before_the_end() -> None:
    inspector = Inspector(VIDEOS, "a.mp4", None)
    with pytest.raises(UnsupportedMediaType):
        inspector.feed(b"<html>" + b" " * 2000)


@pytest.mark.parametrize("ending", sorted(ALL_TYPES.keys() - TEXT_TYPES))
def test_nothing_and_nearly_nothing(ending: str) -> None:
    assert is_refused(f"a.{ending}", b"")
    assert is_refused(f"a.{ending}", sample(ending)[:3])


@pytest.mark.parametrize(
    "content",
    [
        b"<html>",
        b"  \r\n\t<!DOCTYPE html>",
        b"\xef\xbb\xbf<?xml version='1.0'?>",
        b"\n\xef\xbb\xbf <svg>",
        b" " * 100_000 + b"<script>",
        b"</p>",
        b"nul \0",
        b"latin \xe9",
        b"cut \xc3",
        "utf-16".encode("utf-16"),
        b"surrogate \xed\xa0\x80",
        b"overlong \xc0\xaf",
        b"%PDF-1.7\n\xe2\xe3\xcf\xd3",
    ],
    ids=lambda content: repr(content[-20:]),
)
@pytest.mark.parametrize("step", [1, 2, 1000])
def test_what_is_not_plain_text(content: bytes, step: int) -> None:
    with pytest.raises(UnsupportedMediaType):
        kind_of("a.txt", content, step=step)


@pytest.mark.parametrize(
    "text", ["a <b", "< 5", "<", "1<2", "\ufeffGrüße", "# title\n<div>", "🌍" * 5000, " "]
)
def test_what_is_plain_text(text: str) -> None:
    for step in (1, 3, 1000):
        assert kind_of("a.md", text.encode(), step=step).mime == "text/markdown"


def test_polyglots_of_pdf() -> None:
    assert is_refused("a.pdf", b"<html>" + sample("pdf"))
    assert is_refused("a.pdf", b"\n" + sample("pdf"))
    assert is_refused("a.pdf", sample("pdf") + sample("docx"))
    assert not is_refused("a.pdf", sample("pdf") + b"PK\x05\x06 by chance")


@given(st.sampled_from(sorted(ALL_TYPES)), st.integers(0, 400), st.binary(max_size=40))
def test_damaged_files_are_judged_without_other_errors(ending: str, at: int, rest: bytes) -> None:
    is_refused(f"a.{ending}", sample(ending)[:at] + rest)


@pytest.mark.parametrize(
    ("brand", "ending"),
    [
        ("heic", "mp4"),
        ("avif", "mp4"),
        ("M4A ", "mp4"),
        ("qt  ", "mp4"),
        ("isom", "mov"),
        ("JUNK", "mp4"),
    ],
)
def test_brands_of_other_contents(brand: str, ending: str) -> None:
    assert is_refused(f"a.{ending}", b"\0\0\0\x18ftyp" + brand.encode() + bytes(12))


def test_documents_are_judged_from_the_complete_file() -> None:
    inspector = Inspector(DOCUMENTS, "a.pdf", None)
    inspector.feed(sample("pdf"))
    with pytest.raises(ValueError, match="complete file"):
        inspector.finish()


def test_only_pictures_videos_and_pdf_may_be_shown_inline() -> None:
    shown = {kind.mime for kind in (*DOCUMENTS, *VIDEOS) if kind.inline}
    assert all(each == "application/pdf" or each.startswith(("image/", "video/")) for each in shown)
    assert len(shown) == 10
