"""Clerk's User object, read leniently: everything but the id may be missing or null."""

from __future__ import annotations

import re
from typing import Any

from akako.kernel.core.ports import DirectoryUser

CLERK_ID = re.compile(r"user_[A-Za-z0-9]{1,64}")
MAX_MILLISECONDS = 2**53


def parse_user(data: object) -> DirectoryUser | None:
    """Clerk's User object, where everything but the id may be missing or null."""
    if not isinstance(data, dict):
        return None
    id = data.get("id")
    if not isinstance(id, str) or not CLERK_ID.fullmatch(id):
        return None
    addresses = _addresses(data.get("email_addresses"))
    return DirectoryUser(
        id=id,
        primary_email=_primary(addresses, data.get("primary_email_address_id")),
        emails=tuple(address["email_address"] for address in addresses),
        first_name=_text(data.get("first_name")),
        last_name=_text(data.get("last_name")),
        image_url=_text(data.get("image_url")),
        banned=data.get("banned") is True,
        locked=data.get("locked") is True,
        created_at=_milliseconds(data.get("created_at")),
        updated_at=_milliseconds(data.get("updated_at")),
    )


def _addresses(entries: object) -> list[dict[str, Any]]:
    if not isinstance(entries, list):
        return []
    return [
        entry
        for entry in entries
        if isinstance(entry, dict) and _text(entry.get("email_address")) is not None
    ]


def _primary(addresses: list[dict[str, Any]], primary_id: object) -> str | None:
    """The one named primary, else the first verified, else the first."""

    def rank(address: dict[str, Any]) -> int:
        if primary_id is not None and address.get("id") == primary_id:
            return 0
        verification = address.get("verification")
        verified = isinstance(verification, dict) and verification.get("status") == "verified"
        return 1 if verified else 2

    best = min(addresses, key=rank, default=None)
    return None if best is None else str(best["email_address"])


def _text(value: object) -> str | None:
    """A string that says something. One with U+0000 could not be stored."""
    return value if isinstance(value, str) and value and "\0" not in value else None


def _milliseconds(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < MAX_MILLISECONDS else None
