from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akako.kernel.core.text import (
    TextError,
    clean_document,
    clean_email,
    clean_https_url,
    clean_line,
    clean_text,
    email_key,
    name_key,
)

any_text = st.text(st.characters(), max_size=60)
FAMILY = "👨\u200d👩\u200d👧"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("", ""),
        ("  Primary School \u3000", "Primary School"),
        ("Cafe\u0301", "Café"),
        ("\u0301", "\u0301"),
        ("\u200b", ""),
        (" \u200b\u2060 \ufeff ", ""),
        ("\u3164", ""),
        (FAMILY, FAMILY),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("می\u200cخواهم", "می\u200cخواهم"),
    ],
)
def test_a_line_is_trimmed_and_composed(raw: str, expected: str) -> None:
    assert clean_line(raw) == expected
    assert clean_text(raw) == expected


@pytest.mark.parametrize(
    "code",
    [
        0x00, 0x07, 0x0B, 0x0D, 0x1B, 0x1F, 0x7F, 0x85, 0x9F,
        0x202D, 0x202E,
        0xFDD0, 0xFDEF, 0xFFFE, 0xFFFF, 0x1FFFE, 0x10FFFF, 0xD800, 0xDFFF,
    ],
)  # fmt: skip
def test_unsafe_characters_are_refused_everywhere(code: int) -> None:
    forbidden = chr(code)
    for clean in (clean_line, clean_text, clean_document):
        for text in (forbidden, f"a{forbidden}b", f"é{forbidden}"):
            with pytest.raises(TextError, match=rf"U\+{code:04X}"):
                clean(text)


@pytest.mark.parametrize("code", [*range(0x202A, 0x202D), *range(0x2066, 0x206A)])
def test_embeddings_and_isolates_belong_to_longer_texts(code: int) -> None:
    """Arabic and Hebrew texts contain them; in a name they could only mislead."""
    text = f"שלום {chr(code)}abc{chr(0x202C)} عالم"
    assert clean_text(text) == clean_document(text) == text
    with pytest.raises(TextError, match=rf"U\+{code:04X}"):
        clean_line(text)
    assert clean_text(chr(code)) == ""


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("    code\n  more  \n", "    code\n  more"),
        ("\n \t\n\tcode\r\n\r\n    deeper\n\n", "\tcode\n\n    deeper"),
        ("\u3000縦書き", "\u3000縦書き"),
        ("   \n\t \n", ""),
        ("    \u200b", ""),
        ("   Cafe\u0301", "   Café"),
    ],
)
def test_a_document_keeps_the_indentation_of_its_lines(raw: str, expected: str) -> None:
    assert clean_document(raw) == expected
    assert clean_document(expected) == expected
    assert clean_text(raw) == expected.strip()


def test_tabs_and_line_feeds_belong_to_longer_texts() -> None:
    assert clean_text("\n one\r\ntwo\tthree\n") == "one\ntwo\tthree"
    for text in ("a\tb", "a\nb"):
        with pytest.raises(TextError):
            clean_line(text)


@given(any_text)
@settings(deadline=None)
def test_cleaning_is_stable_and_refuses_with_text_error_only(raw: str) -> None:
    for clean in (clean_line, clean_text, clean_document):
        try:
            value = clean(raw)
        except TextError:
            continue
        assert clean(value) == value == unicodedata.normalize("NFC", value).rstrip()
        assert value == value.lstrip() or clean is clean_document


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("primary  school", "PRIMARY SCHOOL"),
        ("Ｐｒｉｍａｒｙ", "primary"),
        ("Primary\u00a0School", " primary\u2003school "),
        ("École", "E\u0301COLE"),
        ("ΟΔΟΣ", "οδος"),
        ("οδος", "οδοσ"),
        ("STRASSE", "straße"),
        ("ﬁrst", "FIRST"),
        ("İzmir", "I\u0307zmir"),
        ("a\u200bb", "AB"),
        ("❤\ufe0f", "❤"),
        (FAMILY, "👨👩👧"),
    ],
)
def test_names_that_are_equal(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("I", "ı"), ("İzmir", "Izmir"), ("a b", "ab"), ("e", "é"), ("а", "a")]
)
def test_names_that_differ(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@given(any_text)
@settings(deadline=None)
def test_a_name_key_is_its_own_key(raw: str) -> None:
    key = name_key(raw)
    assert name_key(key) == key


def test_a_name_that_can_be_seen_has_a_key() -> None:
    for code in range(sys.maxunicode + 1):
        try:
            name = clean_line(chr(code))
        except TextError:
            continue
        key = name_key(name)
        assert bool(name) == bool(key), f"U+{code:04X}"
        assert name_key(key) == key, f"U+{code:04X}"


@pytest.mark.parametrize(
    "email",
    [
        "test@example.com", " test@example.com ", "a.b+c@sub.example.co", "O'Brien@example.org",
        "a" * 64 + "@example.com", "x@xn--bcher-kva.example", "1@2.example",
        "a@" + ".".join(["b" * 61] * 3) + ".example",
    ],
)  # fmt: skip
def test_plausible_addresses(email: str) -> None:
    assert clean_email(email) == email.strip()


@pytest.mark.parametrize(
    "email",
    [
        "", "invalid-email", "@example.com", "a@", "a@b", "a@@b.example", "a b@c.example",
        "a@b..example", ".a@b.example", "a.@b.example", "a..b@c.example", "a@-b.example",
        "a@b-.example", "a@b.example.", "a@[127.0.0.1]", "a@127.0.0.1", '"a b"@c.example',
        "a@b.example\nx", "a@b.example\0", "a\0@b.example", "ａ@b.example", "a@bücher.example",
        "a" * 65 + "@example.com", "a@" + "b" * 64 + ".example", "a@" + "b." * 130 + "example",
        "<a@b.example>", "a@b.example,c@d.example", "a@b.c",
    ],
)  # fmt: skip
def test_impossible_addresses(email: str) -> None:
    with pytest.raises(TextError, match=r"^Invalid email format$"):
        clean_email(email)


def test_addresses_compare_without_case() -> None:
    assert email_key("Test@Example.COM") == email_key("test@example.com")


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com", "https://example.com/a.png?x=1&y[]=2#z", "https://img.example:8443/a",
        "HTTPS://EXAMPLE.com/%20", "https://xn--bcher-kva.example/", " https://example.com/ ",
        "https://127.0.0.1/a", "https://example.com/a@b", "https://example.com?u=a:b@c",
        "https://example.com/" + "a" * 2028,
    ],
)  # fmt: skip
def test_pictures_may_live_at(url: str) -> None:
    assert clean_https_url(url) == url.strip()


@pytest.mark.parametrize(
    "url",
    [
        "", "example.com", "//example.com/a", "http://example.com/a", "javascript:alert(1)",
        "data:image/png;base64,AA", "ftp://example.com", "https:example.com", "https:///a",
        "https://", "https://u:p@example.com", "https://u@example.com", "https://@example.com",
        "https://example.com:80:90", "https://example.com:", "https://example.com:65536/",
        "https://exa mple.com", "https://example.com/a b", "https://example.com/a\nb",
        "https://example.com/a\tb", "https://example.com/\0", "https://example.com\\@evil.example",
        "https://example.com/\\a", "https://аpple.com/", "https://bücher.example/",
        "https://example。com/", "https://-a.example/", "https://a..example/", "https://a.example./",
        "https://[::1]/", 'https://example.com/"onerror', "https://example.com/<b>",
        "https://example.com/é", "http\u017f://example.com", "https://\u212aelvin.example",
        "https://example.com/" + "a" * 3000,
    ],
)  # fmt: skip
def test_pictures_may_not_live_at(url: str) -> None:
    with pytest.raises(TextError):
        clean_https_url(url)


@given(any_text)
@settings(deadline=None)
def test_addresses_and_urls_raise_text_error_only(raw: str) -> None:
    for clean in (clean_email, clean_https_url):
        for text in (raw, f"a@{raw}.example", f"https://{raw}"):
            try:
                assert clean(text).isascii()
            except TextError:
                continue
