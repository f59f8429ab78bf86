"""Client file names: shown, judged by their extension, sent back."""

from __future__ import annotations

import unicodedata
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akako.filetypes.names import content_disposition, display_name, extension


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a.pdf", "a.pdf"),
        ("../../etc/passwd", "passwd"),
        (r"C:\notes\a.pdf", "a.pdf"),
        ("/", ""),
        ("..", ""),
        ("", ""),
        (" a.pdf . ", "a.pdf"),
        (".htaccess", "htaccess"),
        ("a\r\nSet-Cookie: b.pdf", "aSet-Cookie: b.pdf"),
        ("a\0.pdf", "a.pdf"),
        ("gnp\u202efdp.exe", "gnpfdp.exe"),
        ("a\u2066\u200b\ufeffb.pdf", "ab.pdf"),
        ("a\ud800.pdf", "a.pdf"),
        ("Gro\u0308ße.pdf", "Größe.pdf"),
        ("👩‍🏫.pdf", "👩‍🏫.pdf"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
        ("x" * 300, "x" * 200),
        ("x." + "y" * 300, "x." + "y" * 198),
    ],
)
def test_display_names(raw: str, shown: str) -> None:
    assert display_name(raw) == shown


@pytest.mark.parametrize(
    ("raw", "counts"),
    [
        ("a.PDF", "pdf"),
        ("a.html.pdf", "pdf"),
        ("a.pdf.html", "html"),
        ("a.pdf. ", "pdf"),
        ("a.pdf%00.html", "html"),
        ("a.pdf\0.html", "html"),
        ("a.pdf;.html", "html"),
        ("a.pdf::$DATA", None),
        ("a.pdf%2F", None),
        ("a.p\u0501f", None),
        ("a.\uff50df", None),
        ("pdf", None),
        (".pdf", None),
        ("", None),
        ("a.waytoolong", None),
    ],
)
def test_the_extension_that_counts(raw: str, counts: str | None) -> None:
    assert extension(display_name(raw)) == counts


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a b.pdf", "filename=\"a b.pdf\"; filename*=UTF-8''a%20b.pdf"),
        ("Größe.pdf", "filename=\"Gro_e.pdf\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.pdf"),
        ('a"; x="b.pdf', "filename=\"a__ x__b.pdf\"; filename*=UTF-8''a%22%3B%20x%3D%22b.pdf"),
        ("a\r\nX: b.pdf", "filename=\"aX_ b.pdf\"; filename*=UTF-8''aX%3A%20b.pdf"),
        ("日本.pdf", "filename=\"__.pdf\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.pdf"),
        ("", "filename=\"file\"; filename*=UTF-8''file"),
    ],
)
def test_content_disposition(name: str, header: str) -> None:
    assert content_disposition(name) == f"attachment; {header}"
    assert content_disposition(name, inline=True) == f"inline; {header}"


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=400))
def test_no_name_carries_controls_or_breaks_a_header(raw: str) -> None:
    name = display_name(raw)
    assert len(name) <= 200
    assert not {unicodedata.category(char) for char in name} & {"Cc", "Cs", "Zl", "Zp"}
    assert "/" not in name
    assert "\\" not in name
    assert display_name(name) == name
    header = content_disposition(raw)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
    assert unquote(header.partition("''")[2]) == (name or "file")


@given(st.text(max_size=300), st.sampled_from(["pdf", "DOCX", "mp4"]))
def test_the_extension_survives_the_cut(stem: str, ending: str) -> None:
    name = display_name(f"a{stem}b.{ending}")
    assert extension(name) == ending.lower()
