"""A server whose users are at a fake Clerk."""

from __future__ import annotations

from typing import Any

import httpx2

from akako.dev.fake_clerk import FakeClerk
from tests.identity.people import rows
from tests.parts.server import Server

SYNC, PROFILE = "/api/auth/sync", "/api/auth/profile"
BOSS = "user_boss"
WEBHOOK_SECRET = "whsec_plJ3nmyCDGBKInavdOK15jsl"


def settings_for(clerk: FakeClerk) -> dict[str, str]:
    return {
        "AKAKO_CLERK_ISSUER": clerk.issuer,
        "AKAKO_CLERK_API_URL": clerk.api_url,
        "AKAKO_CLERK_SECRET_KEY": clerk.secret_key,
        "AKAKO_CLERK_WEBHOOK_SECRETS": WEBHOOK_SECRET,
        "AKAKO_BOOTSTRAP_ADMINS": BOSS,
    }


def bearer(clerk: FakeClerk, who: str, **claims: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {clerk.mint(who, **claims)}"}


def sync(api: Server, who: str, email: str | None = None) -> httpx2.Response:
    """Sync a user without a token."""
    return api.post(SYNC, json={"userId": who} | ({"email": email} if email else {}))


def address_of(api: Server, clerk_id: str) -> str | None:
    (row,) = rows(api, "select email from users where clerk_id = %s", clerk_id)
    return str(row[0]) if row[0] is not None else None


def roles_of(api: Server, clerk_id: str) -> list[str]:
    sql = (
        "select role from user_roles r join users u on u.id = r.user_id where u.clerk_id = %s "
        "and effective_start <= now() and (effective_end is null or effective_end > now()) "
        "order by role"
    )
    return [row[0] for row in rows(api, sql, clerk_id)]
