"""A transaction that the database undid for others' sake is tried again, and never half done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.http.refusals import details_of
from tests.identity.people import value
from tests.parts.server import Server

PROFILE = "/api/auth/profile"
# A sequence counts on when a transaction is undone, so that the trigger knows how often it raised.
TRIGGER = """
create sequence attempts;
create function undo() returns trigger language plpgsql as $$
begin
    if nextval('attempts') <= {times} then
        raise exception 'undone' using errcode = '{code}';
    end if;
    return new;
end $$;
create trigger undo before insert on audit_log for each row
    when (new.action = 'profile.updated') execute function undo();
"""


@contextmanager
def undone(api: Server, times: int, code: str) -> Iterator[None]:
    """The first `times` transactions are undone at their last statement."""
    with api.db() as db:
        db.execute(TRIGGER.format(times=times, code=code))
        try:
            yield
        finally:
            db.execute("drop function undo cascade; drop sequence attempts")


def changes(api: Server) -> int:
    return int(value(api, "select count(*) from audit_log where action = 'profile.updated'"))


@pytest.mark.parametrize("code", ["40001", "40P01"])
def test_it_is_tried_again(api: Server, code: str) -> None:
    api.user_id("learner")
    before = changes(api)
    with undone(api, 2, code):
        answer = api.put(PROFILE, as_="learner", json={"firstName": f"Third {code}"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["firstName"] == f"Third {code}"
    assert changes(api) == before + 1


@pytest.mark.parametrize("code", ["40001", "40P01"])
def test_after_three_times_the_client_is_asked_to_come_back(api: Server, code: str) -> None:
    before, name = changes(api), api.get(PROFILE, as_="learner").json()["data"]["firstName"]
    with undone(api, 3, code):
        answer = api.put(PROFILE, as_="learner", json={"firstName": "Never"})
    details_of(answer, 503, "SERVICE_UNAVAILABLE")
    assert int(answer.headers["retry-after"]) >= 1
    assert changes(api) == before
    assert api.get(PROFILE, as_="learner").json()["data"]["firstName"] == name


def test_under_a_key_the_client_tries_again_itself(api: Server) -> None:
    """The key is in the same transaction; the repetition has the one effect."""
    before = changes(api)
    headers = {"Idempotency-Key": "undone-once"}
    with undone(api, 1, "40001"):
        first, second = (
            api.put(PROFILE, as_="learner", json={"firstName": "Keyed"}, headers=headers)
            for _ in range(2)
        )
    details_of(first, 503, "SERVICE_UNAVAILABLE")
    assert second.status_code == 200
    assert changes(api) == before + 1
