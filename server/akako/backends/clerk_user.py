"""Parse Clerk's User object. Every field except the id may be missing or null."""

from __future__ import annotations

from typing import Any

from akako.kernel.core.fields import CLERK_ID
from akako.kernel.core.ports import DirectoryUser

MAX_MILLISECONDS = 2**53


def parse_user(data: object) -> DirectoryUser | None:
    """Return the user of a Clerk User object, or None without a valid id.

    Only verified addresses are part of the result: anyone can add an unverified one at Clerk.
    """
    if not isinstance(data, dict):
        return None
    id = data.get("id")
    if not isinstance(id, str) or not CLERK_ID.fullmatch(id):
        return None
    addresses = _verified(data.get("email_addresses"))
    return DirectoryUser(
        id=id,
        primary_email=_primary(addresses, data.get("primary_email_address_id")),
        emails=tuple(address["email_address"] for address in addresses),
        username=_text(data.get("username")),
        first_name=_text(data.get("first_name")),
        last_name=_text(data.get("last_name")),
        image_url=_text(data.get("image_url")),
        banned=data.get("banned") is True,
        locked=data.get("locked") is True,
        created_at=_milliseconds(data.get("created_at")),
        updated_at=_milliseconds(data.get("updated_at")),
    )


def _verified(entries: object) -> list[dict[str, Any]]:
    if not isinstance(entries, list):
        return []
    return [
        entry | {"email_address": address}
        for entry in entries
        if isinstance(entry, dict)
        and _is_verified(entry)
        and (address := (_text(entry.get("email_address")) or "").strip())
    ]


def _is_verified(address: dict[str, Any]) -> bool:
    """Return whether Clerk verified the address.

    Clerk always sends `verification`; only shortened samples lack the key and count as verified.
    """
    if "verification" not in address:
        return True
    verification = address["verification"]
    return isinstance(verification, dict) and verification.get("status") == "verified"


def _primary(addresses: list[dict[str, Any]], primary_id: object) -> str | None:
    """Return the primary address if it is among the verified ones, else the first of them."""
    named = (each for each in addresses if primary_id is not None and each.get("id") == primary_id)
    best = next(named, addresses[0] if addresses else None)
    return None if best is None else str(best["email_address"])


def _text(value: object) -> str | None:
    """Return a non-empty string without U+0000, which PostgreSQL cannot store, or None."""
    return value if isinstance(value, str) and value and "\0" not in value else None


def _milliseconds(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < MAX_MILLISECONDS else None
