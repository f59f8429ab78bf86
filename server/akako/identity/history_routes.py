"""The endpoint of the audit trail."""

from __future__ import annotations

from akako.identity import history
from akako.identity.history import AuditEntry, AuditFilter
from akako.kernel import listing
from akako.kernel.access import ADMIN, requires
from akako.kernel.envelope import Listed
from akako.kernel.http.call import Call
from akako.kernel.http.endpoint import get


@get("/admin/audit", access=requires(ADMIN), listing=history.ENTRIES)
async def list_audit_entries(
    call: Call, query: AuditFilter, request: listing.Request
) -> Listed[AuditEntry]:
    """List who did what, the newest first."""
    return await history.list_entries(call.db, query, request)
