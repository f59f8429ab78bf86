"""Webhook endpoints, their deliveries, and Clerk's messages, for administrators."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.routing import Route

from akako.dispatch.event_types import BY_TYPE
from akako.integrations import deliveries, queries, service
from akako.integrations.routes import PLANS, Integrations
from akako.integrations.schemas import MAX_ENDPOINTS, WebhookEndpoint, WebhookEndpointCreate
from akako.kernel.core import validation
from akako.kernel.core.access import ADMIN
from akako.kernel.core.errors import ApiError, InvalidState, ValidationFailed
from akako.kernel.db import listing
from akako.web.paging import page_links
from akako.web.site import Site, Visit, page
from akako.web.staff.integrations import changes, choices
from akako.web.staff.integrations.changes import HOME
from akako.webhooks import queries as inbound
from akako.webhooks.routes import ClerkWebhooks

ONE = f"{HOME}/{{endpoint_id}}"
DELIVERY = f"{ONE}/deliveries/{{delivery_id}}"
RECENT = 20  # deliveries on the first page
FILTERS = ("status", "eventType")
Errors = list[tuple[str, str]]


def routes(site: Site) -> list[Route]:
    def get(path: str, handler: Any) -> Route:
        return page(path, handler, site=site, roles=(ADMIN,))

    def post(path: str, handler: Any) -> Route:
        return page(path, handler, site=site, roles=(ADMIN,), methods=("POST",))

    return [
        get(HOME, show),
        post(HOME, create),
        get(ONE, show_endpoint),
        post(ONE, change),
        post(f"{ONE}/secret", rotate),
        post(f"{ONE}/active", changes.switch),
        post(f"{ONE}/ping", changes.ping),
        post(f"{ONE}/delete", changes.delete),
        post(f"{ONE}/replay", changes.replay_failed),
        get(DELIVERY, show_delivery),
        post(f"{DELIVERY}/replay", changes.replay),
    ]


async def show(visit: Visit) -> Any:
    return await _home(visit)


async def _home(visit: Visit, *, errors: Errors | None = None, status: int = 200) -> Any:
    """Show all endpoints and the latest deliveries; other plans see Clerk's messages only."""
    allowed = visit.actor.plan in PLANS
    dead_only = visit.request.query_params.get("messages") == "dead"
    shown: dict[str, Any] = {"endpoints": [], "recent": []}
    if allowed:
        request = listing.read(queries.ENDPOINTS, {"limit": str(MAX_ENDPOINTS)})
        found = await queries.list_endpoints(visit.site.db, visit.actor.subject, request)
        shown["endpoints"] = [
            {"endpoint": each, "state": choices.state_of(visit, each)} for each in found.data
        ]
        shown["recent"] = await deliveries.list_recent(
            visit.site.db, visit.actor.subject, limit=RECENT
        )
    clerk: ClerkWebhooks = visit.site.dependencies[ClerkWebhooks]
    return visit.page(
        "admin_integrations.html",
        visit.text("Integrations"),
        status=status,
        said=choices.announcement(visit),
        allowed=allowed,
        full=len(shown["endpoints"]) >= MAX_ENDPOINTS,
        messages=await inbound.list_recent(visit.site.db, dead_only=dead_only),
        dead_only=dead_only,
        configured=bool(clerk.secrets),
        errors=errors or [],
        form=_form(visit),
        words=choices.words(visit),
        **shown,
    )


def _form(visit: Visit, endpoint: WebhookEndpoint | None = None) -> dict[str, Any]:
    """Return the values of the form: what was sent, or the stored endpoint."""
    sent = visit.form is not None and "url" in visit.form
    events = visit.fields("events") if sent or endpoint is None else endpoint.events
    return {
        "url": visit.field("url") if sent or endpoint is None else endpoint.url,
        "description": (
            visit.field("description") if sent or endpoint is None else endpoint.description
        ),
        "families": choices.families(visit, events),
        "types": choices.single_types(events),
    }


def _problems(visit: Visit, problem: ApiError) -> Errors:
    """Return field and message of each mistake, for the summary of the form."""
    if not isinstance(problem, ValidationFailed):
        return [("url", visit.text(problem.message))]
    texts = {"events": visit.text("Choose at least one kind of event.")}
    found = {}
    for each in problem.violations:
        name = str(each["field"]).partition("[")[0]
        found[name] = texts.get(name) or f"{visit.text('URL')}: {visit.text(each['message'])}"
    return list(found.items())


async def create(visit: Visit) -> Any:
    """Register an address and show its secret, once."""
    changes.require_plan(visit)
    own: Integrations = visit.site.dependencies[Integrations]
    try:
        given = validation.read(WebhookEndpointCreate, changes.sent(visit))
        made = await service.create_endpoint(
            visit.db, visit.actor, own.seal, own.destinations, given=given
        )
    except (ValidationFailed, InvalidState) as problem:
        return await _home(visit, errors=_problems(visit, problem), status=problem.status)
    visit.form = None
    said = visit.text("The endpoint was added.")
    return await _endpoint(visit, made.id, secret=made.secret, said=said, status=201)


async def change(visit: Visit) -> Any:
    """Save address, description and events."""
    try:
        await changes.save(visit)
    except ValidationFailed as problem:
        errors = _problems(visit, problem)
        return await _endpoint(visit, visit.param("endpoint_id"), errors=errors, status=422)
    return changes.done(visit, "saved")


async def rotate(visit: Visit) -> Any:
    """Replace the secret and show the new one, once."""
    changes.require_plan(visit)
    endpoint_id = visit.param("endpoint_id")
    seal = visit.site.dependencies[Integrations].seal
    secret = await service.rotate_secret(visit.db, visit.actor, seal, endpoint_id)
    said = visit.text("The secret was replaced.")
    return await _endpoint(visit, endpoint_id, secret=secret, said=said)


async def show_endpoint(visit: Visit) -> Any:
    return await _endpoint(visit, visit.param("endpoint_id"), said=choices.announcement(visit))


async def _endpoint(
    visit: Visit,
    endpoint_id: str,
    *,
    secret: str | None = None,
    said: str | None = None,
    errors: Errors | None = None,
    status: int = 200,
) -> Any:
    """Show an endpoint with a page of its deliveries; the filters are in the address."""
    changes.require_plan(visit)
    endpoint = await service.get_endpoint(visit.site.db, visit.actor, endpoint_id)
    params = visit.request.query_params
    chosen = {name: params[name] for name in FILTERS if params.get(name)}
    wanted = {"page": params.get("page", "1"), "limit": "20", **chosen}
    request = listing.read(deliveries.DELIVERIES, wanted)
    listed = await deliveries.list_deliveries(visit.site.db, endpoint_id, request)
    return visit.page(
        "admin_integration.html",
        visit.text("Webhook endpoint"),
        status=status,
        said=said,
        endpoint=endpoint,
        state=choices.state_of(visit, endpoint),
        secret=secret,
        errors=errors or [],
        form=_form(visit, endpoint),
        deliveries=listed.data,
        chosen=chosen,
        types=list(BY_TYPE),
        pages=listed.pagination,
        link=page_links(f"{HOME}/{endpoint_id}", **chosen),
        words=choices.words(visit),
    )


async def show_delivery(visit: Visit) -> Any:
    """Show a delivery with the body of its requests and the latest response."""
    changes.require_plan(visit)
    found = await service.get_delivery(
        visit.site.db, visit.actor, visit.param("endpoint_id"), visit.param("delivery_id")
    )
    sent = msgspec.json.format(msgspec.json.encode(found.payload), indent=2).decode()
    return visit.page(
        "admin_delivery.html",
        visit.text("Delivery of %(type)s", type=found.event_type),
        said=choices.announcement(visit),
        delivery=found,
        endpoint_id=visit.param("endpoint_id"),
        payload=sent,
        words=choices.words(visit),
    )
