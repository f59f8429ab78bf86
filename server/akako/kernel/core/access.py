"""Callers, and the access that endpoints require. Each endpoint must declare one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

import msgspec

from akako.kernel.core.errors import Forbidden, PlanRequired

Role = Literal["ADMIN", "MENTOR", "LEARNER"]
ROLES: tuple[Role, ...] = ("ADMIN", "MENTOR", "LEARNER")
ADMIN, MENTOR, LEARNER = ROLES

PlanName = Literal["FREE", "PRO", "ENTERPRISE"]
PRO: PlanName = "PRO"
ENTERPRISE: PlanName = "ENTERPRISE"

TokenUse = Literal["ignored", "optional", "checked", "required", "link"]


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """The signed-in user of a request, and where the request came from."""

    user_id: str
    clerk_id: str
    roles: tuple[str, ...]  # effective now, in the order of ROLES
    plan: str = "FREE"  # of the quota subject
    organization_id: str | None = None  # of the token, if an administrator put it on a plan
    session_id: str | None = None  # of the token
    impersonator: str | None = None  # Clerk id of the person who impersonates this user
    ip: str | None = None
    request_id: str | None = None
    first_party: bool = False  # the token was issued to an origin whose requests are not metered

    @property
    def subject(self) -> str:
        """Return the quota subject: an organization on a plan, or else the user."""
        organization = self.organization_id
        return f"organization:{organization}" if organization else f"user:{self.user_id}"

    def has(self, *roles: str) -> bool:
        return any(role in self.roles for role in roles)

    @property
    def is_admin(self) -> bool:
        return ADMIN in self.roles


class UnknownCaller(msgspec.Struct, frozen=True, kw_only=True):
    """A caller with a genuine token who was rejected before the account was loaded."""

    clerk_id: str
    user_id: None = None  # the audit log looks it up by the Clerk id
    impersonator: str | None = None
    ip: str | None = None
    request_id: str | None = None


class CallerRejected(Forbidden):
    """The token is genuine, but the account that it names may not use the API."""

    def __init__(
        self, message: str, who: UnknownCaller, *, reason: str, user_roles: Sequence[str] = ()
    ) -> None:
        super().__init__(message, user_roles=user_roles, reason=reason)
        self.who = who


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """The plan and roles of a new account, and the origins whose requests are not metered."""

    default_plan: str = "FREE"
    first_party_origins: tuple[str, ...] = ()  # values of a token's `azp`
    bootstrap_admins: tuple[str, ...] = ()  # Clerk ids that get ADMIN when their account is created


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """How an endpoint uses the bearer token, and the roles and plans of which the caller needs one.

    - `ignored`: the header is not read.
    - `optional`: an invalid token is treated as no token.
    - `checked`: a token is not needed, but an invalid one is 401. The caller needs no account.
    - `required`: 401 without a valid token. A missing account is created.
    - `link`: the header is not read. The path parameter `link` stands for the token.
    """

    token: TokenUse
    roles: tuple[Role, ...] = ()
    plans: tuple[PlanName, ...] = ()

    def check(self, roles: Collection[str]) -> None:
        """Raise Forbidden unless the caller has a required role. Roles have no hierarchy."""
        if self.roles and not any(role in roles for role in self.roles):
            raise Forbidden(required=self.roles, user_roles=tuple(roles))

    def check_plan(self, plan: str) -> None:
        """Raise PlanRequired unless the caller's plan is required here. Call after `check`."""
        if self.plans and plan not in self.plans:
            raise PlanRequired(plan, self.plans)


UNGUARDED = Access(token="ignored")  # noqa: S106 - not a password
PUBLIC = Access(token="optional")  # noqa: S106
BY_LINK = Access(token="link")  # noqa: S106
TOKEN_CHECKED = Access(token="checked")  # noqa: S106
SIGNED_IN = Access(token="required")  # noqa: S106


def requires(*roles: Role) -> Access:
    """Require a signed-in caller with at least one of these roles in effect."""
    return Access(token="required", roles=roles)  # noqa: S106


def not_owner(actor: Actor, *required: str) -> Forbidden:
    """Return the error for a caller whose role covers only resources that they own."""
    return Forbidden(
        "This resource belongs to another user",
        required=required or (ADMIN, MENTOR),
        user_roles=actor.roles,
        reason="not_owner",
    )


def refuse_impersonated(actor: Actor) -> None:
    """Raise Forbidden where an impersonator acts as the user."""
    if actor.impersonator:
        raise Forbidden(
            "Roles cannot be changed while impersonating",
            required=(ADMIN,),
            user_roles=actor.roles,
            reason="impersonation",
        )
