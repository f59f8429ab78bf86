"""Forms of another length than declared, and a mentor who is none any more when the form ends."""

from __future__ import annotations

import httpx2
import pytest

from tests.http import raw
from tests.http.raw import Connection, connection
from tests.library.school import (
    UPLOAD,
    Topic,
    add_topic,
    eventually,
    form,
    pending,
    trace,
    upload,
    uploaded,
)
from tests.parts.server import Server


def begin(api: Server, connected: Connection, length: int, as_: str = "admin") -> None:
    connected.send(
        raw.head(
            UPLOAD,
            "Content-Type: multipart/form-data; boundary=frontier",
            f"Content-Length: {length}",
            f"Authorization: {api.headers(as_)['Authorization']}",
            method="POST",
        )
    )


def body_for(topic: Topic) -> bytes:
    file = ('name="file"; filename="a.txt"', b"two and two " * 9000)
    return form([('name="topicId"', topic.id.encode()), file])


def refused_by_us(answer: httpx2.Response) -> str:
    assert (answer.status_code, answer.json()["code"]) == (400, "BAD_REQUEST"), answer.text
    return str(answer.json()["details"]["reason"])


@pytest.mark.parametrize("missing", [1, 4, 50_000])
def test_a_declared_length_that_is_too_small(api: Server, missing: int) -> None:
    """The form has no end there, and what follows is no request either."""
    topic = add_topic(api)
    before, body = trace(api), body_for(topic)
    with connection(api) as connected:
        begin(api, connected, len(body) - 2 - missing)  # the last line break may be missing
        connected.send(body)
        answer = connected.receive(method="POST")
        # Whichever is noticed first: the form without an end, or the nonsense behind it.
        reason = refused_by_us(answer)
    assert reason in ("invalid_multipart", "malformed_request")
    eventually(lambda: trace(api) == before)


def test_a_declared_length_that_is_too_large(api: Server) -> None:
    """A body that ends before its declared length has no effect."""
    topic = add_topic(api)
    before, body = trace(api), body_for(topic)
    with connection(api) as connected:
        begin(api, connected, len(body) + 100)
        connected.send(body)
        eventually(lambda: pending(api))
    eventually(lambda: trace(api) == before)
    assert uploaded(upload(api, topic))
