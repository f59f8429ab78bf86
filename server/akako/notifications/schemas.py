"""Request and response types of notifications."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

Type = Literal[
    "enrollment.approved",
    "enrollment.rejected",
    "enrollment.requested",
    "mentor_application.approved",
    "mentor_application.rejected",
    "mentor_application.submitted",
    "note.replied",
    "note.shared",
    "topic.published",
    "webhook_endpoint.disabled",
]


class Notification(msgspec.Struct, rename="camel", kw_only=True):
    """An event that concerns the caller.

    `link` is a path of the web app. `data` holds the ids of what the event is about, and `count`
    where one notification stands for several events.
    """

    id: str
    type: Type
    title: str
    body: str
    link: str | None
    data: dict[str, Any]
    read: bool
    created_at: datetime


class UnreadCount(msgspec.Struct, rename="camel"):
    count: int


class Updated(msgspec.Struct, rename="camel"):
    """The number of notifications that were marked as read."""

    updated: int


class Reading(msgspec.Struct, rename="camel", kw_only=True):
    """`read` can only be true: a notification does not become unread again."""

    read: bool = True
