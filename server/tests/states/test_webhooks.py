"""Clerk's messages, late, twice and out of order, beside a model of what they should leave."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from akako.dev.fake_clerk import sign_webhook
from akako.kernel.core.ids import new_id
from tests.faults.attempts import SECRET, WEBHOOK
from tests.library.school import rows
from tests.parts.server import Server
from tests.states.conftest import Walk

SQL = """
select clerk_id, first_name, status = 'SUSPENDED', deleted_at is not null from users
where clerk_id = any(%s)
"""
who = st.integers(0, 1)


@dataclass
class Known:
    """What our row should say, and how new its facts are."""

    name: str | None
    banned: bool
    at: int | None
    deleted: bool = False


class WebhookMachine(RuleBasedStateMachine):
    def __init__(self, api: Server) -> None:
        super().__init__()
        self.api = api
        self.ids: list[str] = []
        self.known: dict[str, Known] = {}
        self.gone: set[str] = set()
        self.sent: list[tuple[str, bytes]] = []

    @initialize()
    def come(self) -> None:
        self.ids = [f"user_{new_id()}" for _ in range(2)]

    def send(self, message_id: str, body: bytes) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", **sign_webhook(body, SECRET, message_id)}
        answer: httpx2.Response = self.api.post(WEBHOOK, content=body, headers=headers)
        assert answer.status_code == 200, answer.text
        receipt: dict[str, Any] = answer.json()["data"]
        assert receipt["received"] is True
        return receipt

    def event(self, kind: str, data: dict[str, Any]) -> None:
        body = json.dumps({"type": kind, "object": "event", "data": data}).encode()
        self.sent.append((f"msg_{new_id()}", body))
        assert self.send(*self.sent[-1])["handled"] is True

    @rule(
        number=who,
        kind=st.sampled_from(["user.created", "user.updated"]),
        name=st.sampled_from(["Esi", "Ama", None]),
        banned=st.booleans(),
        at=st.none() | st.integers(1, 6),
    )
    def change(
        self, number: int, kind: str, name: str | None, banned: bool, at: int | None
    ) -> None:
        id = self.ids[number]
        data: dict[str, Any] = {
            "id": id,
            "first_name": name,
            "banned": banned,
            "email_addresses": [],
        }
        if at is not None:
            data["updated_at"] = at
        self.event(kind, data)
        if id in self.gone:
            return
        known = self.known.get(id)
        newer = known and at is not None and (known.at is None or at >= known.at)
        if known is None or newer:
            self.known[id] = Known(name, banned, at)

    @rule(number=who)
    def delete(self, number: int) -> None:
        id = self.ids[number]
        self.event("user.deleted", {"id": id, "object": "user", "deleted": True})
        self.gone.add(id)
        if id in self.known:
            self.known[id] = Known(None, False, None, deleted=True)

    @precondition(lambda self: self.sent)
    @rule(number=st.integers(0, 100))
    def deliver_again(self, number: int) -> None:
        assert self.send(*self.sent[number % len(self.sent)])["duplicate"] is True

    @rule(kind=st.sampled_from(["session.created", "organization.updated"]))
    def send_something_else(self, kind: str) -> None:
        body = json.dumps({"type": kind, "data": {"id": "x"}}).encode()
        assert self.send(f"msg_{new_id()}", body)["handled"] is False

    @invariant()
    def seen_as_they_are(self) -> None:
        expected = {
            id: (each.name, each.banned and not each.deleted, each.deleted)
            for id, each in self.known.items()
        }
        assert {row[0]: row[1:] for row in rows(self.api, SQL, self.ids)} == expected


@pytest.mark.timeout(600)
def test_webhooks(walk: Walk) -> None:
    walk(WebhookMachine)
