"""Notify administrators that an endpoint was disabled because of its responses."""

from __future__ import annotations

from akako.dispatch.claims import Disabled
from akako.kernel.db.database import Database
from akako.notifications import service as notifications


async def notify(tx: Database, disabled: Disabled) -> None:
    """Write the notification, in the transaction that disables the endpoint."""
    await notifications.notify_admins(
        tx,
        "webhook_endpoint.disabled",
        {"endpointId": disabled.id, "reason": disabled.reason},
        key=disabled.id,
    )
