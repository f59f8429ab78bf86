"""The caller's notifications."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from akako_lms._area import Area, D, iteration, operation
from akako_lms._queries import NotificationQuery
from akako_lms._session import Page
from akako_lms._wire import Model, segment

if TYPE_CHECKING:
    from typing_extensions import Unpack


@dataclass(frozen=True, kw_only=True)
class Notification(Model):
    """An event that concerns the caller. `link` is a path of the web app."""

    id: str
    type: str
    title: str
    body: str
    link: str | None
    data: dict[str, Any]
    read: bool
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class _UnreadCount(Model):
    count: int


@dataclass(frozen=True, kw_only=True)
class _Updated(Model):
    updated: int


class Notifications(Area[D]):
    """The caller's notifications, which the server keeps for 90 days."""

    @operation
    async def get_notifications(self, **query: Unpack[NotificationQuery]) -> Page[Notification]:
        """List the caller's notifications, newest first."""
        return await self._session.page(Notification, "/notifications", query, NotificationQuery)

    iter_notifications = iteration(get_notifications)

    @operation
    async def get_unread_count(self) -> int:
        """Count the caller's unread notifications."""
        path = "/notifications/unread-count"
        return (await self._session.one(_UnreadCount, "GET", path)).count

    @operation
    async def mark_read(self, notification_id: str) -> Notification:
        """Mark a notification as read."""
        path = f"/notifications/{segment(notification_id)}/read"
        return await self._session.one(Notification, "PUT", path, body={"read": True})

    @operation
    async def mark_all_read(self) -> int:
        """Mark all notifications as read; return how many were unread."""
        return (await self._session.one(_Updated, "POST", "/notifications/read-all")).updated
