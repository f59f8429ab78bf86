"""Events arrive signed; what fails is tried again and can be replayed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from akako import __version__
from tests.integrations.webhooks import (
    WAIT_SECONDS,
    add_level,
    deliveries,
    eventually,
    ping,
    post,
    register,
)
from tests.parts.receiver import Answer, Received, Receiver
from tests.parts.server import Server


@contextmanager
def one_response(receiver: Receiver, response: Answer) -> Iterator[None]:
    """Answer the first request, and hold the others until the block has ended.

    The result of the first attempt can be read for as long as the second attempt has no response.
    """
    responses, over = iter([response]), threading.Event()

    def answer(received: Received) -> Answer:
        if given := next(responses, None):
            return given
        over.wait(WAIT_SECONDS)
        return Answer()

    receiver.answer = answer
    try:
        yield
    finally:
        over.set()


def test_an_event_arrives_signed(api: Server, receiver: Receiver) -> None:
    endpoint = register(api, f"{receiver.url}/hook?key=1", "education_level.*")
    level = add_level(api, "Signed")
    (received,) = receiver.wait(1)
    event = received.verify(endpoint["secret"])
    assert event == {
        "type": "education_level.created",
        "timestamp": event["timestamp"],
        "data": {"id": level},
    }
    assert received.path == "/hook?key=1"
    assert received.headers["content-type"] == "application/json"
    assert received.headers["user-agent"] == f"Akako-Webhooks/{__version__}"
    (delivery,) = deliveries(api, endpoint)
    found = eventually(api, endpoint, delivery["id"], status="DELIVERED")
    assert found["payload"] == event
    assert found["eventId"] == received.id
    assert (found["attempts"], found["responseStatus"], found["error"]) == (1, 204, None)
    assert (found["nextAttemptAt"], found["responseBody"]) == (None, "")


def test_an_endpoint_receives_what_it_asked_for(api: Server, receiver: Receiver) -> None:
    wanted = register(api, f"{receiver.url}/wanted", "education_level.deleted", "user.*")
    every = register(api, f"{receiver.url}/every")
    level = add_level(api, "Wanted")
    assert api.delete(f"/api/admin/education/levels/{level}", as_="admin").status_code == 200
    receiver.wait(3)
    paths = [(each.path, each.event["type"]) for each in receiver.received]
    assert sorted(paths) == [
        ("/every", "education_level.created"),
        ("/every", "education_level.deleted"),
        ("/wanted", "education_level.deleted"),
    ]
    assert len(deliveries(api, wanted)) == 1
    assert len(deliveries(api, every)) == 2


def test_a_failure_is_retried_after_five_seconds_with_the_same_id(
    api: Server, receiver: Receiver
) -> None:
    endpoint = register(api, receiver.url)
    with one_response(receiver, Answer(500, b"x" * 5_000)):
        delivery_id = ping(api, endpoint)
        failed = eventually(api, endpoint, delivery_id, attempts=1)
    assert (failed["status"], failed["responseStatus"]) == ("PENDING", 500)
    assert failed["responseBody"] == "x" * 1_024
    assert failed["error"] == "The response has the status 500"
    last = datetime.fromisoformat(failed["lastAttemptAt"])
    pause = datetime.fromisoformat(failed["nextAttemptAt"]) - last
    assert 4.4 <= pause.total_seconds() <= 5.6
    first, second = receiver.wait(2)
    assert first.id == second.id
    assert second.at - first.at >= 4.4
    eventually(api, endpoint, delivery_id, status="DELIVERED", attempts=2)


def test_redirects_are_not_followed(api: Server, receiver: Receiver) -> None:
    endpoint = register(api, f"{receiver.url}/first")
    with one_response(receiver, Answer(307, headers={"Location": f"{receiver.url}/other"})):
        found = eventually(api, endpoint, ping(api, endpoint), attempts=1)
    assert (found["status"], found["responseStatus"]) == ("PENDING", 307)
    assert found["error"] == "The response has the status 307; redirects are not followed"
    assert {each.path for each in receiver.received} == {"/first"}


def test_a_410_disables_the_endpoint(api: Server, receiver: Receiver) -> None:
    receiver.answer = lambda received: Answer(410)
    endpoint = register(api, receiver.url)
    found = eventually(api, endpoint, ping(api, endpoint), status="FAILED")
    assert found["attempts"] == 1
    shown = api.get(f"/api/integrations/webhooks/{endpoint['id']}", as_="admin").json()["data"]
    assert (shown["isActive"], shown["disabledReason"]) == (False, "gone")
    # Events are collected as failed deliveries, and can be replayed once it is active again.
    level = add_level(api, "Collected")
    waiting = deliveries(api, endpoint, eventType="education_level.created")
    while not waiting:
        waiting = deliveries(api, endpoint, eventType="education_level.created")
    assert (waiting[0]["status"], waiting[0]["attempts"]) == ("FAILED", 0)
    receiver.answer = lambda received: Answer()
    path = f"/api/integrations/webhooks/{endpoint['id']}"
    shown = api.put(path, as_="admin", json={"isActive": True}).json()["data"]
    assert (shown["isActive"], shown["disabledReason"]) == (True, None)
    scheduled = post(api, endpoint, "/replay", json={"from": endpoint["createdAt"]})
    assert scheduled == {"scheduled": 2}
    receiver.until(lambda: len(receiver.received) >= 3)
    assert receiver.of("education_level.created")[0].event["data"] == {"id": level}


def test_a_delivery_is_replayed_with_its_id(api: Server, receiver: Receiver) -> None:
    endpoint = register(api, receiver.url)
    delivery_id = ping(api, endpoint)
    eventually(api, endpoint, delivery_id, status="DELIVERED")
    replayed = post(api, endpoint, f"/deliveries/{delivery_id}/replay")
    assert (replayed["id"], replayed["status"]) == (delivery_id, "PENDING")
    first, second = receiver.wait(2)
    assert first.id == second.id
    assert first.body == second.body
    eventually(api, endpoint, delivery_id, status="DELIVERED", attempts=2)


def test_both_secrets_sign_after_a_rotation(api: Server, receiver: Receiver) -> None:
    endpoint = register(api, receiver.url)
    secret = post(api, endpoint, "/rotate-secret")["secret"]
    assert secret != endpoint["secret"]
    ping(api, endpoint)
    (received,) = receiver.wait(1)
    assert len(received.headers["webhook-signature"].split(" ")) == 2
    assert received.verify(secret) == received.verify(endpoint["secret"])
    api.execute(
        "update webhook_secrets set expires_at = now() where expires_at is not null"
        " and endpoint_id = %s",
        endpoint["id"],
    )
    ping(api, endpoint)
    last = receiver.wait(2)[1]
    assert len(last.headers["webhook-signature"].split(" ")) == 1
    assert last.verify(secret)["type"] == "ping"
