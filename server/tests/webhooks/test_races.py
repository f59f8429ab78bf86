"""What happens in between: another transaction changes a person just as a message looks at them.

Each test holds the message up at the very point where it could look too early.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from tests.factories import create_user
from tests.webhooks.conftest import Clerk, event, user

Work = psycopg.Connection[tuple[Any, ...]]


@contextmanager
def transaction(clerk: Clerk) -> Iterator[Work]:
    with clerk.server.db() as db, db.transaction():
        yield db


async def send_in_background(
    clerk: Clerk, db: Work, message: object, message_id: str
) -> asyncio.Task[Any]:
    """Send a message; return when it waits for the open transaction of `db`."""
    sending = asyncio.create_task(clerk.deliver([(message, message_id)]))
    await clerk.waiting(db)
    return sending


async def test_a_user_deleted_while_their_creation_waits_is_not_created(
    clerk: Clerk, fresh_id: str
) -> None:
    with transaction(clerk) as db:
        db.execute("select pg_advisory_xact_lock(hashtextextended(%s, 1))", [fresh_id])
        created = event("user.created", user(fresh_id, at=1))
        sending = await send_in_background(clerk, db, created, f"{fresh_id}1")
        db.execute("insert into user_tombstones (clerk_id) values (%s)", [fresh_id])
    (answer,) = await sending
    assert answer.json()["data"] == {"received": True, "handled": True}
    assert clerk.row(fresh_id) is None


async def test_a_name_edited_while_news_wait_survives_them(clerk: Clerk, fresh_id: str) -> None:
    clerk.send(event("user.created", user(fresh_id, at=1, first_name="Esi")))
    with transaction(clerk) as db:
        db.execute("update users set first_name = 'Esther' where clerk_id = %s", [fresh_id])
        news = user(fresh_id, at=2, first_name="Esi", email=f"{fresh_id}@example.com")
        sending = await send_in_background(clerk, db, event("user.updated", news), f"{fresh_id}2")
    await sending
    row = clerk.row(fresh_id)
    assert row is not None
    assert (row["first_name"], row["email"]) == ("Esther", f"{fresh_id}@example.com")


async def test_a_role_assigned_while_a_deletion_waits_ends_with_it(
    clerk: Clerk, fresh_id: str
) -> None:
    clerk.send(event("user.created", user(fresh_id, at=1)))
    with transaction(clerk) as db:
        db.execute("select from users where clerk_id = %s for update", [fresh_id])
        db.execute(
            "insert into user_roles (id, user_id, role, effective_start) "
            "select %s, id, 'ADMIN', now() from users where clerk_id = %s",
            [f"role_{fresh_id}", fresh_id],
        )
        sending = await send_in_background(
            clerk, db, event("user.deleted", {"id": fresh_id}), f"{fresh_id}3"
        )
    await sending
    with clerk.server.db() as db:
        left = db.execute(
            "select count(*), count(*) filter (where effective_end is null) from user_roles r "
            "join users u on u.id = r.user_id where u.clerk_id = %s",
            [fresh_id],
        ).fetchone()
    assert left == (2, 0)


async def test_an_address_taken_while_a_newcomer_waits_for_it_stays_with_its_owner(
    clerk: Clerk, fresh_id: str
) -> None:
    email = f"{fresh_id}@example.com"
    before = clerk.alerts("email_clash")
    with transaction(clerk) as db:
        create_user(db, role=None, clerk_id=f"{fresh_id}o", email=email, email_verified_at="now")
        news = event("user.created", user(fresh_id, at=1, email=email))
        sending = await send_in_background(clerk, db, news, f"{fresh_id}4")
    (answer,) = await sending
    assert answer.json()["data"] == {"received": True, "handled": True}
    row = clerk.row(fresh_id)
    assert row is not None
    assert row["email"] is None
    assert clerk.alerts("email_clash") == before + 1


async def test_of_many_who_claim_one_address_at_once_one_gets_it(
    clerk: Clerk, fresh_id: str
) -> None:
    email = f"{fresh_id}@example.com"
    people = [f"{fresh_id}n{number}" for number in range(20)]
    before = clerk.alerts("webhook_dead_letter")
    answers = await clerk.deliver(
        (event("user.created", user(each, at=1, email=email)), each) for each in people
    )
    assert {each.status_code for each in answers} == {200}
    assert clerk.alerts("webhook_dead_letter") == before
    rows = [clerk.row(each) for each in people]
    assert sorted(row["email"] or "" for row in rows if row) == [""] * 19 + [email]


async def test_the_last_administrator_is_deleted_all_the_same_and_missed(
    clerk: Clerk, fresh_id: str
) -> None:
    clerk.send(event("user.created", user(fresh_id, at=1)))
    with clerk.server.db() as db:
        db.execute(
            "insert into user_roles (id, user_id, role, effective_start) "
            "select %s, id, 'ADMIN', now() from users where clerk_id = %s",
            [f"admin_{fresh_id}", fresh_id],
        )
    before = clerk.alerts("no_admin_left")
    learner = f"{fresh_id}l"
    clerk.send(event("user.created", user(learner, at=1)))
    assert clerk.send(event("user.deleted", {"id": learner})).is_success
    assert clerk.alerts("no_admin_left") == before
    assert clerk.send(event("user.deleted", {"id": fresh_id})).is_success
    assert clerk.alerts("no_admin_left") == before + 1
    assert clerk.get("/api/auth/profile", fresh_id).status_code == 401
