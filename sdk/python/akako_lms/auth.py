"""The caller's own account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from akako_lms._answers import read_as
from akako_lms._area import Area, D, operation
from akako_lms._session import check_names
from akako_lms._wire import given
from akako_lms.models import Synced, User

if TYPE_CHECKING:
    from typing_extensions import Unpack


class ProfileChanges(TypedDict, total=False):
    """Fields that are left out stay as they are; None clears."""

    first_name: str | None
    last_name: str | None
    image_url: str | None


class Auth(Area[D]):
    """Who is asking."""

    @operation
    async def sync(self, *, user_id: str | None = None, email: str | None = None) -> User | Synced:
        """Fetch a user from Clerk: the caller, or without a token the one with this Clerk id."""
        body = given(user_id=user_id, email=email)
        data, etag = await self._session.data("POST", "/auth/sync", body=body)
        anonymous = isinstance(data, dict) and "synced" in data
        return read_as(Synced, data) if anonymous else read_as(User, data, etag)

    @operation
    async def get_profile(self) -> User:
        """Get the caller's profile."""
        return await self._session.one(User, "GET", "/auth/profile")

    @operation
    async def export_my_data(self) -> dict[str, Any]:
        """Export everything that is stored about the caller, as the API's JSON."""
        data, _ = await self._session.data("GET", "/auth/export")
        return dict(data)

    @operation
    async def update_profile(
        self, *, if_match: str | None = None, **changes: Unpack[ProfileChanges]
    ) -> User:
        """Change the caller's profile."""
        check_names(changes, ProfileChanges)
        return await self._session.one(
            User, "PUT", "/auth/profile", body=changes, if_match=if_match
        )
