"""Roles and accounts beside a model: allowed changes succeed, and one administrator remains."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from akako.kernel.core.ids import new_id
from tests.parts.server import Server
from tests.states.conftest import Walk

ROLES = ["ADMIN", "MENTOR", "LEARNER"]
people = st.integers(0, 3)  # the first is the server's own administrator
roles = st.sampled_from(ROLES)


class Person:
    def __init__(self, clerk_id: str, id: str, roles: dict[str, bool]) -> None:
        self.clerk_id = clerk_id
        self.id = id
        self.roles = roles  # each with whether it is held for good
        self.active = True

    @property
    def administers(self) -> bool:
        return self.active and "ADMIN" in self.roles

    @property
    def lasts(self) -> bool:
        return self.active and self.roles.get("ADMIN", False)


class RoleMachine(RuleBasedStateMachine):
    def __init__(self, api: Server) -> None:
        super().__init__()
        self.api = api
        self.people: list[Person] = []

    @initialize()
    def come(self) -> None:
        first = Person("user_admin", self.api.user_id("admin"), {"LEARNER": True, "ADMIN": True})
        self.people = [first]
        for _ in range(3):
            clerk_id = self.api.user(new_id())
            self.people.append(Person(clerk_id, self.api.user_id(clerk_id), {"LEARNER": True}))

    def ask(self, method: str, path: str, json: dict[str, object] | None = None) -> httpx2.Response:
        actor = next(each for each in self.people if each.administers)
        return self.api.request(method, f"/api/users/{path}", as_=actor.clerk_id, json=json)

    def alone(self, person: Person) -> bool:
        return [each for each in self.people if each.lasts] == [person]

    @rule(number=people, role=roles, for_good=st.booleans())
    def grant(self, number: int, role: str, for_good: bool) -> None:
        person = self.people[number]
        tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        body: dict[str, object] = {"role": role}
        if not for_good:
            body["effectiveEndDate"] = tomorrow
        answer = self.ask("POST", f"{person.id}/roles", body)
        if role in person.roles:
            assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
        else:
            assert answer.status_code == 201, answer.text
            person.roles[role] = for_good

    @rule(number=people, role=roles)
    def take_away(self, number: int, role: str) -> None:
        person = self.people[number]
        answer = self.ask("DELETE", f"{person.id}/roles?role={role}")
        if role not in person.roles:
            assert answer.status_code == 404, answer.text
        elif role == "ADMIN" and self.alone(person):
            assert (answer.status_code, answer.json()["code"]) == (409, "LAST_ADMIN")
        else:
            assert answer.status_code == 200, answer.text
            del person.roles[role]

    @rule(number=people, active=st.booleans())
    def set_status(self, number: int, active: bool) -> None:
        person = self.people[number]
        answer = self.ask("PUT", person.id, {"status": "ACTIVE" if active else "INACTIVE"})
        if not active and self.alone(person):
            assert (answer.status_code, answer.json()["code"]) == (409, "LAST_ADMIN")
        else:
            assert answer.status_code == 200, answer.text
            person.active = active

    @rule(number=people)
    def act(self, number: int) -> None:
        """Check that each user may do what the current roles allow, and nothing else."""
        person = self.people[number]
        answer = self.api.get("/api/users?limit=1", as_=person.clerk_id)
        assert answer.status_code == (200 if person.administers else 403)
        profile = self.api.get("/api/auth/profile", as_=person.clerk_id)
        assert profile.status_code == (200 if person.active else 403)

    @invariant()
    def seen_as_they_are(self) -> None:
        for person in self.people:
            seen = self.ask("GET", person.id).json()["data"]
            assert set(seen["roles"]) == set(person.roles)
            assert (seen["status"] == "ACTIVE") == person.active

    def teardown(self) -> None:
        """The server's own administrator has to be there for the next walk."""
        if not self.people:
            return
        first = self.people[0]
        assert self.ask("PUT", first.id, {"status": "ACTIVE"}).status_code == 200
        first.active = True
        wanted = {"ADMIN": True, "LEARNER": True}
        for role in ROLES:
            if role in first.roles and first.roles[role] != wanted.get(role):
                self.take_away_now(first, role)
            if role in wanted and role not in first.roles:
                assert self.ask("POST", f"{first.id}/roles", {"role": role}).status_code == 201
                first.roles[role] = True
        for person in self.people[1:]:
            if "ADMIN" in person.roles:
                self.take_away_now(person, "ADMIN")

    def take_away_now(self, person: Person, role: str) -> None:
        assert self.ask("DELETE", f"{person.id}/roles?role={role}").status_code == 200
        del person.roles[role]


@pytest.mark.timeout(600)
def test_roles(walk: Walk) -> None:
    walk(RoleMachine)
