"""Endpoints of sign-in, profile and users."""

from __future__ import annotations

from typing import Any

import msgspec

from akako.identity import queries, service
from akako.identity.schemas import (
    AdminUser,
    Profile,
    ProfileUpdate,
    RoleAssigned,
    RoleGrant,
    RoleRemoval,
    Synced,
    SyncRequest,
    UserUpdate,
)
from akako.kernel.core.access import ADMIN, SIGNED_IN, TOKEN_CHECKED, Policy, requires
from akako.kernel.core.envelope import Created, Listed, Ok
from akako.kernel.core.errors import LastAdmin, Unauthorized, ValidationFailed
from akako.kernel.core.ports import Directory
from akako.kernel.db import listing
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import Tag, delete, get, post, put
from akako.kernel.http.limits import AUTH

AUTHENTICATION = Tag("Authentication", "Sync with Clerk, the profile and personal data.")
USERS = Tag("User Management", "Users and their dated roles.")

SYNCED = "User synced successfully"


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    """What sign-in needs. `directory` is None if the identity provider cannot be queried."""

    directory: Directory | None
    policy: Policy


@post(
    "/auth/sync",
    tag=AUTHENTICATION,
    access=TOKEN_CHECKED,
    bucket=AUTH,
    errors=(401, 403, 409, 502, 503),
    returns=Profile | Synced,
    status=(200, 201),
    body_optional=True,
    changes_public=True,
)
async def sync_user(
    ctx: Context, data: SyncRequest
) -> Ok[Profile | Synced] | Created[Profile | Synced]:
    """Sync user data from Clerk.

    With a token, this updates and returns the caller's account. Without a token, the body names the
    user to fetch from Clerk; the response contains no personal data.
    """
    accounts = ctx.get(Accounts)
    policy, directory = accounts.policy, accounts.directory
    user_id = data.user_id or None
    if ctx.claims:
        merged = await service.sync_caller(ctx.db, directory, ctx.claims, user_id, policy)
        answer: Profile | Synced = await service.get_profile(ctx.db, merged.user_id)
    else:
        if directory is None:
            raise Unauthorized("missing")
        if user_id is None:
            raise ValidationFailed.of("userId", "Required")
        merged = await service.sync_named(ctx.db, directory, user_id, data.email or None, policy)
        answer = Synced(user_id, synced=True, created=merged.created)
    if merged.created:
        return Created(data=answer, location="/api/auth/profile", message=SYNCED)
    return Ok(data=answer, message=SYNCED)


@get("/auth/profile", tag=AUTHENTICATION, access=SIGNED_IN, bucket=AUTH)
async def get_profile(ctx: Context) -> Ok[Profile]:
    """Get the current user's profile."""
    return Ok(data=await service.get_profile(ctx.db, ctx.actor.user_id), etag=True)


@put("/auth/profile", tag=AUTHENTICATION, access=SIGNED_IN, bucket=AUTH, changes_public=True)
async def update_profile(ctx: Context, data: ProfileUpdate, echoed: dict[str, Any]) -> Ok[Profile]:
    """Update the current user's profile."""
    profile = await service.update_profile(
        ctx.db, ctx.actor, changes=data, echoed=echoed, if_match=ctx.header("if-match")
    )
    return Ok(data=profile, message="Profile updated successfully", etag=True)


@get("/users", tag=USERS, access=requires(ADMIN), listing=queries.USERS)
async def list_users(ctx: Context, request: listing.Request) -> Listed[AdminUser]:
    """List all users."""
    return await queries.list_users(ctx.db, request)


@get("/users/{user_id}", tag=USERS, access=requires(ADMIN), resource="user")
async def get_user(ctx: Context, user_id: str) -> Ok[AdminUser]:
    """Get a user by id."""
    return Ok(data=await service.get_user(ctx.db, user_id), etag=True)


@put(
    "/users/{user_id}",
    tag=USERS,
    access=requires(ADMIN),
    resource="user",
    refusals=(LastAdmin,),
    changes_public=True,
)
async def update_user(
    ctx: Context, user_id: str, data: UserUpdate, echoed: dict[str, Any]
) -> Ok[AdminUser]:
    """Update a user."""
    user = await service.update_user(
        ctx.db,
        ctx.actor,
        user_id,
        changes=data,
        echoed=echoed,
        if_match=ctx.header("if-match"),
    )
    return Ok(data=user, message="User updated successfully", etag=True)


@post("/users/{user_id}/roles", tag=USERS, access=requires(ADMIN), resource="user", errors=(409,))
async def assign_role(ctx: Context, user_id: str, data: RoleGrant) -> Created[RoleAssigned]:
    """Assign a role to a user."""
    assigned = await service.assign_role(ctx.db, ctx.actor, user_id, grant=data)
    message = "Role assigned successfully"
    return Created(data=assigned, location=f"/api/users/{user_id}", message=message)


@delete(
    "/users/{user_id}/roles",
    tag=USERS,
    access=requires(ADMIN),
    resource="user",
    errors=(412,),
    refusals=(LastAdmin,),
    body_optional=True,
)
async def remove_role(
    ctx: Context, user_id: str, data: RoleRemoval, query: RoleRemoval
) -> Ok[AdminUser]:
    """Remove a role from a user.

    Name the role in the query or in the body. Some proxies drop the body of a DELETE request.
    """
    named = {each for each in (data.role, query.role) if each}
    if not named:
        raise ValidationFailed.of("role", "Required")
    if len(named) > 1:
        raise ValidationFailed.of("role", "Query and body name different roles", data.role)
    user = await service.remove_role(
        ctx.db, ctx.actor, user_id, role=named.pop(), if_match=ctx.header("if-match")
    )
    return Ok(data=user, message="Role removed successfully", etag=True)
