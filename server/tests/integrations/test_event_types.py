"""Every type of event is written by the code, and its data has the documented schema."""

from __future__ import annotations

import json

import jsonschema
import pytest

from akako.dev.fake_clerk import sign_webhook
from akako.dispatch.event_types import ALL, BY_TYPE, EventType, is_known, matches
from akako.kernel.core.ids import new_id
from tests.conftest import StartServer
from tests.contract.described import DOCUMENT
from tests.docs.test_api_script import run
from tests.integrations.webhooks import ping, register
from tests.parts.receiver import receiving
from tests.parts.server import Server

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def delete_user(api: Server) -> None:
    """Create a user, and delete the user as Clerk does."""
    clerk_id = api.user(new_id())
    body = json.dumps({"type": "user.deleted", "data": {"id": clerk_id}}).encode()
    headers = {"Content-Type": "application/json", **sign_webhook(body, SECRET, new_id())}
    assert api.post("/api/webhooks/clerk", content=body, headers=headers).status_code == 200


def problems(event: object, event_type: str) -> list[str]:
    """Return what the OpenAPI document does not permit in an event."""
    described = DOCUMENT["webhooks"][event_type]["post"]["requestBody"]
    schema = described["content"]["application/json"]["schema"]
    # Ids and states only: a field that is not documented could hold anything.
    name = schema["properties"]["data"]["$ref"].rpartition("/")[2]
    components = dict(DOCUMENT["components"]["schemas"])
    components[name] = {**components[name], "additionalProperties": False}
    whole = {**schema, "components": {"schemas": components}}
    return [each.message for each in jsonschema.Draft202012Validator(whole).iter_errors(event)]


def test_every_type_is_triggered_and_valid(start_server: StartServer) -> None:
    api = start_server({"AKAKO_CLERK_WEBHOOK_SECRETS": SECRET}, arguments=("--demo",))
    with receiving() as receiver:
        endpoint = register(api, receiver.url)
        done = run(api)
        assert "ok    201 POST /api/mentor/apply" in done.stdout, done.stdout
        delete_user(api)
        ping(api, endpoint)
        with api.db() as db:
            counted = db.execute(
                "select count(*) from outbox where created_at >= %s", (endpoint["createdAt"],)
            ).fetchone()
        assert counted is not None
        # The script pings an endpoint of its own, which is not active.
        receiver.wait(counted[0] - 1)
        events = [each.event for each in receiver.received]
    assert {event["type"] for event in events} >= BY_TYPE.keys() - {"subject.topics_reordered"}
    found = {event["type"]: problems(event, event["type"]) for event in events}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("event_type", ALL, ids=lambda each: each.name)
def test_the_example_of_a_type_is_valid(event_type: EventType) -> None:
    name, example = event_type.name, event_type.example
    assert problems(example, name) == []
    described = DOCUMENT["webhooks"][name]["post"]["requestBody"]["content"]["application/json"]
    assert described["example"] == example
    wrong = {**example, "data": {**example["data"], "email": "test@example.com"}}
    assert problems(wrong, name) != []


def test_patterns_match_whole_types() -> None:
    assert matches(["*"], "ping")
    assert matches(["user.*"], "user.created")
    assert not matches(["user.*"], "user_role.assigned")
    assert not matches(["user"], "user.created")
    assert [each for each in ("*", "ping", "user.*", "user.created") if not is_known(each)] == []
    assert [each for each in ("ping.*", "user", "use.*", ".*", "") if is_known(each)] == []
