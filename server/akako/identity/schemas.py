"""The shapes of users and roles on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import UNSET, UnsetType

from akako.kernel.core import fields
from akako.kernel.core.access import Role


class UserRole(msgspec.Struct, rename="camel", frozen=True):
    """One dated assignment. It holds from start (inclusive) to end (exclusive; null: open).

    `assignedBy` is the id of the administrator. Only administrators see it; in the caller's own
    profile it is null.
    """

    id: str
    role: str
    effective_start_date: datetime
    effective_end_date: datetime | None
    assigned_by: str | None


class User(msgspec.Struct, rename="camel"):
    """A user. `email` is verified at Clerk. `roles` are those effective now."""

    id: str
    clerk_id: str
    email: str | None
    username: str | None
    first_name: str | None
    last_name: str | None
    image_url: str | None
    status: str
    plan: str
    roles: list[str]
    created_at: datetime
    updated_at: datetime


class Profile(User, rename="camel"):
    """A user as seen by themselves, with the role windows that are open now."""

    user_roles: list[UserRole]


class AdminUser(User, rename="camel"):
    """A user as seen by an administrator, with the whole history of roles."""

    user_roles: list[UserRole]
    last_synced_at: datetime | None


class Synced(msgspec.Struct, rename="camel"):
    """Response for unauthenticated callers; contains no personal data."""

    user_id: str
    synced: bool
    created: bool


class RoleAssigned(msgspec.Struct, rename="camel"):
    user_role: UserRole
    user: AdminUser


PersonName = Annotated[str, fields.line(1, 100)]
RoleName = Annotated[Role, fields.one_of(Role, ignore_case=True)]
Status = Literal["ACTIVE", "INACTIVE", "SUSPENDED"]
PlanName = Literal["FREE", "PRO", "ENTERPRISE"]


class SyncRequest(msgspec.Struct, rename="camel", kw_only=True):
    """A hint which user to fetch from the identity provider; never a source of truth."""

    user_id: fields.ClerkId | UnsetType = UNSET
    email: fields.Email | UnsetType = UNSET


class ProfileUpdate(msgspec.Struct, rename="camel", kw_only=True):
    """What users may change about themselves. Absent fields stay; null clears."""

    __read_only__: ClassVar[frozenset[str]] = frozenset(
        {"id", "clerkId", "email", "username", "status", "plan", "role", "roles"}
        | {"userRoles", "createdAt", "updatedAt", "lastSyncedAt"}
    )

    first_name: PersonName | UnsetType | None = UNSET
    last_name: PersonName | UnsetType | None = UNSET
    image_url: fields.HttpsUrl | UnsetType | None = UNSET


class UserUpdate(msgspec.Struct, rename="camel", kw_only=True):
    """What administrators may change about a user. Roles have endpoints of their own."""

    __read_only__: ClassVar[frozenset[str]] = frozenset(
        {"id", "clerkId", "email", "username", "role", "roles", "userRoles"}
        | {"createdAt", "updatedAt", "lastSyncedAt"}
    )

    first_name: PersonName | UnsetType | None = UNSET
    last_name: PersonName | UnsetType | None = UNSET
    image_url: fields.HttpsUrl | UnsetType | None = UNSET
    status: Annotated[Status, fields.one_of(Status)] | UnsetType = UNSET
    plan: Annotated[PlanName, fields.one_of(PlanName)] | UnsetType = UNSET


class RoleGrant(msgspec.Struct, rename="camel", kw_only=True):
    """A role to assign, from now or a given moment, for good or until a given moment."""

    role: RoleName
    effective_start_date: fields.Instant | UnsetType = UNSET
    effective_end_date: fields.Instant | UnsetType | None = UNSET


class RoleRemoval(msgspec.Struct, rename="camel", kw_only=True):
    """The role to remove, if it is not named in the query."""

    role: RoleName | UnsetType = UNSET
