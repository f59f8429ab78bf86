"""Metrics of outgoing webhooks."""

from __future__ import annotations

from prometheus_client import Counter, Histogram
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from akako.dispatch.claims import ENTITLED
from akako.kernel.db.database import Database
from akako.kernel.telemetry.metrics import REGISTRY

OUTCOMES = Counter(
    "akako_webhook_attempts",
    "Requests to receivers: delivered, retried later, or failed for good",
    ["outcome"],
    registry=REGISTRY,
)
DELIVERY_SECONDS = Histogram(
    "akako_webhook_response_seconds",
    "Time until a receiver accepted an event",
    buckets=(0.05, 0.1, 0.3, 1, 3, 10, 15),
    registry=REGISTRY,
)
# Deliveries wait where the receiver fails; one that was never attempted waits for this server.
STATE = f"""
select count(*) as pending,
    coalesce(extract(epoch from now() - min(d.created_at)), 0)::float8 as oldest,
    coalesce(extract(epoch from now() - min(d.next_attempt_at) filter (
        where d.claimed_until is null)), 0)::float8 as late,
    (select count(*) from webhook_endpoints where disabled_reason is not null) as disabled
from webhook_endpoints e join webhook_deliveries d on d.endpoint_id = e.id
where d.status = 'PENDING' and e.is_active and {ENTITLED}
"""
GAUGES = (
    ("pending", "akako_webhook_deliveries_pending", "Deliveries that wait or are retried"),
    ("oldest", "akako_webhook_oldest_pending_seconds", "Age of the oldest pending delivery"),
    ("late", "akako_webhook_lag_seconds", "How long the delivery that is due longest has waited"),
    ("disabled", "akako_webhook_endpoints_disabled", "Endpoints that the server disabled"),
)


async def delivery_metrics(db: Database) -> list[Metric]:
    """Return the state of the deliveries. Endpoints without the plan are left out."""
    row = await db.fetchrow(STATE)
    assert row is not None
    return [GaugeMetricFamily(name, text, max(0, row[key])) for key, name, text in GAUGES]
