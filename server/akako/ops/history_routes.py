"""The endpoint of the audit log."""

from __future__ import annotations

from akako.kernel.core.access import ADMIN, requires
from akako.kernel.core.envelope import Listed
from akako.kernel.db import listing
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import get
from akako.ops import history, routes
from akako.ops.history import AuditEntry, AuditFilter

TAG = routes.TAG


@get("/admin/audit", access=requires(ADMIN), listing=history.ENTRIES)
async def list_audit_entries(
    ctx: Context, query: AuditFilter, request: listing.Request
) -> Listed[AuditEntry]:
    """List audit entries, newest first."""
    return await history.list_entries(ctx.db, query, request)
