"""Administrators learn that an endpoint was disabled."""

from __future__ import annotations

from tests.integrations.webhooks import eventually, ping, register
from tests.parts.receiver import Answer, Receiver
from tests.parts.server import Server


def test_a_disabled_endpoint_is_in_the_notifications_and_the_audit_log(
    api: Server, receiver: Receiver
) -> None:
    receiver.answer = lambda received: Answer(410)
    endpoint = register(api, receiver.url)
    eventually(api, endpoint, ping(api, endpoint), status="FAILED")
    with api.db() as db:
        found = db.execute(
            "select n.data from notifications n where n.type = 'webhook_endpoint.disabled'"
            " and n.data ->> 'endpointId' = %s and n.user_id = %s",
            (endpoint["id"], api.user_id("admin")),
        ).fetchall()
    assert [row[0]["reason"] for row in found] == ["gone"]
    query = {"resourceId": endpoint["id"], "action": "webhook_endpoint.disabled"}
    (entry,) = api.get("/api/admin/audit", as_="admin", params=query).json()["data"]
    assert (entry["after"], entry["actorUserId"]) == ({"disabledReason": "gone"}, None)
