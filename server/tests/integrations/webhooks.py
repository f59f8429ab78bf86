"""Requests about webhook endpoints, as an administrator makes them."""

from __future__ import annotations

import time
from typing import Any

from tests.parts.server import Server

PATH = "/api/integrations/webhooks"
WAIT_SECONDS = 20.0


def register(
    api: Server, url: str, *events: str, as_: str = "admin", **more: Any
) -> dict[str, Any]:
    """Register an endpoint; return it with its secret."""
    body = {"url": url, "events": list(events or ["*"]), **more}
    response = api.post(PATH, as_=as_, json=body)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()["data"]
    return made


def remove_all(api: Server) -> None:
    api.execute("delete from webhook_endpoints")


def get(api: Server, endpoint: dict[str, Any], path: str = "") -> Any:
    response = api.get(f"{PATH}/{endpoint['id']}{path}", as_="admin")
    assert response.status_code == 200, response.text
    return response.json()["data"]


def post(api: Server, endpoint: dict[str, Any], path: str, **more: Any) -> Any:
    response = api.post(f"{PATH}/{endpoint['id']}{path}", as_="admin", **more)
    assert response.status_code == 200, response.text
    return response.json()["data"]


def deliveries(api: Server, endpoint: dict[str, Any], **filters: str) -> list[dict[str, Any]]:
    """Return the deliveries of an endpoint, newest first."""
    path = f"{PATH}/{endpoint['id']}/deliveries"
    response = api.get(path, as_="admin", params={"limit": "100", **filters})
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["data"]
    return found


def eventually(api: Server, endpoint: dict[str, Any], delivery_id: str, **facts: Any) -> Any:
    """Return the delivery as soon as its fields have these values."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        found = get(api, endpoint, f"/deliveries/{delivery_id}")
        if {name: found[name] for name in facts} == facts:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


def ping(api: Server, endpoint: dict[str, Any]) -> str:
    return str(post(api, endpoint, "/ping")["deliveryId"])


def add_level(api: Server, name: str) -> str:
    """Create a level, which announces `education_level.created`; return its id."""
    response = api.post("/api/admin/education/levels", as_="admin", json={"name": name})
    assert response.status_code == 201, response.text
    return str(response.json()["data"]["id"])
