"""Endpoints of plans and usage."""

from __future__ import annotations

from akako.kernel.core.access import ADMIN, SIGNED_IN, requires
from akako.kernel.core.envelope import Ok
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import Tag, get, put
from akako.kernel.http.limits import AUTH
from akako.plans import service
from akako.plans.meter import LeasingMeter
from akako.plans.schemas import Organization, OrganizationUpdate, Quota

TAG = Tag("Plans", "Plans, monthly quotas and usage.")


@get("/auth/quota", access=SIGNED_IN, bucket=AUTH)
async def get_quota(ctx: Context) -> Ok[Quota]:
    """Get the plan and the usage of this month."""
    return Ok(data=await service.get_quota(ctx.db, ctx.actor, ctx.get(LeasingMeter)))


@put(
    "/admin/organizations/{organization_id}",
    access=requires(ADMIN),
    resource="organization",
    errors=(412,),
)
async def set_organization_plan(
    ctx: Context, organization_id: str, data: OrganizationUpdate
) -> Ok[Organization]:
    """Put an organization on a plan.

    It applies to all callers whose token names the organization, from the next request on.
    """
    organization = await service.set_organization_plan(
        ctx.db,
        ctx.actor,
        organization_id,
        plan=data.plan,
        if_match=ctx.header("if-match"),
    )
    return Ok(data=organization, message="Organization updated successfully", etag=True)
