"""Learners at work: progress, notes, notifications and pages, and decisions that are undone."""

from __future__ import annotations

import random
import re
from typing import Any

import httpx2

from akako.kernel.core.ids import new_id
from tests.parts.receiver import Answer, Received
from tests.soak.ledger import NOTHING, settle
from tests.soak.load import ADMIN, LEARNERS, Action, Reads, School, Visitor, any_learner, status_of

SLOT_SECONDS = 10
SLOTS = 500
FORM_TOKEN = re.compile(r'name="form_token" value="([^"]*)"')
FAILING = 0.02  # the share of events that the receiver refuses the first time


async def prepare(school: School) -> None:
    """Enroll all learners, open a session for each, and register the receiver of webhooks."""
    for number in range(LEARNERS):
        who = f"user_soak{number}"
        body = {"subjectId": school.subject}
        asked = await _done(school, "POST", "/api/enrollment/request", who, json=body)
        await _done(school, "PUT", f"/api/admin/enrollment/{asked['data']['id']}/approve", ADMIN)
        school.visitors[who] = await _sign_in(school, who)
    seen: set[str] = set()

    def answer(received: Received) -> Answer:
        first = received.id not in seen
        seen.add(received.id)
        return Answer(500 if first and random.random() < FAILING else 204)

    school.stage.receiver.answer = answer
    endpoint = {"url": school.stage.receiver.url, "events": ["*"]}
    await _done(school, "POST", "/api/integrations/webhooks", ADMIN, json=endpoint)


async def _done(school: School, method: str, path: str, who: str, **more: Any) -> Any:
    response = await school.http.request(method, path, headers=school.tokens[who], **more)
    assert response.is_success, response.text
    return response.json()


async def _sign_in(school: School, who: str) -> Visitor:
    http = school.http
    response = await http.post("/sign-in", data={"person": who}, headers=_page_headers(school))
    assert response.status_code == 303, response.text
    cookie = f"akako={response.cookies['akako']}"
    http.cookies.clear()
    page = await http.get("/me", headers={"Cookie": cookie})
    token = FORM_TOKEN.search(page.text)
    assert token
    return Visitor(cookie, token[1])


def _page_headers(school: School) -> dict[str, str]:
    return {"Origin": school.stage.server.url, "Accept": "text/html"}


async def _page(school: School, kind: str, path: str, who: str) -> httpx2.Response | None:
    headers = _page_headers(school) | {"Cookie": school.visitors[who].cookie}
    return await school.ask(kind, "GET", path, headers=headers)


async def home(school: School) -> None:
    await _page(school, "home", "/home", any_learner())


async def lesson(school: School) -> None:
    await _page(school, "lesson", f"/topics/{random.choice(school.topics)}", any_learner())


async def inbox(school: School) -> None:
    await school.ask("inbox", "GET", "/api/notifications?unread=true", any_learner())


async def own_notes(school: School) -> None:
    await school.ask("my notes", "GET", "/api/notes?search=note", any_learner())


async def watch(school: School) -> None:
    """Record ten seconds of a video. Ranges are united, so the order does not matter."""
    place, slot = (any_learner(), random.choice(school.topics)), random.randrange(SLOTS)
    begin = slot * SLOT_SECONDS
    body = {"watched": [[begin, begin + SLOT_SECONDS]], "positionSeconds": begin}
    path = f"/api/progress/topics/{place[1]}"
    answer = await school.ask("progress", "PUT", path, place[0], json=body)
    learned = school.ledger.learned
    if status_of(answer) == 200:
        learned.watched.setdefault(place, set()).add(slot)
    elif status_of(answer) in (0, 503):
        learned.unsure.setdefault(place, set()).add(slot)


async def mark(school: School) -> None:
    """Mark a topic as done with the form of its page."""
    who, topic = any_learner(), random.choice(school.topics)
    visitor = school.visitors[who]
    headers = _page_headers(school) | {"Cookie": visitor.cookie}
    form = {"done": "1", "form_token": visitor.form_token}
    path = f"/topics/{topic}/done"
    answer = await school.ask("form", "POST", path, headers=headers, data=form)
    if status_of(answer) == 303:
        school.ledger.learned.marked.add((who, topic))


async def write_note(school: School) -> None:
    place, text = (any_learner(), random.choice(school.topics)), f"note {new_id()}"
    async with school.lock(f"note {place}"):
        allowed = school.ledger.learned.notes.setdefault(place, {NOTHING})
        allowed.add(text)
        path, body = f"/api/notes/topics/{place[1]}", {"content": text}
        answer = await school.ask("note", "PUT", path, place[0], json=body)
        settle(allowed, text, status_of(answer))


async def read_all(school: School) -> None:
    await school.ask("read", "POST", "/api/notifications/read-all", any_learner())


async def undo(school: School) -> None:
    """Approve a request, and take the decision back."""
    who, body = any_learner(), {"subjectId": random.choice(school.subjects)}
    answer = await school.ask("request", "POST", "/api/enrollment/request", who, json=body)
    if answer is None or answer.status_code != 201:
        return
    id_ = answer.json()["data"]["id"]
    allowed = school.ledger.requests[id_] = {"PENDING"}
    school.ledger.asked_by[id_] = who
    path = f"/api/admin/enrollment/{id_}"
    for method, verb, status in (("PUT", "approve", "APPROVED"), ("POST", "reopen", "PENDING")):
        allowed.add(status)
        answer = await school.ask("decide", method, f"{path}/{verb}", ADMIN)
        settle(allowed, status, status_of(answer))
        if status_of(answer) != 200:
            return


READS: Reads = ((6, home), (6, lesson), (4, inbox), (3, own_notes))
WRITES: tuple[Action, ...] = (watch, watch, watch, mark, write_note, write_note, read_all, undo)
