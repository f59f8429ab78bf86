"""Messages of other Clerk instances, such as the development instance, change nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable

import pytest

from akako.backends.clerk_user import parse_user
from akako.backends.database.pool import Pool
from akako.kernel.core.access import Policy
from akako.webhooks import service
from tests.webhooks.conftest import INSTANCE, Clerk, event, user

OTHER = "ins_2zyxwvUTSRQ"


def test_our_own_and_unnamed_instances_are_heard(clerk: Clerk, fresh_id: str) -> None:
    created = event("user.created", user(f"{fresh_id}a", at=1))
    assert clerk.send(created).json()["data"]["handled"] is True
    own = {**event("user.created", user(f"{fresh_id}b", at=1)), "instance_id": INSTANCE}
    assert clerk.send(own).json()["data"]["handled"] is True


@pytest.mark.parametrize("sender", [OTHER, "", INSTANCE.lower(), 7, ["x"], {}])
def test_another_instance_changes_nothing_and_raises_an_alert(
    clerk: Clerk, fresh_id: str, sender: object
) -> None:
    before = clerk.alerts("webhook_of_another_instance")
    for kind in ("user.created", "user.updated", "user.deleted", "session.ended"):
        message = {**event(kind, user(fresh_id, at=1)), "instance_id": sender}
        answer = clerk.send(message)
        assert answer.status_code == 200
        assert answer.json()["data"] == {"received": True, "handled": False}
    assert clerk.alerts("webhook_of_another_instance") == before + 4
    assert clerk.row(fresh_id) is None
    with clerk.server.db() as db:
        sql = "select count(*) from user_tombstones where clerk_id = %s"
        assert db.execute(sql, [fresh_id]).fetchone() == (0,)


def test_another_instance_cannot_delete_a_user(clerk: Clerk, fresh_id: str) -> None:
    clerk.send(event("user.created", user(fresh_id, at=1)))
    clerk.send({**event("user.deleted", {"id": fresh_id}), "instance_id": OTHER})
    assert clerk.get("/api/auth/profile", fresh_id).status_code == 200


@pytest.fixture
async def db(new_database: Callable[[], str]) -> AsyncIterator[Pool]:
    pool = Pool(new_database())
    yield pool
    await pool.close()


async def test_without_the_setting_all_are_heard(db: Pool) -> None:
    message = {**event("user.created", user("user_any", at=1)), "instance_id": OTHER}
    receipt = await service.receive(db, "msg_1", json.dumps(message).encode(), Policy(), parse_user)
    assert receipt.handled is True
