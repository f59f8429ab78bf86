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
    refused,
    rows,
    trace,
    upload,
    uploaded,
)
from tests.library.usage import new_mentor
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
    """Whoever leaves before the declared end has sent nothing."""
    topic = add_topic(api)
    before, body = trace(api), body_for(topic)
    with connection(api) as connected:
        begin(api, connected, len(body) + 100)
        connected.send(body)
        eventually(lambda: pending(api))
    eventually(lambda: trace(api) == before)
    assert uploaded(upload(api, topic))


@pytest.mark.parametrize("still_named", [True, False])
def test_a_mentor_who_loses_the_role_meanwhile(api: Server, still_named: bool) -> None:
    """The role was good at the start. The subject is looked at again at the end."""
    mentor = new_mentor(api)
    topic = add_topic(api, mentor=mentor)
    mentor_id = api.user_id(mentor)
    body = body_for(topic)
    with connection(api) as connected:
        begin(api, connected, len(body), mentor)
        connected.send(body[:5000])
        eventually(lambda: pending(api))
        path = f"/api/users/{mentor_id}/roles?role=MENTOR"
        assert api.delete(path, as_="admin").status_code == 200
        if not still_named:
            with api.db() as db:
                db.execute(
                    "update subjects set mentor_id = null where id = %s", (topic.subject_id,)
                )
        connected.send(body[5000:])
        answer = connected.receive(method="POST")
    stored = rows(api, "select id from documents where topic_id = %s", topic.id)
    if still_named:
        assert [(uploaded(answer)["id"],)] == stored
    else:
        refused(answer, 403, "FORBIDDEN")
        assert stored == []
    refused(upload(api, topic, as_=mentor), 403, "FORBIDDEN")
    assert pending(api) == 0
