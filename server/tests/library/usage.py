"""Mentors with a plan, and how much of it they have used."""

from __future__ import annotations

from akako.kernel.core.ids import new_id
from tests.parts.server import Server

MONTH = "date_trunc('month', now() at time zone 'UTC')::date"


def new_mentor(api: Server) -> str:
    """A fresh mentor on the FREE plan, who is also a learner; returns the Clerk id."""
    who = api.user(f"mentor{new_id()}")
    with api.db() as db:
        db.execute(
            "insert into user_roles (id, user_id, role, effective_start) "
            "values (%s, %s, 'MENTOR', now() - interval '1 hour')",
            (new_id(), api.user_id(who)),
        )
    return who


def set_used(api: Server, who: str, used: int) -> None:
    with api.db() as db:
        db.execute(
            f"insert into usage_counters (subject, month, kind, used) "
            f"values (%s, {MONTH}, 'file_uploads', %s) "
            f"on conflict (subject, month, kind) do update set used = excluded.used",
            (f"user:{api.user_id(who)}", used),
        )


def used(api: Server, who: str) -> int:
    quota = api.get("/api/auth/quota", as_=who).json()["data"]["fileUploads"]
    assert quota["used"] + quota["remaining"] == quota["limit"]
    return int(quota["used"])
