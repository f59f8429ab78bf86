from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Meta, UnsetType

from akako.kernel.core import fields
from akako.kernel.core.errors import ApiError, BadRequest, ValidationFailed
from akako.kernel.db import query

ROLES = ("ADMIN", "MENTOR", "LEARNER")


Staff = Literal["MENTOR", "ADMIN"]


class Filters(msgspec.Struct, rename="camel"):
    document_id: fields.Id
    search: Annotated[str, fields.line(0, 100)] = ""
    force: bool = False
    depth: Annotated[int, Meta(ge=1, le=9)] = 1
    role: list[Annotated[Staff, fields.one_of(Staff, ignore_case=True)]] | UnsetType = UNSET
    since: fields.Instant | None = None


def refusal(act: Callable[[], object]) -> dict[str, Any]:
    with pytest.raises(ValidationFailed) as caught:
        act()
    return caught.value.details


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", {}),
        (b"&&", {}),
        (b"a=1&b=2", {"a": "1", "b": "2"}),
        (b"a", {"a": ""}),
        (b"a=", {"a": ""}),
        (b"a=b=c", {"a": "b=c"}),
        (b"a=x+y%20z%2B", {"a": "x y z+"}),
        (b"a=%C3%A9", {"a": "é"}),
        ("a=é".encode(), {"a": "é"}),
        (b"search=100%", {"search": "100%"}),
        (b"a=1;b=2", {"a": "1;b=2"}),
        (b"%61=1", {"a": "1"}),
    ],
)
def test_parameters(raw: bytes, expected: dict[str, str]) -> None:
    assert query.parse_query(raw) == expected


@pytest.mark.parametrize("raw", [b"a=%ff", b"a=\xe9", b"%ff=1", b"a=%ED%A0%80"])
def test_a_query_is_utf8(raw: bytes) -> None:
    with pytest.raises(BadRequest) as caught:
        query.parse_query(raw)
    assert caught.value.details == {"reason": "invalid_encoding"}


@pytest.mark.parametrize("raw", [b"page=1&page=2", b"page=1&x=0&page=1", b"page=1&%70age=1"])
def test_a_parameter_is_given_once(raw: bytes) -> None:
    found = refusal(lambda: query.parse_query(raw))
    assert (found["field"], found["message"]) == ("page", "Must be given once")


@pytest.mark.parametrize("raw", [b"a=%00", b"a=x%0d%0ay", b"a=%1b[31m", b"a=%E2%80%AE"])
def test_control_characters_are_refused(raw: bytes) -> None:
    assert refusal(lambda: query.parse_query(raw))["field"] == "a"


def test_a_control_character_in_a_name_is_refused() -> None:
    refusal(lambda: query.parse_query(b"a%00=1"))


def test_the_number_of_parameters_is_bounded() -> None:
    raw = "&".join(f"p{n}=1" for n in range(query.MAX_PARAMETERS)).encode()
    assert len(query.parse_query(raw)) == query.MAX_PARAMETERS
    with pytest.raises(BadRequest):
        query.parse_query(raw + b"&one=more")


@pytest.mark.parametrize(("text", "expected"), [("1", 1), ("007", 7), ("9" * 18, int("9" * 18))])
def test_integers(text: str, expected: int) -> None:
    assert query.integer("page", text, minimum=1) == expected


@pytest.mark.parametrize(
    "text",
    ["", "0", "-1", "+3", " 7 ", "1_0", "１２", "٣", "1.0", "1e2", "0x1", "abc", "1\n", "9" * 19,
     "9" * 5000, "101"],
)  # fmt: skip
def test_not_integers(text: str) -> None:
    found = refusal(lambda: query.integer("page", text, minimum=1, maximum=100))
    assert found["message"] == "Must be an integer between 1 and 100"
    assert found["value"] == text[:256]


def test_booleans() -> None:
    assert all(query.boolean("b", text) is True for text in ("true", "1"))
    assert all(query.boolean("b", text) is False for text in ("false", "0"))
    for text in ("", "TRUE", "yes", "2", " 1"):
        assert refusal(lambda text=text: query.boolean("b", text))["value"] == text  # type: ignore[misc]


def test_choices_in_any_case() -> None:
    assert query.choice("order", "DESC", ("asc", "desc")) == "desc"
    assert query.choice("sort", "createdat", ("createdAt",)) == "createdAt"
    assert query.choices("role", "learner, ADMIN,admin", ROLES) == ("ADMIN", "LEARNER")


@pytest.mark.parametrize("text", ["", "X", "ADMIN,", ",", "ADMIN,X", "adm\u0131n", "ADMIN;MENTOR"])
def test_unknown_choices_name_the_known_ones(text: str) -> None:
    found = refusal(lambda: query.choices("role", text, ROLES))
    assert found["message"] == "Must be one of: ADMIN, MENTOR, LEARNER"


@pytest.mark.parametrize(
    ("text", "end", "expected"),
    [
        ("2026-02-28", False, datetime(2026, 2, 28, tzinfo=UTC)),
        ("2026-02-28", True, datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-02-28T10:00:00Z", True, datetime(2026, 2, 28, 10, tzinfo=UTC)),
        ("2026-02-28t10:00:00.25-05:30", False, datetime(2026, 2, 28, 15, 30, 0, 250_000, UTC)),
        ("0001-01-01", False, datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31", False, datetime(9999, 12, 31, tzinfo=UTC)),
        ("9999-12-31", True, datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_edges_of_a_range(text: str, end: bool, expected: datetime) -> None:
    assert query.instant_or_day("createdTo", text, end=end) == expected


@pytest.mark.parametrize(
    "text",
    ["", "today", "2024-02-30", "0000-01-01", "10000-01-01", "20240101", "2024-W01-1", "2024-01",
     "2024-01-01T00:00:00", "2024-01-01T00:00:00 01:00", "2016-12-31T23:59:60Z", "1640995200",
     "0001-01-01T00:00:00+14:00", "٢٠٢٤-01-01"],
)  # fmt: skip
def test_not_an_edge(text: str) -> None:
    for end in (False, True):
        found = refusal(lambda end=end: query.instant_or_day("createdFrom", text, end=end))  # type: ignore[misc]
        assert (found["field"], found["value"]) == ("createdFrom", text)


def test_read_query_follows_the_model_and_ignores_the_rest() -> None:
    raw = b"documentId=d1&search=+x&force=1&depth=9&role=admin,Mentor&utm=1"
    raw += b"&since=2026-01-01T00:00:00Z"
    assert query.read_query(Filters, raw) == Filters(
        document_id="d1",
        search="x",
        force=True,
        depth=9,
        role=["ADMIN", "MENTOR"],
        since=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert query.read_query(Filters, b"documentId=d1") == Filters(document_id="d1")


@pytest.mark.parametrize(
    ("raw", "field", "message"),
    [
        (b"", "documentId", "Required"),
        (b"documentId=", "documentId", "Must be an id"),
        (b"documentId=../x", "documentId", "Must be an id"),
        (b"documentId=d&force=yes", "force", "Must be true or false"),
        (b"documentId=d&depth=1_0", "depth", "Must be an integer"),
        (b"documentId=d&depth=10", "depth", "Must be at most 9"),
        (b"documentId=d&role=ADMIN,X", "role[1]", "Must be one of: MENTOR, ADMIN"),
    ],
)
def test_read_query_names_the_parameter(raw: bytes, field: str, message: str) -> None:
    found = refusal(lambda: query.read_query(Filters, raw))
    assert (found["field"], found["message"]) == (field, message)


def rejection(read: Callable[[], object]) -> ApiError | None:
    """Return the error with which a reader rejects its input; pass other exceptions on."""
    try:
        read()
    except ApiError as error:
        return error
    return None


@given(st.binary(max_size=80))
@settings(deadline=None)
def test_bytes_never_raise_anything_else(raw: bytes) -> None:
    refused = [
        rejection(lambda: query.parse_query(raw)),
        rejection(lambda: query.read_query(Filters, raw)),
    ]
    assert {each.status for each in refused if each} <= {400, 422}


@given(st.dictionaries(st.text(min_size=1), st.text(st.characters(exclude_categories=["Cs"]))))
@settings(deadline=None)
def test_what_clients_encode_is_read_back(given_values: dict[str, str]) -> None:
    try:
        decoded = query.parse_query(urlencode(given_values).encode())
    except ValidationFailed:
        return
    assert decoded == given_values


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
@settings(deadline=None)
def test_single_values_never_raise_anything_else(text: str) -> None:
    readers: list[Callable[[], object]] = [
        lambda: query.integer("p", text, minimum=1),
        lambda: query.boolean("p", text),
        lambda: query.choices("p", text, ROLES),
        lambda: query.instant_or_day("p", text, end=True),
    ]
    refused = [rejection(read) for read in readers]
    assert {type(each) for each in refused if each} <= {ValidationFailed}
