"""Who is asking, and who may. Every endpoint names its `Access`; nothing allows by default."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

import msgspec

from akako.kernel.errors import Forbidden

Role = Literal["ADMIN", "MENTOR", "LEARNER"]
ROLES: tuple[Role, ...] = ("ADMIN", "MENTOR", "LEARNER")
ADMIN, MENTOR, LEARNER = ROLES

TokenUse = Literal["ignored", "optional", "checked", "required"]


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """The signed-in user on whose behalf a verb runs, and where the request came from."""

    user_id: str
    clerk_id: str
    roles: tuple[str, ...]  # effective now, in the order of ROLES
    plan: str = "FREE"  # of the subject that usage is counted for
    organization_id: str | None = None
    impersonator: str | None = None  # the Clerk id of whoever acts as this user
    ip: str | None = None
    request_id: str | None = None

    @property
    def subject(self) -> str:
        """Whom usage is counted for: the organisation of the token, else the user."""
        organization = self.organization_id
        return f"organization:{organization}" if organization else f"user:{self.user_id}"

    def has(self, *roles: str) -> bool:
        return any(role in self.roles for role in roles)

    @property
    def is_admin(self) -> bool:
        return ADMIN in self.roles


class Stranger(msgspec.Struct, frozen=True, kw_only=True):
    """A caller who was refused before anybody looked for their account."""

    clerk_id: str
    user_id: None = None  # the audit trail finds it, where there is one
    impersonator: str | None = None
    ip: str | None = None
    request_id: str | None = None


class TurnedAway(Forbidden):
    """Turned away at the door: the token is genuine, but `who` it names may not come in."""

    def __init__(
        self, message: str, who: Stranger, *, reason: str, user_roles: Sequence[str] = ()
    ) -> None:
        super().__init__(message, user_roles=user_roles, reason=reason)
        self.who = who


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What a new account is given."""

    default_plan: str = "FREE"
    bootstrap_admins: tuple[str, ...] = ()  # Clerk ids of those who start as ADMIN


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """How an endpoint treats the bearer token, and which roles it asks for (any one of them).

    ignored: the header is not read. optional: an invalid token counts as none. checked: none is
    fine, an invalid one is 401, and the caller needs no account yet. required: 401 without a valid
    one, and the caller's account is made on the spot where it is missing.
    """

    token: TokenUse
    roles: tuple[Role, ...] = ()

    def check(self, roles: Collection[str]) -> None:
        """Raise Forbidden unless one of the effective roles suffices. There is no hierarchy."""
        if self.roles and not any(role in roles for role in self.roles):
            raise Forbidden(required=self.roles, user_roles=tuple(roles))


UNGUARDED = Access(token="ignored")  # noqa: S106 - not a password
PUBLIC = Access(token="optional")  # noqa: S106
TOKEN_CHECKED = Access(token="checked")  # noqa: S106
SIGNED_IN = Access(token="required")  # noqa: S106


def requires(*roles: Role) -> Access:
    """Signed in, with at least one of these roles effective now."""
    return Access(token="required", roles=roles)  # noqa: S106


def not_owner(actor: Actor, *required: str) -> Forbidden:
    """The caller has a role that could do this, but on things of their own only."""
    return Forbidden(
        "This belongs to somebody else",
        required=required or (ADMIN, MENTOR),
        user_roles=actor.roles,
        reason="not_owner",
    )
