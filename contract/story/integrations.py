"""Outgoing webhooks: an endpoint from its registration to its end."""

from __future__ import annotations

from story.step import MENTOR, Step

ENDPOINT = {"webhookEndpointId": "{{webhookEndpointId}}"}
DELIVERY = {**ENDPOINT, "webhookDeliveryId": "{{webhookDeliveryId}}"}
SECRET = {"the secret is shown": "result.secret.startsWith('whsec_')"}

INTEGRATIONS = [
    Step("listEventTypes", "List the types of events"),
    Step(
        "createWebhookEndpoint",
        "Register an address",
        body={
            "url": "https://hooks.example/akako",
            "events": ["enrollment.*", "user.created"],
            "description": "Attendance system",
            "isActive": False,
        },
        keep={"webhookEndpointId": "result.id"},
        checks=SECRET,
    ),
    Step(
        "createWebhookEndpoint",
        "Register an address as a mentor",
        MENTOR,
        {"url": "https://hooks.example/akako", "events": ["*"]},
        status=(403,),
        details={"required": ["ADMIN"], "user_roles": ["MENTOR", "LEARNER"]},
    ),
    Step(
        "createWebhookEndpoint",
        "Register a private address",
        body={"url": "https://10.0.0.1/", "events": ["*"]},
        status=(422,),
        details={
            "field": "url",
            "message": "Must not lead to a private, loopback, link-local or reserved address",
            "value": "https://10.0.0.1/",
        },
    ),
    Step("listWebhookEndpoints", "List the endpoints", query={"isActive": "false"}),
    Step("getWebhookEndpoint", "Get an endpoint", path=ENDPOINT),
    Step(
        "updateWebhookEndpoint",
        "Change an endpoint",
        body={"events": ["*"]},
        path=ENDPOINT,
        checks={"it receives everything": "result.events[0] === '*'"},
    ),
    Step(
        "rotateWebhookSecret",
        "Rotate the secret",
        path=ENDPOINT,
        checks=SECRET,
    ),
    Step(
        "pingWebhookEndpoint",
        "Send a test event",
        path=ENDPOINT,
        keep={"webhookDeliveryId": "result.deliveryId"},
    ),
    Step("listWebhookDeliveries", "List the deliveries", path=ENDPOINT),
    Step("getWebhookDelivery", "Get a delivery", path=DELIVERY),
    Step("replayWebhookDelivery", "Deliver again", path=DELIVERY),
    Step(
        "replayFailedWebhookDeliveries",
        "Deliver again what failed",
        body={"from": "2026-01-31T08:00:00Z"},
        path=ENDPOINT,
    ),
    Step("deleteWebhookEndpoint", "Delete an endpoint", path=ENDPOINT),
]
