"""Reading a form as it streams in."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import AsyncIterator, Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akako.kernel.core.errors import BadRequest, PayloadTooLarge, UnsupportedMediaType
from akako.storage.multipart import FilePart, FormLimits, form_type, read_form

FORM = "multipart/form-data; boundary=b"
MEGABYTE = 1024 * 1024

Seen = list[tuple[str, str | None, str | bytes]]


async def stream(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def parts_of(
    body: bytes | Iterable[bytes], content_type: str | None = FORM, *, limit: int = MEGABYTE
) -> Seen:
    """Every part as (name, file name, content)."""
    chunks = [body] if isinstance(body, bytes) else body
    seen: Seen = []
    async for part in read_form(content_type, stream(chunks), FormLimits(limit)):
        if isinstance(part, FilePart):
            content = b"".join([chunk async for chunk in part.chunks])
            seen.append((part.name, part.filename, content))
        else:
            seen.append((part.name, None, part.value))
    return seen


async def reason_of(body: bytes | Iterable[bytes], content_type: str | None = FORM) -> object:
    with pytest.raises(BadRequest) as caught:
        await parts_of(body, content_type)
    return caught.value.details["reason"]


def text(name: str, value: str, boundary: str = "b") -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
    return f"{head}{value}\r\n".encode()


def file(disposition: str, content: bytes, *more: str) -> bytes:
    lines = ["--b", f"Content-Disposition: form-data; {disposition}", *more, "", ""]
    return "\r\n".join(lines).encode() + content + b"\r\n"


END = b"--b--\r\n"
SIMPLE = text("topicId", "t1") + file('name="file"; filename="a.pdf"', b"%PDF-") + END


async def test_parts_come_in_order_with_their_headers() -> None:
    body = file('name="file"; filename="a.pdf"', b"%PDF-", "Content-Type: application/pdf") + END
    found = [part async for part in read_form(FORM, stream([body]), FormLimits(10))]
    (part,) = found
    assert isinstance(part, FilePart)
    assert (part.name, part.filename, part.content_type) == ("file", "a.pdf", "application/pdf")
    assert await parts_of(SIMPLE) == [("topicId", None, "t1"), ("file", "a.pdf", b"%PDF-")]


async def test_an_unread_file_is_skipped() -> None:
    body = file('name="file"; filename="a"', b"x" * 5000) + text("after", "yes") + END
    chunks = [body[i : i + 100] for i in range(0, len(body), 100)]
    names = [part.name async for part in read_form(FORM, stream(chunks), FormLimits(10_000))]
    assert names == ["file", "after"]


async def test_two_files_are_both_reported() -> None:
    one = file('name="file"; filename="a.pdf"', b"1")
    assert [seen[2] for seen in await parts_of(one + one + END)] == [b"1", b"1"]


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        ('name="file"; filename=""', ""),
        ("name=file; filename=a.pdf", "a.pdf"),
        ('name="file"; filename="a;b.pdf"', "a;b.pdf"),
        (r'name="file"; filename="a\"b.pdf"', 'a"b.pdf'),
        (r'name="file"; filename="C:\notes\a.pdf"', r"C:\notes\a.pdf"),
        ('name="file"; filename="Größe.pdf"', "Größe.pdf"),
        ('name="file"; filename="x"; filename*=UTF-8\'\'Gr%C3%B6%C3%9Fe.pdf', "Größe.pdf"),
        ('NAME="file"; FileName="a.pdf"', "a.pdf"),
        ('name="file"; filename="a%00.pdf"', "a%00.pdf"),
    ],
)
async def test_file_names_as_clients_write_them(disposition: str, filename: str) -> None:
    assert await parts_of(file(disposition, b"1") + END) == [("file", filename, b"1")]


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=abc", b"abc"),
        ('Multipart/Form-Data ;  charset=utf-8; Boundary="a b?=\'()"', b"a b?='()"),
        (f"multipart/form-data; boundary={'x' * 70}", b"x" * 70),
    ],
)
def test_legal_boundaries(content_type: str, boundary: bytes) -> None:
    assert form_type(content_type)[0] == boundary


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        f"multipart/form-data; boundary={'x' * 71}",
        f"multipart/form-data; boundary={'x' * 300}",
        'multipart/form-data; boundary="a "',
        'multipart/form-data; boundary="a\u00e9"',
        'multipart/form-data; boundary="a',
        "multipart/form-data; boundary=a; boundary=b",
        "multipart/form-data; boundary=a b",
    ],
)
async def test_illegal_boundaries(content_type: str) -> None:
    assert await reason_of(SIMPLE, content_type) == "invalid_multipart"


@pytest.mark.parametrize(
    "content_type", [None, "", "application/json", "multipart/mixed; boundary=b"]
)
async def test_other_content_types(content_type: str | None) -> None:
    with pytest.raises(UnsupportedMediaType):
        await parts_of(SIMPLE, content_type)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"garbage",
        b"--b",
        b"--b\r\n",
        SIMPLE[:-6],
        SIMPLE[: len(SIMPLE) // 2],
        SIMPLE.replace(b"\r\n", b"\n"),
        b"preamble\r\n" + SIMPLE,
        b"\r\nxxx" + SIMPLE,
        text("a", "1", boundary="other") + b"--other--\r\n",
        b"--b\r\n\r\nno headers\r\n--b--\r\n",
        b"--b\r\nContent-Type: text/plain\r\n\r\n1\r\n--b--\r\n",
        file("filename=a", b"1") + END,
        file('name=""', b"1") + END,
        file('name="a"; name="b"', b"1") + END,
        file('name="a"; filename="b"; filename="c"', b"1") + END,
        file('name="a', b"1") + END,
        file('name="a"; =', b"1") + END,
        file('name="a\0"', b"1") + END,
        file('name="a\n"', b"1") + END,
        file("name=a", b"1", "Content-Disposition: form-data; name=b") + END,
        file("name=a", b"1", "no colon") + END,
        file("name=a", b"1", " folded: line") + END,
        file("name=a", b"1", "X: " + "y" * 9000) + END,
        file("name=a", b"1", *(f"X-{i}: {'y' * 1000}" for i in range(9))) + END,
        file("name=a", b"1", *(f"X-{i}: y" for i in range(17))) + END,
        file("name=a; filename*=nonsense", b"1") + END,
        b"--b\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--b--\r\n",
        text("a", "1") * 11 + END,
        text("a", "1") * 1000 + END,
    ],
    ids=lambda body: repr(body[:40]),
)
async def test_broken_framing(body: bytes) -> None:
    assert await reason_of(body) == "invalid_multipart"


@pytest.mark.parametrize(
    "body",
    [
        text("a", "").replace(b"\r\n\r\n", b"\r\n\r\n\xff") + END,
        file('name="\xff"', b"1").replace(b"\xc3\xbf", b"\xff") + END,
        file("name=a", b"1", "Content-Type: text/plain; charset=utf-16") + END,
        file("name=a; filename*=utf-7''%E4", b"1") + END,
        file("name=a; filename*=iso-8859-1''%81", b"1") + END,
        file("name=a; filename*=utf-8''%FF", b"1") + END,
        file("name=a; filename=b", b"MQ==", "Content-Transfer-Encoding: base64") + END,
    ],
)
async def test_text_that_cannot_be_decoded(body: bytes) -> None:
    assert await reason_of(body) == "invalid_encoding"


async def test_a_foreign_charset_of_the_whole_form() -> None:
    assert await reason_of(SIMPLE, FORM + "; charset=utf-16") == "invalid_encoding"


@pytest.mark.parametrize("body", [b"--b--", b"--b--\r\n", END + b"epilogue"])
async def test_an_empty_form(body: bytes) -> None:
    assert await parts_of(body) == []


async def test_the_epilogue_is_ignored_but_bounded() -> None:
    assert len(await parts_of([SIMPLE, b"\r\nepilogue" * 100])) == 2
    assert await reason_of([SIMPLE, *[b"x" * 1024] * 65]) == "invalid_multipart"


async def test_ten_parts_are_fine() -> None:
    assert len(await parts_of(text("a", "1") * 10 + END)) == 10


async def test_sizes_at_their_limits() -> None:
    assert len(await parts_of(text("a", "x" * 65536) + END)) == 1
    with pytest.raises(PayloadTooLarge) as caught:
        await parts_of(text("a", "x" * 65537) + END)
    assert caught.value.details == {"limitBytes": 65536}
    body = file("name=f; filename=g", b"x" * 100) + END
    assert len(await parts_of(body, limit=100)) == 1
    with pytest.raises(PayloadTooLarge) as caught:
        await parts_of(body, limit=99)
    assert caught.value.details == {"limitBytes": 99}


async def test_memory_stays_flat() -> None:
    async def body() -> AsyncIterator[bytes]:
        yield file("name=f; filename=g", b"")[:-2]
        for _ in range(100):
            yield b"\r\n--c" * 32_768
        yield b"\r\n" + END

    size = 0
    tracemalloc.start()
    async for part in read_form(FORM, body(), FormLimits(100 * MEGABYTE)):
        assert isinstance(part, FilePart)
        async for chunk in part.chunks:
            size += len(chunk)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size == 100 * 32_768 * 5
    assert peak < 4 * MEGABYTE


@pytest.mark.parametrize(
    "unit", [b"\r", b"\r\n", b"\r\n--", b"\r\n--bX", b"\r\n--b-", b"-", b"\r\n--b\r"]
)
async def test_floods_of_almost_boundaries_are_quick(unit: bytes) -> None:
    flood = unit * (8 * MEGABYTE // len(unit) // 4)
    chunks = [flood[i : i + 65536] for i in range(0, len(flood), 65536)]
    head = file("name=f; filename=g", b"")[:-2]
    started = time.monotonic()
    (seen,) = await parts_of([head, *chunks, b"!\r\n" + END], limit=8 * MEGABYTE)
    assert seen[2] == flood + b"!"
    assert time.monotonic() - started < 30


def boundary_like(boundary: bytes) -> st.SearchStrategy[bytes]:
    pieces = [
        b"\r",
        b"\n",
        b"\r\n",
        b"--",
        b"-",
        boundary,
        b"\r\n--" + boundary + b"x",
        b"\0",
        b"a",
    ]
    content = st.lists(st.sampled_from(pieces), max_size=12).map(b"".join)
    # A delimiter line inside the content would rightly end the part.
    return content.filter(lambda value: b"\r\n--" + boundary not in b"\r\n" + value + b"\r\n")


@given(
    contents=st.lists(st.one_of(boundary_like(b"b"), st.binary(max_size=200)), max_size=8),
    cuts=st.lists(st.integers(0, 2000), max_size=30),
)
async def test_any_cutting_gives_the_same_parts(contents: list[bytes], cuts: list[int]) -> None:
    contents = [each for each in contents if b"\r\n--b" not in b"\r\n" + each + b"\r\n"]
    body = b"".join(file('name="f"; filename="g"', each) for each in contents) + END
    edges = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    chunks = [body[a:b] for a, b in pairwise(edges)]
    assert [seen[2] for seen in await parts_of(chunks)] == contents
    assert await parts_of([body[i : i + 1] for i in range(len(body))]) == await parts_of(body)


@given(st.binary(max_size=300), st.integers(1, 7))
async def test_garbage_is_refused_or_read_alike_however_it_is_cut(body: bytes, step: int) -> None:
    async def outcome(chunks: Iterable[bytes]) -> object:
        try:
            return await parts_of(chunks)
        except BadRequest as refusal:
            return refusal.details

    cut = [body[i : i + step] for i in range(0, len(body), step)]
    for prefix in (b"", b"--b\r\n", b"--b\r\nContent-Disposition: form-data; name="):
        assert await outcome([prefix, *cut]) == await outcome([prefix + body])
