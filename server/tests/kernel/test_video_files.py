"""Videos are recognized by any brand, by QuickTime atoms and by the EBML document type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.parts.samples import is_refused, sample


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    content = b"ftyp" + major + bytes(4) + b"".join(compatible)
    return (len(content) + 4).to_bytes(4) + content + b"\0\0\0\x08mdat"


def atom(kind: bytes, content: bytes = b"") -> bytes:
    return (len(content) + 8).to_bytes(4) + kind + content


def ebml(*elements: bytes) -> bytes:
    content = b"".join(elements)
    return b"\x1a\x45\xdf\xa3" + bytes([0x80 | len(content)]) + content + b"\x18\x53\x80\x67\xff"


def doc_type(value: bytes) -> bytes:
    return b"\x42\x82" + bytes([0x80 | len(value)]) + value


@pytest.mark.parametrize("ending", ["mp4", "mov"])
@pytest.mark.parametrize(
    "content",
    [
        ftyp(b"isom"),
        ftyp(b"qt  "),
        ftyp(b"mp42", b"isom"),
        ftyp(b"iso6"),
        ftyp(b"3g2a"),
        ftyp(b"hev1"),
        ftyp(b"zzzz", b"isom"),
        ftyp(b"caep", b"zzzz", b"caep", b"mp42"),
        ftyp(b"zzzz", b"qt  "),
    ],
    ids=repr,
)
def test_brands(ending: str, content: bytes) -> None:
    assert not is_refused(f"a.{ending}", content)


@pytest.mark.parametrize("ending", ["mp4", "mov"])
@pytest.mark.parametrize(
    "content",
    [
        ftyp(b"heic", b"mif1", b"heic"),
        ftyp(b"avif", b"mif1", b"miaf"),
        ftyp(b"avis", b"msf1", b"iso8"),
        ftyp(b"crx ", b"crx ", b"isom"),
        ftyp(b"M4A ", b"mp42", b"isom"),
        ftyp(b"JUNK"),
        ftyp(b"JUNK", b"MORE"),
        b"<!--ftypisom" + bytes(40),
        b"\xff\0\0\x18ftypisom" + bytes(40),
        b"\0\0\0\x18ftyp<html>" + bytes(40),
        ftyp(b"JUNK") + b"isom",
    ],
    ids=repr,
)
def test_brands_of_other_contents(ending: str, content: bytes) -> None:
    assert is_refused(f"a.{ending}", content)


@pytest.mark.parametrize("first", [b"moov", b"mdat", b"wide", b"skip", b"free", b"pnot"])
def test_first_atoms_of_quicktime(first: bytes) -> None:
    content = atom(first, b"\0" * 20) + atom(b"mdat", b"\xff" * 2000)
    assert not is_refused("a.mov", content)
    assert is_refused("a.mp4", content)


def test_atoms_of_every_size() -> None:
    assert not is_refused("a.mov", atom(b"wide") + b"\0\0\0\0mdat" + b"\xff" * 2000)
    assert not is_refused("a.mov", b"\0\0\0\x01mdat" + (1 << 33).to_bytes(8) + b"\xff" * 2000)
    assert not is_refused("a.mov", atom(b"moov", bytes(5000)))
    assert not is_refused("a.mov", atom(b"wide") + atom(b"\xa9xyz", bytes(5000)))


@pytest.mark.parametrize(
    "content",
    [
        b"<!--moov" + bytes(2000),
        b"\0\0\0\x07moov" + bytes(2000),
        atom(b"free") + b"<html><script>alert(1)</script>" + bytes(2000),
        atom(b"free") + b"\0\0\0\x10\x01\x02\x03\x04" + bytes(2000),
        atom(b"html", bytes(100)),
        b"moov",
    ],
    ids=lambda content: repr(content[:20]),
)
def test_what_is_not_quicktime(content: bytes) -> None:
    assert is_refused("a.mov", content)


@pytest.mark.parametrize(
    "content",
    [
        ebml(doc_type(b"webm")),
        ebml(doc_type(b"webm\0")),
        ebml(doc_type(b"webm" + bytes(28))),
        ebml(b"\x42\x86\x81\x01", b"\xec\x83abc", doc_type(b"webm")),
        ebml(b"\x42\x82\x40\x04webm"),
        ebml(b"\x42\x82\x01\0\0\0\0\0\0\x05webm\0"),
    ],
    ids=repr,
)
def test_webm(content: bytes) -> None:
    assert not is_refused("a.webm", content)


@pytest.mark.parametrize(
    "content",
    [
        ebml(doc_type(b"matroska")),
        ebml(doc_type(b"webmx")),
        ebml(doc_type(b"\0webm")),
        ebml(doc_type(b"")),
        ebml(b"\xec\x87" + doc_type(b"webm"), doc_type(b"matroska")),
        ebml(doc_type(b"matroska"), doc_type(b"webm")),
        ebml(b"\x42\x82\xff"),
        ebml(),
        ebml() + doc_type(b"webm"),
        b"\x1a\x45\xdf\xa3",
        b"\x1a\x45\xdf\xa3" + bytes(2000),
    ],
    ids=lambda content: repr(content[:40]),
)
def test_what_is_not_webm(content: bytes) -> None:
    assert is_refused("a.webm", content)


@given(st.sampled_from(["mp4", "mov", "webm"]), st.binary(max_size=300), st.integers(0, 60))
def test_damaged_headers_are_judged_without_other_errors(
    ending: str, damage: bytes, at: int
) -> None:
    content = sample(ending)
    assert is_refused(f"a.{ending}", content[:at] + damage + content[at + len(damage) :]) in {
        True,
        False,
    }
