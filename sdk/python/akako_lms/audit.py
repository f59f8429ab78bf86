"""Who did what, for administrators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from akako_lms._area import Area, D, iteration, operation
from akako_lms._queries import AuditQuery
from akako_lms._session import Page
from akako_lms.models import AuditEntry

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Audit(Area[D]):
    """The history of changes."""

    @operation
    async def get_entries(self, **query: Unpack[AuditQuery]) -> Page[AuditEntry]:
        """List deeds."""
        return await self._session.page(AuditEntry, "/admin/audit", query, AuditQuery)

    iter_entries = iteration(get_entries)
