"""Endpoints of the caller's notifications."""

from __future__ import annotations

from akako.kernel.core.access import SIGNED_IN
from akako.kernel.core.envelope import Listed, Ok
from akako.kernel.db import listing
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import Tag, get, post, put
from akako.notifications import queries, service
from akako.notifications.schemas import Notification, Reading, UnreadCount, Updated

TAG = Tag("Notifications", "Notifications of the caller.")


@get("/notifications", access=SIGNED_IN, listing=queries.OWN)
async def list_notifications(ctx: Context, request: listing.Request) -> Listed[Notification]:
    """List the caller's notifications, newest first.

    `unread` selects unread (true) or read (false) ones. Notifications are kept for 90 days.
    """
    return await queries.list_of_user(ctx.db, ctx.actor.user_id, request)


@get("/notifications/unread-count", access=SIGNED_IN)
async def count_unread_notifications(ctx: Context) -> Ok[UnreadCount]:
    """Count the caller's unread notifications."""
    return Ok(data=UnreadCount(await queries.count_unread(ctx.db, ctx.actor.user_id)))


@put(
    "/notifications/{notification_id}/read",
    access=SIGNED_IN,
    resource="notification",
    body_optional=True,
)
async def read_notification(ctx: Context, notification_id: str, data: Reading) -> Ok[Notification]:
    """Mark a notification as read. A repeated request changes nothing."""
    notification = await service.mark_read(ctx.db, ctx.actor, notification_id, reading=data)
    return Ok(data=notification, message="Notification marked as read")


@post("/notifications/read-all", access=SIGNED_IN, replays=True)
async def read_all_notifications(ctx: Context) -> Ok[Updated]:
    """Mark all of the caller's notifications as read."""
    updated = await service.mark_all_read(ctx.db, ctx.actor)
    return Ok(data=updated, message="Notifications marked as read")
