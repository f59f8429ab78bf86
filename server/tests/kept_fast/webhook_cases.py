"""The lists of webhook endpoints and deliveries, and the index that each must come from."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from datetime import UTC, datetime

from akako.integrations import deliveries
from akako.integrations import queries as endpoints
from akako.kernel.db import listing
from akako.kernel.db.database import Database
from tests.kept_fast.cases import FOR_VALUES, Case, between, cursor

EARLY = datetime(2026, 1, 1, 3, tzinfo=UTC)  # row 10,800


def webhooks() -> Iterator[Case]:
    yield from of_a_plan_subject()
    yield from of_an_endpoint()


def of_a_plan_subject() -> Iterator[Case]:
    def ask(db: Database, request: listing.Request) -> Awaitable[object]:
        return endpoints.list_endpoints(db, "user:u5", request)

    for order in ("asc", "desc"):
        for name, more in (("", {}), (", active", {"isActive": "true"})):
            params = {"order": order, **more}
            yield Case(
                f"endpoints {order}{name}",
                ask,
                endpoints.ENDPOINTS,
                params,
                "webhook_endpoints_subject",
                sorts=True,  # at most 20
                narrow=True,
            )


def of_an_endpoint() -> Iterator[Case]:
    def ask(db: Database, request: listing.Request) -> Awaitable[object]:
        return deliveries.list_deliveries(db, "w5", request)

    def case(name: str, params: dict[str, str], index: str = "webhook_deliveries_listed") -> Case:
        return Case(f"deliveries {name}", ask, deliveries.DELIVERIES, params, index, narrow=True)

    for order in ("asc", "desc"):
        yield case(order, {"order": order})
        after = case(f"after, {order}", cursor("createdAt", order, EARLY, "y9"))
        yield after._replace(seeks=True)
    yield case("of ten minutes", between("created"))._replace(sorts=True)
    failed = case("that failed", {"status": "FAILED"}, "webhook_deliveries_(failed|listed)")
    yield failed._replace(sorts=True, modes=FOR_VALUES)
    yield case("of a type", {"eventType": "user.created"})._replace(sorts=True, modes=FOR_VALUES)
