"""Plans and how much of the month is used."""

from __future__ import annotations

from akako_lms._area import Area, D, operation
from akako_lms._queries import Plan
from akako_lms._wire import segment
from akako_lms.models import Organization, Quota


class Plans(Area[D]):
    """How much may be done."""

    @operation
    async def get_quota(self) -> Quota:
        """Get the standing of the caller, or of the caller's organisation, in this month."""
        return await self._session.one(Quota, "GET", "/auth/quota")

    @operation
    async def set_organization_plan(self, organization_id: str, plan: Plan) -> Organization:
        """Set the plan of an organisation. A user's own plan is set with `users.update_user`."""
        path = f"/admin/organizations/{segment(organization_id)}"
        return await self._session.one(Organization, "PUT", path, body={"plan": plan})
