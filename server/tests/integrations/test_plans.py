"""Deliveries wait while the plan is too small, and continue when it returns."""

from __future__ import annotations

import time

from akako.kernel.core.ids import new_id
from tests.integrations.webhooks import PATH, add_level
from tests.parts.receiver import Receiver
from tests.parts.server import Server


def test_deliveries_wait_for_the_plan(api: Server, receiver: Receiver) -> None:
    organization = f"org_{new_id()}"
    path = f"/api/admin/organizations/{organization}"
    assert api.put(path, as_="admin", json={"plan": "ENTERPRISE"}).is_success
    claims = {"o": {"id": organization, "rol": "admin", "slg": "school"}}
    bearer = {"Authorization": f"Bearer {api.token('admin', **claims)}"}
    body = {"url": receiver.url, "events": ["education_level.created"]}
    assert api.post(PATH, json=body, headers=bearer).status_code == 201
    assert api.put(path, as_="admin", json={"plan": "PRO"}).is_success
    assert api.get(PATH, headers=bearer).json()["code"] == "PLAN_REQUIRED"
    level = add_level(api, "Waiting")
    time.sleep(0.5)
    assert receiver.received == []
    assert api.put(path, as_="admin", json={"plan": "ENTERPRISE"}).is_success
    (received,) = receiver.wait(1, seconds=20)
    assert received.event["data"] == {"id": level}
