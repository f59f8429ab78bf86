"""Users and their dated roles, for administrators."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

from akako_lms._area import Area, D, iteration, operation
from akako_lms._queries import Plan, Role, UserQuery
from akako_lms._session import Page, check_names
from akako_lms._wire import given, segment
from akako_lms.auth import ProfileChanges
from akako_lms.models import RoleAssigned, User

if TYPE_CHECKING:
    from typing_extensions import Unpack


class UserChanges(ProfileChanges, total=False):
    status: Literal["ACTIVE", "INACTIVE", "SUSPENDED"]
    plan: Plan


class Users(Area[D]):
    """The users of the school."""

    @operation
    async def get_users(self, **query: Unpack[UserQuery]) -> Page[User]:
        """List users."""
        return await self._session.page(User, "/users", query, UserQuery)

    iter_users = iteration(get_users)

    @operation
    async def get_user(self, user_id: str) -> User:
        """Get a user by the API's own id."""
        return await self._session.one(User, "GET", f"/users/{segment(user_id)}")

    @operation
    async def update_user(
        self, user_id: str, *, if_match: str | None = None, **changes: Unpack[UserChanges]
    ) -> User:
        """Change a user."""
        check_names(changes, UserChanges)
        path = f"/users/{segment(user_id)}"
        return await self._session.one(User, "PUT", path, body=changes, if_match=if_match)

    @operation
    async def assign_role(
        self,
        user_id: str,
        role: Role,
        *,
        effective_start_date: datetime | None = None,
        effective_end_date: datetime | None = None,
    ) -> RoleAssigned:
        """Assign a role, from now or a given moment, for good or until a given moment."""
        body = given(
            role=role,
            effective_start_date=effective_start_date,
            effective_end_date=effective_end_date,
        )
        path = f"/users/{segment(user_id)}/roles"
        return await self._session.one(RoleAssigned, "POST", path, body=body)

    @operation
    async def remove_role(self, user_id: str, role: Role) -> User:
        """End a role now; its history is kept."""
        path = f"/users/{segment(user_id)}/roles"
        return await self._session.one(User, "DELETE", path, query={"role": role})
