"""Cursors, entity tags, keys of idempotency and dates: anything is read or refused in order."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akako.kernel.core import etags
from akako.kernel.core.errors import ApiError, BadRequest, ValidationFailed
from akako.kernel.db import cursors, query
from akako.kernel.http import idempotency
from akako.library.sending import conditional

ANY = st.text(st.characters(codec="latin-1"), max_size=60)
TAGS = st.text('W/"*, abc\\', max_size=40)
MOMENTS = st.timedeltas(timedelta(days=-700_000), timedelta(days=2_900_000)).map(
    lambda since: datetime(2000, 1, 1, tzinfo=UTC) + since
)
KINDS = st.sampled_from(["text", "timestamptz"])


@given(st.text(max_size=60), KINDS)
def test_any_cursor_is_read_or_refused(given_cursor: str, kind: str) -> None:
    with suppress(ValidationFailed):
        found = cursors.read({"cursor": given_cursor}, "name", "asc", kind=kind)
        assert found is not None


@given(st.integers(-2, 10**10), st.text(max_size=9), st.text(max_size=9), KINDS, st.text())
def test_a_forged_cursor_is_read_or_refused(
    page: int, sort: str, value: str, kind: str, id: str
) -> None:
    with suppress(ValidationFailed):
        forged = cursors.encode(page, sort, "asc", value, id)
        found = cursors.read({"cursor": forged}, "name", "asc", kind=kind)
        assert found is not None
        assert (found.page, found.sort, found.value, found.id) == (page, "name", value, id)
        cursors.value_of(found, kind)


@given(st.integers(2, 10**9), MOMENTS)
def test_a_cursor_is_read_back(page: int, moment: datetime) -> None:
    given_cursor = cursors.encode(page, "createdAt", "desc", moment, "a1")
    found = cursors.read({"cursor": given_cursor}, "createdAt", "desc", kind="timestamptz")
    assert found is not None
    assert cursors.value_of(found, "timestamptz") == moment


@given(ANY | TAGS, st.none() | st.just('"a"'))
def test_any_condition_is_decided(header: str, etag: str | None) -> None:
    decisions = {
        etags.if_match(header, etag),
        etags.if_none_match(header, etag),
        conditional.if_range_matches(header, etag, datetime.now(UTC)),
        conditional.unmodified_since(header, datetime.now(UTC)),
    }
    assert decisions <= {True, False}


@given(st.from_regex(r"[!#-~]{1,20}", fullmatch=True))
def test_a_tag_matches_itself(tag: str) -> None:
    etag = f'"{tag}"'
    assert etags.if_match(etag, etag)
    assert etags.if_none_match(f"W/{etag}", etag)
    assert not etags.if_match(f"W/{etag}", etag)
    assert etags.if_match("*", etag)
    assert not etags.if_match("*", None)


@given(ANY)
def test_any_key_is_read_or_refused(header: str) -> None:
    try:
        key = idempotency.read_key(header)
    except BadRequest:
        return
    assert key is not None
    assert 1 <= len(key) <= 255
    assert key.isascii()
    assert key.isprintable()


@given(MOMENTS, st.integers(-1439, 1439))
def test_edges_of_a_range_are_read_back(moment: datetime, minutes: int) -> None:
    zone = timezone(timedelta(minutes=minutes))
    with suppress(OverflowError):
        assert query.instant_or_day("p", moment.astimezone(zone).isoformat()) == moment


@given(st.dates())
def test_a_day_is_24_hours(day: object) -> None:
    first = query.instant_or_day("p", str(day))
    after = query.instant_or_day("p", str(day), end=True)
    assert after - first == timedelta(days=1) or after == datetime.max.replace(tzinfo=UTC)


@pytest.mark.parametrize("end", [True, False])
@given(text=st.text("0123456789-:TZ+. ", max_size=35))
def test_anything_like_a_date_is_read_or_refused(text: str, end: bool) -> None:
    with suppress(ApiError):
        assert query.instant_or_day("p", text, end=end).tzinfo is not None
