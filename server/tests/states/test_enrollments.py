"""Enrollments beside a model of them: what is open, what was decided, and who may read."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import httpx2
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from akako.authority.decisions import REOPEN_SECONDS
from akako.kernel.core.ids import new_id
from tests.library.school import Topic, add_topic
from tests.parts.server import Server
from tests.states.conftest import Walk

OPEN = {"PENDING", "APPROVED"}
pairs = st.integers(0, 1)
requests = st.integers(0, 100)  # taken modulo the number of those that there are


@dataclass
class Request:
    id: str
    learner: str
    topic: Topic
    status: str = "PENDING"
    decided: float = field(default=0.0)


class EnrollmentMachine(RuleBasedStateMachine):
    def __init__(self, api: Server) -> None:
        super().__init__()
        self.api = api
        self.requests: list[Request] = []

    @initialize()
    def come(self) -> None:
        self.learners = [self.api.user(new_id()) for _ in range(2)]
        self.topics = [add_topic(self.api, mentor=None) for _ in range(2)]

    def open(self, learner: str, topic: Topic) -> list[Request]:
        own = [each for each in self.requests if (each.learner, each.topic) == (learner, topic)]
        return [each for each in own if each.status in OPEN]

    @rule(learner=pairs, topic=pairs)
    def ask(self, learner: int, topic: int) -> None:
        who, what = self.learners[learner], self.topics[topic]
        body = {"subjectId": what.subject_id}
        answer = self.api.post("/api/enrollment/request", as_=who, json=body)
        if self.open(who, what):
            assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
        else:
            assert answer.status_code == 201, answer.text
            self.requests.append(Request(answer.json()["data"]["id"], who, what))

    @precondition(lambda self: self.requests)
    @rule(number=requests, status=st.sampled_from(["APPROVED", "REJECTED"]))
    def decide(self, number: int, status: str) -> None:
        one = self.requests[number % len(self.requests)]
        verb = "approve" if status == "APPROVED" else "reject"
        answer = self.api.put(f"/api/admin/enrollment/{one.id}/{verb}", as_="admin")
        if one.status == "PENDING":
            one.status, one.decided = status, time.monotonic()
        self.expect(answer, one, one.status == status)

    @precondition(lambda self: self.requests)
    @rule(number=requests)
    def cancel(self, number: int) -> None:
        one = self.requests[number % len(self.requests)]
        answer = self.api.post(f"/api/enrollment/{one.id}/cancel", as_=one.learner)
        self.expect(answer, one, one.status != "REJECTED")
        if one.status != "REJECTED":
            one.status = "CANCELLED"

    @precondition(lambda self: self.requests)
    @rule(number=requests)
    def reopen(self, number: int) -> None:
        one = self.requests[number % len(self.requests)]
        decided = one.status in ("APPROVED", "REJECTED")
        if decided and time.monotonic() - one.decided > REOPEN_SECONDS / 2:
            return  # too near to the end of the time in which this is allowed
        answer = self.api.post(f"/api/admin/enrollment/{one.id}/reopen", as_="admin")
        if decided and self.open(one.learner, one.topic) in ([], [one]):
            assert answer.status_code == 200, answer.text
            one.status = "PENDING"
        else:
            assert answer.status_code == 409, answer.text

    def expect(self, answer: httpx2.Response, one: Request, allowed: bool) -> None:
        if allowed:
            assert answer.status_code == 200, answer.text
        else:
            assert (answer.status_code, answer.json()["code"]) == (409, "INVALID_STATE")
            assert answer.json()["details"]["current"] == one.status

    @invariant()
    def seen_as_they_are(self) -> None:
        for learner in self.learners if self.requests else []:
            listed = self.api.get("/api/enrollment/me?limit=100", as_=learner).json()["data"]
            own = {each.id: each.status for each in self.requests if each.learner == learner}
            assert {each["id"]: each["status"] for each in listed} == own

    @rule(learner=pairs, topic=pairs)
    def read(self, learner: int, topic: int) -> None:
        who, what = self.learners[learner], self.topics[topic]
        approved = any(each.status == "APPROVED" for each in self.open(who, what))
        answer = self.api.get(what.documents, as_=who)
        assert answer.status_code == (200 if approved else 403)


@pytest.mark.timeout(600)
def test_enrollments(walk: Walk) -> None:
    walk(EnrollmentMachine)
