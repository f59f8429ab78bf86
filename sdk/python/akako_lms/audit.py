"""Who did what, for administrators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from akako_lms._area import Area, D, iteration, operation
from akako_lms._queries import AuditQuery
from akako_lms._session import Page
from akako_lms._wire import Model

if TYPE_CHECKING:
    from typing_extensions import Unpack


@dataclass(frozen=True, kw_only=True)
class AuditEntry(Model):
    """An audit entry. The actor is None if the server or the identity provider acted.

    `count` is above 1 for requests rejected with 403 that share the entry of the first one.
    """

    id: str
    at: datetime
    actor_user_id: str | None
    actor_clerk_id: str | None
    impersonator_clerk_id: str | None
    action: str
    resource: str
    resource_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    ip: str | None
    request_id: str | None
    count: int = 1


class Audit(Area[D]):
    """The history of changes."""

    @operation
    async def get_entries(self, **query: Unpack[AuditQuery]) -> Page[AuditEntry]:
        """List audit entries."""
        return await self._session.page(AuditEntry, "/admin/audit", query, AuditQuery)

    iter_entries = iteration(get_entries)
