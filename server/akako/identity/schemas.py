"""Request and response types of users and roles."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import UNSET, UnsetType

from akako.kernel.core import fields
from akako.kernel.core.access import Role


class UserRole(msgspec.Struct, rename="camel", frozen=True):
    """A dated role assignment, from start (inclusive) to end (exclusive; null: open).

    `assignedBy` is the id of the administrator; null in the caller's own profile.
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
    """The caller's own account, with the open role windows."""

    user_roles: list[UserRole]


class AdminUser(User, rename="camel"):
    """A user as administrators see it, with the complete role history."""

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
    """Names the user to fetch from the identity provider. No data is taken from it."""

    user_id: fields.ClerkId | UnsetType = UNSET
    email: fields.Email | UnsetType = UNSET


class ProfileUpdate(msgspec.Struct, rename="camel", kw_only=True):
    """Fields that users can change themselves. Missing fields stay; null clears."""

    __read_only__: ClassVar[frozenset[str]] = frozenset(
        {"id", "clerkId", "email", "username", "status", "plan", "role", "roles"}
        | {"userRoles", "createdAt", "updatedAt", "lastSyncedAt"}
    )

    first_name: PersonName | UnsetType | None = UNSET
    last_name: PersonName | UnsetType | None = UNSET
    image_url: fields.HttpsUrl | UnsetType | None = UNSET


class UserUpdate(msgspec.Struct, rename="camel", kw_only=True):
    """Fields that administrators can change. Roles have separate endpoints."""

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
    """A role to assign, with an optional start and end."""

    role: RoleName
    effective_start_date: fields.Instant | UnsetType = UNSET
    effective_end_date: fields.Instant | UnsetType | None = UNSET


class RoleRemoval(msgspec.Struct, rename="camel", kw_only=True):
    """The role to remove, if the query does not name it."""

    role: RoleName | UnsetType = UNSET
