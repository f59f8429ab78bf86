"""One write of every kind, made all at once, and whether each of them lasted.

An attempt is prepared beforehand, made during a fault, and judged afterwards: what was
acknowledged must be there, and what was not acknowledged is there wholly or not at all. Asking
again afterwards must succeed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

import httpx2

from akako.dev.fake_clerk import sign_webhook
from akako.kernel.core.ids import new_id
from tests.library.school import UPLOAD, Topic, add_topic, count, put_video, uploaded, video
from tests.parts.server import Server

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WEBHOOK = "/api/webhooks/clerk"
SUCCESS = (200, 201, 303)  # a form is answered with a redirect

Send = Callable[[httpx2.AsyncClient], Coroutine[Any, Any, httpx2.Response]]


class Attempt(NamedTuple):
    """A write that can be asked for more than once; `done` tells whether it was carried out."""

    name: str
    send: Send
    done: Callable[[], bool]


def all_attempts(api: Server) -> list[Attempt]:
    """Fresh ones of every kind, with all that they need."""
    topic = add_topic(api)
    uploaded(put_video(api, topic, video(1)))
    return [
        enrollment_approval(api, topic),
        application_approval(api, topic),
        role_grant(api),
        webhook(api),
        document(api, topic),
        replacement(api, topic),
    ]


def enrollment_approval(api: Server, topic: Topic) -> Attempt:
    learner = api.user(f"learner{new_id()}")
    asked = api.post("/api/enrollment/request", as_=learner, json={"subjectId": topic.subject_id})
    assert asked.status_code == 201, asked.text
    id = asked.json()["data"]["id"]
    sql = "select count(*) from enrollments where id = %s and status = 'APPROVED'"
    path = f"/api/admin/enrollment/{id}/approve"
    return Attempt("approve an enrollment", _put(api, path), lambda: count(api, sql, id) == 1)


def application_approval(api: Server, topic: Topic) -> Attempt:
    learner = api.user(f"applicant{new_id()}")
    asked = api.post("/api/mentor/apply", as_=learner, json={"motivation": "I like to explain."})
    assert asked.status_code == 201, asked.text
    user_id, id = api.user_id(learner), asked.json()["data"]["id"]
    sql = "select count(*) from user_roles where user_id = %s and role = 'MENTOR'"
    path = f"/api/admin/mentor/{id}/approve"
    return Attempt("approve a mentor", _put(api, path), lambda: count(api, sql, user_id) == 1)


def role_grant(api: Server) -> Attempt:
    user_id = api.user_id(api.user(f"granted{new_id()}"))
    headers = api.headers("admin") | {"Idempotency-Key": new_id()}
    path, body = f"/api/users/{user_id}/roles", {"role": "ADMIN"}
    sql = "select count(*) from user_roles where user_id = %s and role = 'ADMIN'"
    return Attempt(
        "grant a role",
        lambda client: client.post(path, json=body, headers=headers),
        lambda: count(api, sql, user_id) == 1,
    )


def webhook(api: Server) -> Attempt:
    clerk_id, message_id = f"user_{new_id()}", f"msg_{new_id()}"
    data = {"id": clerk_id, "first_name": "Esi", "email_addresses": [], "updated_at": 1}
    body = json.dumps({"type": "user.created", "data": data}).encode()
    sql = "select count(*) from users where clerk_id = %s"

    def send(client: httpx2.AsyncClient) -> Coroutine[Any, Any, httpx2.Response]:
        signed = sign_webhook(body, SECRET, message_id)
        headers = {"Content-Type": "application/json", **signed}
        return client.post(WEBHOOK, content=body, headers=headers)

    return Attempt("receive a webhook", send, lambda: count(api, sql, clerk_id) == 1)


def document(api: Server, topic: Topic) -> Attempt:
    headers = api.headers("admin") | {"Idempotency-Key": new_id()}
    name = f"{new_id()}.txt"
    sql = "select count(*) from documents where file_name = %s and status = 'ACTIVE'"
    return Attempt(
        "upload a document",
        lambda client: client.post(
            UPLOAD, data={"topicId": topic.id}, files={"file": (name, b"x" * 9999)}, headers=headers
        ),
        lambda: count(api, sql, name) == 1,
    )


def replacement(api: Server, topic: Topic) -> Attempt:
    headers = api.headers("admin") | {"Idempotency-Key": new_id()}
    content = video(20_000)
    sql = "select count(*) from topics where id = %s and video_version = 2 and video_size = %s"
    return Attempt(
        "replace a video",
        lambda client: client.put(
            topic.video_admin, files={"video": ("a.mp4", content)}, headers=headers
        ),
        lambda: count(api, sql, topic.id, len(content)) == 1,
    )


def _put(api: Server, path: str) -> Send:
    return lambda client: client.put(path, headers=api.headers("admin"))


async def ask(api: Server, attempts: list[Attempt]) -> list[httpx2.Response | None]:
    """Ask for all at once. None stands for an answer that never came."""

    async def one(client: httpx2.AsyncClient, attempt: Attempt) -> httpx2.Response | None:
        try:
            return await attempt.send(client)
        except httpx2.TransportError:
            return None

    async with httpx2.AsyncClient(base_url=api.url, timeout=60, verify=False) as client:
        return await asyncio.gather(*(one(client, attempt) for attempt in attempts))


def judge(attempts: list[Attempt], answers: list[httpx2.Response | None]) -> None:
    """What was acknowledged is there, and a refusal asks to come back."""
    for attempt, answer in zip(attempts, answers, strict=True):
        if answer is None:
            continue
        if answer.status_code in SUCCESS:
            assert attempt.done(), f"acknowledged and lost: {attempt.name}"
        else:
            assert answer.status_code == 503, (attempt.name, answer.status_code, answer.text)
            if answer.headers["content-type"].startswith("application/json"):
                assert answer.json()["code"] == "SERVICE_UNAVAILABLE"
            assert int(answer.headers["retry-after"]) >= 1


async def ask_again(api: Server, attempts: list[Attempt]) -> None:
    """Every attempt can be done after all, once, in spite of what happened before."""
    for attempt, answer in zip(attempts, await ask(api, attempts), strict=True):
        assert answer is not None
        assert answer.status_code in SUCCESS, (attempt.name, answer.text)
        assert attempt.done(), attempt.name
