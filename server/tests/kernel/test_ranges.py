"""Range and the conditional headers, as RFC 9110 has them."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akako.kernel.core.errors import RangeNotSatisfiable
from akako.kernel.core.etags import if_match, if_none_match, strongly_equal, weakly_equal
from akako.library.sending.conditional import http_date, if_range_matches, unmodified_since
from akako.library.sending.ranges import Part, parse_range

SIZE = 1000
HUGE = "9" * 5000


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-499", 0, 500),
        ("bytes=500-", 500, 1000),
        ("bytes=-1", 999, 1000),
        ("bytes=-5000", 0, 1000),
        ("bytes=999-999", 999, 1000),
        ("bytes=0-99999", 0, 1000),
        ("BYTES=1-2", 1, 3),
        ("bytes=0001-0002", 1, 3),
        (f"bytes=0-{HUGE}", 0, 1000),
        (f"bytes=-{HUGE}", 0, 1000),
        (f"bytes={'0' * 5000}7-8", 7, 9),
    ],
)
def test_one_range(header: str, start: int, end: int) -> None:
    part = parse_range(header, SIZE)
    assert part == Part(start, end)
    assert part.length == end - start
    assert part.content_range(SIZE) == f"bytes {start}-{end - 1}/1000"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-2",
        f"bytes={HUGE}-5",
        "bytes=a-b",
        "items=0-1",
        "bytes 0-1",
        "bytes=0-1,5-6",
        "bytes=0-0,2000-",
        "bytes=0-1,",
        "bytes=" + ",".join(["0-0"] * 30_000),
        "bytes=1_0-2_0",
        "bytes= 0-1",
        "bytes=0 -1",
        "bytes=0-1 ",
        "bytes=0-1\n",
        "bytes=+0-1",
        "bytes=--1",
        "bytes=0-1-2",
        "bytes=0x1-2",
        "bytes=１-２",
        "bytes=٣-",
        "byteſ=0-1",
    ],
    ids=lambda header: repr(header)[:40],
)
def test_the_whole(header: str | None) -> None:
    assert parse_range(header, SIZE) is None


@pytest.mark.parametrize(
    ("header", "size"),
    [
        ("bytes=1000-", SIZE),
        ("bytes=1000-2000", SIZE),
        ("bytes=-0", SIZE),
        ("bytes=-000", SIZE),
        (f"bytes={HUGE}-", SIZE),
        (f"bytes={HUGE}-{HUGE}9", SIZE),
        ("bytes=0-", 0),
        ("bytes=0-0", 0),
        ("bytes=-0", 0),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_outside(header: str, size: int) -> None:
    with pytest.raises(RangeNotSatisfiable) as caught:
        parse_range(header, size)
    assert caught.value.headers["Content-Range"] == f"bytes */{size}"


def test_a_suffix_of_an_empty_file_is_the_whole() -> None:
    assert parse_range("bytes=-5", 0) is None


@given(st.text(max_size=40) | st.from_regex(r"bytes=[0-9]{0,30}-[0-9]{0,30}"), st.integers(0, 99))
def test_any_header_gives_a_part_inside_the_file(header: str, size: int) -> None:
    try:
        part = parse_range(header, size)
    except RangeNotSatisfiable:
        return
    assert part is None or 0 <= part.start < part.end <= size


def test_long_headers_are_quick() -> None:
    headers = ["bytes=" + char * 100_000 for char in "0-, 9"] + ["bytes=0-" + "9" * 100_000]
    started = time.monotonic()
    for header in headers:
        try:
            parse_range(header, SIZE)
        except RangeNotSatisfiable:
            continue
    for char in ' \t,"aW/':
        assert not if_match(char * 100_000 + "!", '"x"')
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("header", "strong", "weak"),
    [
        ('"a"', True, True),
        ('W/"a"', False, True),
        ('"b"', False, False),
        ('"b", "a"', True, True),
        ('"b",W/"a" , "c"', False, True),
        (' , ,"a",', True, True),
        ('"b,", "a"', True, True),
        ("*", True, True),
        (" * ", True, True),
        ("", False, False),
        ("a", False, False),
        ('"a', False, False),
        ('w/"a"', False, False),
        ('"b" "a"', False, False),
        ('nonsense, "a"', False, False),
    ],
)
def test_lists_of_tags(header: str, strong: bool, weak: bool) -> None:
    assert if_match(header, '"a"') is strong
    assert if_none_match(header, '"a"') is weak


def test_a_star_matches_any_existing_version() -> None:
    assert not if_match("*", None)
    assert not if_none_match("*", None)
    assert not if_match('"a"', None)


def test_tags_compared() -> None:
    assert strongly_equal('"a"', '"a"')
    assert not strongly_equal('W/"a"', 'W/"a"')
    assert not strongly_equal(None, None)
    assert weakly_equal('W/"a"', '"a"')
    assert not weakly_equal('"a"', '"b"')
    assert not weakly_equal(None, None)


CHANGED = datetime(2026, 11, 23, 19, 4, 5, 678_900, tzinfo=UTC)


def test_dates_as_headers_write_them() -> None:
    assert http_date(CHANGED) == "Mon, 23 Nov 2026 19:04:05 GMT"
    assert http_date(CHANGED.astimezone(timezone(timedelta(hours=5)))) == http_date(CHANGED)


@pytest.mark.parametrize(
    ("header", "counts"),
    [
        (None, True),
        ('"a"', True),
        (' "a" ', True),
        ('"b"', False),
        ('W/"a"', False),
        ('"b", "a"', False),
        ("*", False),
        ("Mon, 23 Nov 2026 19:04:05 GMT", True),
        ("Mon, 23 Nov 2026 19:04:04 GMT", False),
        ("Mon, 23 Nov 2026 19:04:06 GMT", False),
        ("yesterday", False),
        ("", False),
    ],
)
def test_if_range(header: str | None, counts: bool) -> None:
    assert if_range_matches(header, '"a"', CHANGED) is counts


def test_if_range_without_validators() -> None:
    assert not if_range_matches('"a"', None)
    assert not if_range_matches('W/"a"', 'W/"a"')
    assert not if_range_matches(http_date(CHANGED), '"a"')


@pytest.mark.parametrize(
    ("header", "unmodified"),
    [
        ("Mon, 23 Nov 2026 19:04:05 GMT", True),
        ("Mon, 23 Nov 2026 19:04:06 GMT", True),
        ("Mon, 23 Nov 2026 19:04:04 GMT", False),
        ("2026-11-23T19:04:05Z", False),
        ("", False),
    ],
)
def test_if_modified_since(header: str, unmodified: bool) -> None:
    assert unmodified_since(header, CHANGED) is unmodified
