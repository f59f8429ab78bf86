"""Text is accepted in every usual encoding, and binary data is not text."""

from __future__ import annotations

import codecs
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akako.filetypes.formats.text import TextCheck
from akako.filetypes.kinds import DOCUMENTS, Inspector
from akako.kernel.core.errors import UnsupportedMediaType
from tests.parts.samples import is_refused, kind_of, sample

STEPS = (1, 2, 3, 1000)
# The characters of a textbook's list, each once.
CHINESE = "".join(map(chr, range(0x4E00, 0x9F00, 10)))
TEXT_ENDINGS = ("txt", "md", "csv")


def charset_of(content: bytes, *, step: int = 1000) -> str | None:
    inspector = Inspector(DOCUMENTS, "a.txt", None)
    for start in range(0, len(content), step):
        inspector.feed(content[start : start + step])
    inspector.finish()
    return inspector.charset


@pytest.mark.parametrize(
    "text",
    [
        "a <b",
        "< 5",
        "\ufeffGrüße",
        "# title\n<div>",
        "🌍" * 5000,
        " ",
        "<html>",
        "  \r\n\t<!DOCTYPE html>",
        "<?xml version='1.0'?>",
        "<!-- comment -->\n# Title",
        "<https://example.org>",
        "<Chapter 1>",
        "</p>",
        "\x1b[1mbold\x1b[0m",
    ],
)
def test_utf8(text: str) -> None:
    for step in STEPS:
        assert kind_of("a.md", text.encode(), step=step).mime == "text/markdown"
        assert charset_of(text.encode(), step=step) == "utf-8"


@pytest.mark.parametrize("mark", ["le", "be"])
@pytest.mark.parametrize(
    "text",
    [
        "ab",
        "Grüße\r\n",
        "氏名\t点数",
        "🌍🚀",
        "\uf0b7 bullet" * 9,
        CHINESE,
        "".join(random.Random(3).sample(CHINESE, 120)),
    ],
)
def test_utf16_with_byte_order_mark(mark: str, text: str) -> None:
    start = codecs.BOM_UTF16_LE if mark == "le" else codecs.BOM_UTF16_BE
    content = start + text.encode(f"utf-16-{mark}")
    for step in STEPS:
        assert charset_of(content, step=step) == "utf-16"


@pytest.mark.parametrize(
    "encoding",
    [
        *("cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258"),
        *("cp437", "cp850", "cp866", "koi8_r", "koi8_u", "mac_roman", "latin_1", "iso8859_15"),
        *("shift_jis", "cp932", "euc_jp", "gbk", "gb18030", "big5", "euc_kr", "cp949", "cp874"),
    ],
)
def test_every_character_of_legacy_encodings(encoding: str) -> None:
    """The check is by byte, so it must know every byte that a character can contain."""
    characters = (chr(code) for code in range(0xA0, 0x10000))
    known = [each.encode(encoding, errors="ignore") for each in characters if each.isprintable()]
    content = b"\r\n".join(each for each in known if each)
    assert len(content) > 100
    assert charset_of(content) is None


@pytest.mark.parametrize(
    "content",
    [
        b"nul \0",
        b"latin \xe9 and nul \0",
        b"latin \xe9 and control \x01",
        b"control \x01 and later latin \xe9",
        b"delete \x7f and latin \xe9",
        "utf-16 without mark".encode("utf-16-le"),
        "utf-32".encode("utf-32"),
        codecs.BOM_UTF16_LE,
        codecs.BOM_UTF16_LE + b"a",
        codecs.BOM_UTF16_LE + b"a\0\0\0",
        codecs.BOM_UTF16_LE + b"\0\xd8a\0",
        codecs.BOM_UTF16_LE + b"\xff\xff",
        codecs.BOM_UTF16_LE + b"\x34\xe0" * 100,
        codecs.BOM_UTF16_LE + "".join(map(chr, range(0x100, 0xD000, 0x100))).encode("utf-16-le"),
        b"%PDF-1.7\n\xe2\xe3\xcf\xd3",
        b"%PDF-1.7\n",
    ],
    ids=lambda content: repr(content[-20:]),
)
@pytest.mark.parametrize("step", STEPS)
def test_what_is_not_text(content: bytes, step: int) -> None:
    with pytest.raises(UnsupportedMediaType, match="content"):
        kind_of("a.txt", content, step=step)


def test_random_bytes_are_not_text() -> None:
    source = random.Random(5)
    for size in (256, 512, 4096, 100_000):
        for _ in range(50):
            content = source.randbytes(size)
            assert is_refused("a.txt", content)
            assert is_refused("a.csv", zlib.compress(content))
            for mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF8, b"Name;"):
                assert is_refused("a.md", mark + content)


@pytest.mark.parametrize("ending", TEXT_ENDINGS)
def test_binaries_under_the_name_of_a_text(ending: str) -> None:
    executable = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0\xb8"
    for content in (executable, b"\x7fELF\x02\x01\x01" + bytes(9), b"\xca\xfe\xba\xbe\0\0\0\x34"):
        assert is_refused(f"a.{ending}", content)
    for other in ("docx", "png", "jpg", "gif", "webp", "pdf", "doc", "mp4", "webm", "ogg", "avi"):
        assert is_refused(f"a.{ending}", sample(other)), other
        assert is_refused(f"a.{ending}", codecs.BOM_UTF16_LE + sample(other)), other


@given(st.binary(max_size=200), st.integers(1, 7))
def test_pieces_make_no_difference(content: bytes, step: int) -> None:
    assert _checked(content, step) == _checked(content, 1000)


def _checked(content: bytes, step: int) -> tuple[bool, str | None]:
    check = TextCheck()
    holds = [check.feed(content[at : at + step]) for at in range(0, len(content), step)]
    return all(holds) and check.finish(), check.charset if all(holds) else None
