from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akako.kernel.core import fields
from akako.kernel.core.text import TextError


class Sample(msgspec.Struct, rename="camel"):
    name: Annotated[str, fields.line(1, 120, examples=["Primary School"])]
    content: Annotated[str, fields.text(2000)]
    email: fields.Email
    image_url: fields.HttpsUrl | None
    starts_at: fields.Instant
    parent_id: fields.Id


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-01T00:00:00Z", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01t00:00:00z", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01T00:00:00-00:00", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01T02:30:00.5+02:30", datetime(2026, 1, 1, 0, 0, 0, 500_000, UTC)),
        ("2026-01-01T00:00:00.123456789Z", datetime(2026, 1, 1, 0, 0, 0, 123_456, UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_instants_are_kept_in_utc(text: str, expected: datetime) -> None:
    instant = fields.parse_instant(text)
    assert instant == expected
    assert instant.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-01",
        "20260101T000000Z",
        "2026-W01-1T00:00:00Z",
        "2026-01-01T00:00:00",
        "2026-01-01 00:00:00Z",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+01:60",
        "2026-01-01T24:00:00Z",
        "2016-12-31T23:59:60Z",
        "2024-02-30T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "２026-01-01T00:00:00Z",
    ],
)
def test_not_an_instant(text: str) -> None:
    with pytest.raises(TextError, match="RFC 3339"):
        fields.parse_instant(text)


@given(st.timedeltas(timedelta(days=-700_000), timedelta(days=2_900_000)), st.integers(-1439, 1439))
@settings(deadline=None)
def test_every_instant_is_read_back(since_2000: timedelta, minutes: int) -> None:
    zone = timezone(timedelta(minutes=minutes))
    moment = (datetime(2000, 1, 1, tzinfo=UTC) + since_2000).astimezone(zone)
    assert fields.parse_instant(msgspec.to_builtins(moment)) == moment
    assert fields.parse_instant(moment.isoformat()) == moment


@pytest.mark.parametrize("text", ["", "a b", "a/b", "../a", "é", "a" * 65, "a\n", "a.b", "a\0"])
def test_not_an_id(text: str) -> None:
    with pytest.raises(TextError):
        fields.parse_id(text)
    with pytest.raises(TextError):
        fields.parse_clerk_id(f"user_{text}")


@pytest.mark.parametrize(
    "text",
    ["user_", "USER_1", "org_1", "user_123?x=", "user_%2e", "../user_1", "user_1\n", "user_１"],
)
def test_not_a_clerk_id(text: str) -> None:
    with pytest.raises(TextError):
        fields.parse_clerk_id(text)


def test_the_limits_reach_the_schema() -> None:
    shown = msgspec.json.schema(Sample)["$defs"]["Sample"]["properties"]
    assert shown["name"] == {
        "type": "string",
        "minLength": 1,
        "maxLength": 120,
        "examples": ["Primary School"],
    }
    assert shown["content"]["maxLength"] == 2000
    assert (shown["email"]["format"], shown["email"]["maxLength"]) == ("email", 254)
    assert shown["imageUrl"]["anyOf"][0]["format"] == "uri"
    assert shown["startsAt"]["format"] == "date-time"
    assert shown["parentId"]["pattern"] == "^[A-Za-z0-9_-]{1,64}$"
