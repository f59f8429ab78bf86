from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Meta, UnsetType

from akako.kernel.core import fields, validation
from akako.kernel.core.errors import ApiError, ValidationFailed
from akako.kernel.core.validation.json import decode_object, encode

Name = Annotated[str, fields.line(1, 120, examples=["Primary School"])]
Role = Literal["ADMIN", "MENTOR", "LEARNER"]


class Stage(enum.Enum):
    PRIMARY = "primary"
    SECONDARY = "secondary"


class Sync(msgspec.Struct, rename="camel"):
    user_id: fields.ClerkId
    email: fields.Email | UnsetType = UNSET


class NewLevel(msgspec.Struct, rename="camel"):
    name: Name
    description: Annotated[str, fields.text(2000)] = ""
    image_url: fields.HttpsUrl | None = None
    is_active: bool = True


class Label(msgspec.Struct, rename="camel"):
    name: Name
    note: Annotated[str, fields.text(10)] = ""


class Everything(msgspec.Struct, rename="camel"):
    role: Annotated[Role, fields.one_of(Role, ignore_case=True)]
    stage: Stage = Stage.PRIMARY
    plan: Literal["FREE", "PRO"] = "FREE"
    subject_ids: Annotated[list[fields.Id], Meta(min_length=1, max_length=3)] | UnsetType = UNSET
    starts_at: fields.Instant | None = None
    count: Annotated[int, Meta(ge=1, le=5)] | None = None
    metadata: Label | None = None


class ProfileChanges(msgspec.Struct, rename="camel"):
    first_name: Name | UnsetType | None = UNSET
    image_url: fields.HttpsUrl | UnsetType | None = UNSET
    is_active: bool | UnsetType = UNSET

    __read_only__: ClassVar[frozenset[str]] = frozenset({"id", "roles", "createdAt"})


class Profile(msgspec.Struct, rename="camel"):
    id: str
    first_name: str | None
    roles: list[str]
    created_at: datetime


PROFILE = Profile("u1", "Ada", ["LEARNER"], datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=UTC))


def problems(model: type[msgspec.Struct], data: Mapping[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(ValidationFailed) as caught:
        validation.read(model, data)
    details = caught.value.details
    found = details.get("errors", [details])
    assert details["field"] == found[0]["field"]
    return [(each["field"], each["message"]) for each in found]


def test_the_email_example_of_the_reference() -> None:
    body = decode_object(b'{"userId":"user_123","email":"invalid-email"}')
    with pytest.raises(ValidationFailed) as caught:
        validation.read(Sync, body)
    assert encode(caught.value.details) == (
        b'{"field":"email","message":"Invalid email format","value":"invalid-email"}'
    )


def test_values_are_cleaned_and_defaults_filled() -> None:
    level = validation.read(NewLevel, {"name": "  Cafe\u0301 ", "description": "a\r\nb "})
    assert level == NewLevel(name="Café", description="a\nb", image_url=None, is_active=True)
    assert validation.read(Sync, {"userId": "user_123"}).email is UNSET


def test_every_kind_of_field() -> None:
    data = {
        "role": "mentor",
        "stage": "secondary",
        "plan": "PRO",
        "subjectIds": ["a", "b"],
        "startsAt": "2026-01-01T01:00:00.5+01:00",
        "count": 5,
        "metadata": {"name": "Notes"},
    }
    assert validation.read(Everything, data) == Everything(
        role="MENTOR",
        stage=Stage.SECONDARY,
        plan="PRO",
        subject_ids=["a", "b"],
        starts_at=datetime(2026, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC),
        count=5,
        metadata=Label(name="Notes"),
    )


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("role", "OWNER", "Must be one of: ADMIN, MENTOR, LEARNER"),
        ("role", 1, "Must be a string"),
        ("role", None, "Must not be null"),
        ("role", ["ADMIN"], "Must be a string"),
        ("role", " ADMIN", "Must be one of: ADMIN, MENTOR, LEARNER"),
        ("role", "adm\u0131n", "Must be one of: ADMIN, MENTOR, LEARNER"),
        ("stage", "PRIMARY", "Must be one of: primary, secondary"),
        ("plan", "pro", "Must be one of: FREE, PRO"),
        ("subjectIds", "a", "Must be a list"),
        ("subjectIds", {"0": "a"}, "Must be a list"),
        ("subjectIds", None, "Must not be null"),
        ("subjectIds", [], "Must have at least 1 items"),
        ("subjectIds", ["a"] * 4, "Must have at most 3 items"),
        ("startsAt", 1_640_995_200, "Must be a string"),
        ("startsAt", "2026-01-01", "Must be an RFC 3339 date-time"),
        ("count", "1", "Must be an integer"),
        ("count", 1.0, "Must be an integer"),
        ("count", True, "Must be an integer"),
        ("count", 0, "Must be at least 1"),
        ("count", 6, "Must be at most 5"),
        ("metadata", [], "Must be an object"),
        ("metadata", "x", "Must be an object"),
    ],
)
def test_wrong_values(field: str, value: object, message: str) -> None:
    [(where, what)] = problems(Everything, {"role": "ADMIN"} | {field: value})
    assert where == field
    assert what.startswith(message)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "Must be between 1 and 120 characters"),
        ("name", " \u200b ", "Must be between 1 and 120 characters"),
        ("name", "x" * 121, "Must be between 1 and 120 characters"),
        ("name", "a\0b", "Must not contain the character U+0000"),
        ("name", {"a": 1}, "Must be a string"),
        ("name", None, "Must not be null"),
        ("description", "x" * 2001, "Must be at most 2000 characters"),
        ("imageUrl", "javascript:alert(1)", "Must be an https URL without credentials"),
        ("isActive", 1, "Must be true or false"),
        ("isActive", "true", "Must be true or false"),
        ("isActive", None, "Must not be null"),
    ],
)
def test_wrong_level(field: str, value: object, message: str) -> None:
    assert problems(NewLevel, {"name": "x"} | {field: value}) == [(field, message)]


def test_lengths_are_counted_in_code_points() -> None:
    assert validation.read(NewLevel, {"name": "😀" * 120}).name == "😀" * 120
    assert problems(NewLevel, {"name": "😀" * 121})


def test_all_violations_in_the_order_of_the_model() -> None:
    data = {
        "extra": 1,
        "metadata": {"note": "far too long", "other": 1},
        "subjectIds": ["a", "b c", 3],
        "role": "x",
    }
    assert problems(Everything, data) == [
        ("role", "Must be one of: ADMIN, MENTOR, LEARNER"),
        ("subjectIds[1]", "Must be an id"),
        ("subjectIds[2]", "Must be a string"),
        ("metadata.name", "Required"),
        ("metadata.note", "Must be at most 10 characters"),
        ("metadata.other", "Unknown field"),
        ("extra", "Unknown field"),
    ]


def test_a_missing_field_has_no_value() -> None:
    with pytest.raises(ValidationFailed) as caught:
        validation.read(NewLevel, {})
    assert caught.value.details == {"field": "name", "message": "Required", "value": None}


@pytest.mark.parametrize(
    "key",
    ["__proto__", "constructor", "class", "__class__", "__dict__", "_sa_instance_state",
     "__read_only__", "__struct_fields__", "metadata.name", "user_id", "", "Name", "self"],
)  # fmt: skip
def test_odd_keys_are_unknown_fields(key: str) -> None:
    assert problems(Sync, {"userId": "user_1", key: "x"}) == [(key, "Unknown field")]


def test_answers_stay_small() -> None:
    with pytest.raises(ValidationFailed) as caught:
        validation.read(Sync, {f"{n}" * 1000: "x" * 1000 for n in range(60)})
    errors = caught.value.details["errors"]
    assert len(errors) == 50
    assert all(len(each["field"]) <= 128 and len(each["value"] or "") <= 256 for each in errors)


def test_absent_null_and_given_are_distinguished() -> None:
    changes, echoed = validation.read_changes(ProfileChanges, {"firstName": None, "isActive": True})
    assert validation.supplied(changes) == {"first_name": None, "is_active": True}
    assert changes.image_url is UNSET
    assert echoed == {}


def test_an_empty_change_is_refused() -> None:
    with pytest.raises(ValidationFailed) as caught:
        validation.read_changes(ProfileChanges, {})
    assert caught.value.details["field"] == "body"


def test_a_whole_profile_may_be_sent_back() -> None:
    body = decode_object(encode(PROFILE))
    changes, echoed = validation.read_changes(ProfileChanges, body)
    assert validation.supplied(changes) == {"first_name": "Ada"}
    assert set(echoed) == {"id", "roles", "createdAt"}
    validation.check_read_only(echoed, PROFILE)
    validation.check_read_only(echoed, body)


@pytest.mark.parametrize(
    ("field", "value"),
    [("roles", ["ADMIN"]), ("id", 1), ("id", None), ("createdAt", "2026-01-02T03:04:05Z")],
)
def test_a_read_only_field_may_not_change(field: str, value: object) -> None:
    _, echoed = validation.read_changes(ProfileChanges, {"id": "u1", field: value})
    with pytest.raises(ValidationFailed) as caught:
        validation.check_read_only(echoed, PROFILE)
    assert caught.value.details == {"field": field, "message": "Read-only field", "value": value}


def test_a_read_only_field_the_caller_cannot_see_may_not_be_sent() -> None:
    with pytest.raises(ValidationFailed):
        validation.check_read_only({"lastSyncedAt": None}, PROFILE)


def test_numbers_and_flags_are_never_equal() -> None:
    with pytest.raises(ValidationFailed):
        validation.check_read_only({"isActive": 1}, {"isActive": True})


def test_a_text_without_a_rule_cannot_be_declared() -> None:
    class Careless(msgspec.Struct):
        name: str

    with pytest.raises(TypeError):
        validation.read(Careless, {"name": "x"})


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
names = st.sampled_from(
    ["role", "stage", "plan", "subjectIds", "startsAt", "count", "metadata", "name", "imageUrl",
     "isActive", "userId", "email", "firstName", "id"]
)  # fmt: skip


@given(st.dictionaries(names | st.text(), anything, max_size=6))
@settings(deadline=None)
def test_nothing_but_api_errors(data: dict[str, Any]) -> None:
    for model in (Sync, NewLevel, Everything):
        try:
            assert isinstance(validation.read(model, data), model)
        except ApiError:
            continue
    try:
        _, echoed = validation.read_changes(ProfileChanges, data)
        validation.check_read_only(echoed, PROFILE)
    except ApiError:
        pass
