"""Clerk's User object, where everything but the id may be missing or of another type."""

from typing import Any

import pytest

from akako.backends.clerk_user import parse_user
from akako.kernel.core.ports import DirectoryUser


def address(id: str, text: object, status: str = "unverified") -> dict[str, object]:
    return {"id": id, "email_address": text, "verification": {"status": status}}


@pytest.mark.parametrize(
    ("fields", "primary", "emails"),
    [
        ({}, None, ()),
        ({"email_addresses": None, "primary_email_address_id": None}, None, ()),
        ({"email_addresses": [], "primary_email_address_id": "a"}, None, ()),
        ({"email_addresses": "a@x"}, None, ()),
        ({"email_addresses": [None, 5, {}, address("a", None), address("b", "")]}, None, ()),
        (
            {
                "email_addresses": [address("a", "a@x", "verified"), address("b", "b@x")],
                "primary_email_address_id": "b",
            },
            "a@x",
            ("a@x",),
        ),
        (
            {
                "email_addresses": [
                    address("a", "a@x", "verified"),
                    address("b", "b@x", "verified"),
                ],
                "primary_email_address_id": "b",
            },
            "b@x",
            ("a@x", "b@x"),
        ),
        (
            {"email_addresses": [address("a", "a@x"), address("b", "b@x", "verified")]},
            "b@x",
            ("b@x",),
        ),
        ({"email_addresses": [address("a", "a@x")], "primary_email_address_id": "a"}, None, ()),
        ({"email_addresses": [address("a", "a@x", "VERIFIED")]}, None, ()),
        ({"email_addresses": [{"email_address": "a@x", "verification": "verified"}]}, None, ()),
        (
            {
                "email_addresses": [{"email_address": "a@x"}, {"email_address": "b@x"}],
                "primary_email_address_id": None,
            },
            "a@x",
            ("a@x", "b@x"),
        ),
        ({"email_addresses": [{"email_address": "a@x", "verification": None}]}, None, ()),
        (
            {"email_addresses": [address("a", " ", "verified"), address("b", " b@x ", "verified")]},
            "b@x",
            ("b@x",),
        ),
    ],
)
def test_the_primary_address(
    fields: dict[str, Any], primary: str | None, emails: tuple[str, ...]
) -> None:
    user = parse_user({"id": "user_1", **fields})
    assert user == DirectoryUser(id="user_1", primary_email=primary, emails=emails)


@pytest.mark.parametrize("value", [None, 5, True, [], {}, "", "a\0b"])
def test_fields_of_the_wrong_type_are_left_out(value: object) -> None:
    names = ("username", "first_name", "last_name", "image_url", "created_at", "updated_at")
    fields = {name: value for name in names if not (name.endswith("_at") and value == 5)}
    assert parse_user({"id": "user_1", **fields, "banned": value == 5}) == DirectoryUser(
        id="user_1", banned=value == 5
    )


@pytest.mark.parametrize("moment", [-1, 2**53, 10**30, 1.5, "1700000000000"])
def test_impossible_times_are_left_out(moment: object) -> None:
    user = parse_user({"id": "user_1", "created_at": moment, "updated_at": 7})
    assert user == DirectoryUser(id="user_1", updated_at=7)


@pytest.mark.parametrize("value", ["true", 1, None, "banned"])
def test_only_true_bans(value: object) -> None:
    assert parse_user({"id": "user_1", "banned": value, "locked": value}) == DirectoryUser(
        id="user_1"
    )
    barred = parse_user({"id": "user_1", "banned": True, "locked": True})
    assert barred is not None
    assert barred.banned
    assert barred.locked
