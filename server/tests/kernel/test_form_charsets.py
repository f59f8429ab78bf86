"""Form text is decoded from the charset that its part, or the whole form, declares."""

from __future__ import annotations

import pytest

from akako.storage.charsets import codec_of
from tests.kernel.test_multipart import END, FORM, file, parts_of, reason_of

NAME = "Müller – 5 €"


def declared(charset: str, content: bytes) -> bytes:
    return file('name="a"', content, f"Content-Type: text/plain; charset={charset}") + END


@pytest.mark.parametrize(
    ("charset", "value"),
    [
        ("UTF-8", NAME),
        ("ISO-8859-1", "Müller"),
        ("iso-8859-1", NAME),  # with the characters of Windows-1252, as browsers send them
        ("windows-1252", NAME),
        ('"ISO-8859-15"', "Müller 5 €"),
        ("windows-1251", "Иван"),
        ("Shift_JIS", "山田太郎"),
        ("GB2312", "王小明"),
        ("Big5", "王小明"),
        ("EUC-KR", "김철수"),
        ("US-ASCII", "plain"),
    ],
)
async def test_a_part_declares_its_charset(charset: str, value: str) -> None:
    codec = codec_of(charset.strip('"'))
    assert codec
    assert await parts_of(declared(charset, value.encode(codec))) == [("a", None, value)]


async def test_a_part_as_apache_httpclient_sends_it() -> None:
    headers = ("Content-Type: text/plain; charset=ISO-8859-1", "Content-Transfer-Encoding: 8bit")
    body = file('name="metadata"', '{"name": "Größe"}'.encode("latin-1"), *headers) + END
    assert await parts_of(body) == [("metadata", None, '{"name": "Größe"}')]


async def test_the_whole_form_declares_a_charset() -> None:
    """It holds for names as well, and a part's own charset comes first."""
    body = (
        file('name="a"', b"M\xfcller")
        + file('name="b"', "Müller".encode(), "Content-Type: text/plain; charset=utf-8")
        + file('name="f"; filename="Gr\xf6ße.pdf"', b"\xfc").replace("öße".encode(), b"\xf6\xdfe")
        + END
    )
    assert await parts_of(body, FORM + "; charset=ISO-8859-1") == [
        ("a", None, "Müller"),
        ("b", None, "Müller"),
        ("f", "Größe.pdf", b"\xfc"),
    ]


async def test_an_extended_file_name_in_another_charset() -> None:
    body = file("name=a; filename*=iso-8859-1'en'Gr%F6%DFe.pdf", b"1") + END
    assert await parts_of(body) == [("a", "Größe.pdf", b"1")]


@pytest.mark.parametrize(
    ("charset", "content"),
    [
        ("utf-8", b"M\xfcller"),
        ("us-ascii", b"M\xfcller"),
        ("iso-8859-1", b"\x81"),
        ("shift_jis", b"\x81"),
        ("utf-16", b"a\0"),
        ("utf-7", b"+AOQ-"),
        ("rot13", b"a"),
        ("unicode_escape", b"a"),
        ("idna", b"a"),
        ("nonsense", b"a"),
        ('""', b"a"),
    ],
)
async def test_text_that_its_charset_does_not_allow(charset: str, content: bytes) -> None:
    assert await reason_of(declared(charset, content)) == "invalid_encoding"
