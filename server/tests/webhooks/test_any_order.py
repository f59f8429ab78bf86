"""However messages arrive, late, doubled, all at once, the state after them is the same."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from tests.webhooks.conftest import Clerk, event, user

Message = tuple[object, str]


def news_of(clerk_id: str) -> dict[str, dict[str, Any]]:
    """What happens to a person, oldest first."""

    def changed(kind: str, at: int, name: str) -> dict[str, Any]:
        email = f"{clerk_id}@{name.lower()}.example"
        return event(kind, user(clerk_id, at=at, email=email, first_name=name))

    return {
        "created": changed("user.created", 100, "A"),
        "older": changed("user.updated", 200, "B"),
        "newer": changed("user.updated", 300, "C"),
        "deleted": event("user.deleted", {"object": "user", "id": clerk_id, "deleted": True}),
    }


def deliveries(clerk_id: str, order: tuple[str, ...], rng: random.Random) -> list[Message]:
    """Each piece of news one to three times: as the same message again, or sent as a new one."""
    news = news_of(clerk_id)
    return [
        (news[kind], f"{clerk_id}-{kind}-{rng.randint(1, 2)}")
        for kind in order
        for _ in range(rng.randint(1, 3))
    ]


def seen_of(clerk: Clerk, clerk_id: str) -> tuple[Any, ...]:
    """All that anybody can find out about a person afterwards."""
    profile = clerk.get("/api/auth/profile", clerk_id)
    data = profile.json().get("data") or {}
    with clerk.server.db() as db:
        people = db.execute(
            "select email, first_name from users where clerk_id = %s and deleted_at is null",
            [clerk_id],
        ).fetchall()
        traces = db.execute(
            "select email, first_name, last_name, nullif(search_key, '') from users "
            "where clerk_id = %s and deleted_at is not null",
            [clerk_id],
        ).fetchall()
        roles = db.execute(
            "select role from user_roles r join users u on u.id = r.user_id "
            "where u.clerk_id = %s and effective_end is null",
            [clerk_id],
        ).fetchall()
    assert all(each is None for trace in traces for each in trace)
    return profile.status_code, data.get("email"), tuple(people), tuple(roles)


@pytest.mark.parametrize("last", ["newer", "deleted"])
async def test_every_order_in_parallel_ends_in_the_same_state(
    clerk: Clerk, fresh_id: str, last: str
) -> None:
    rng = random.Random(7)
    kinds = [kind for kind in news_of("") if last == "deleted" or kind != "deleted"]
    orders = {f"{fresh_id}x{n}": each for n, each in enumerate(itertools.permutations(kinds))}
    sent = [deliveries(clerk_id, order, rng) for clerk_id, order in orders.items()]
    before = clerk.alerts("webhook_dead_letter")
    answers = await clerk.deliver(itertools.chain(*sent))
    assert {each.status_code for each in answers} == {200}
    receipts = [each.json()["data"] for each in answers]
    messages = {message_id for one in sent for _, message_id in one}
    assert sum(each == {"received": True, "handled": True} for each in receipts) == len(messages)
    assert clerk.alerts("webhook_dead_letter") == before
    for clerk_id in orders:
        email = f"{clerk_id}@c.example"
        learner = (200, email, ((email, "C"),), (("LEARNER",),))
        gone = (401, None, (), ())
        assert seen_of(clerk, clerk_id) == (gone if last == "deleted" else learner)


async def test_an_event_is_announced_once_despite_concurrent_messages(
    clerk: Clerk, fresh_id: str
) -> None:
    news = news_of(fresh_id)
    await clerk.deliver((news["created"], f"{fresh_id}c{number}") for number in range(10))
    await clerk.deliver((news["deleted"], f"{fresh_id}d{number}") for number in range(10))
    with clerk.server.db() as db:
        announced = db.execute(
            "select type, count(*) from outbox o join users u on o.data ->> 'userId' = u.id "
            "where u.clerk_id = %s group by 1 order by 1",
            [fresh_id],
        ).fetchall()
    assert announced == [("user.created", 1), ("user.deleted", 1)]


async def test_one_message_delivered_in_parallel_is_applied_once(
    clerk: Clerk, fresh_id: str
) -> None:
    created = news_of(fresh_id)["created"]
    answers = await clerk.deliver([(created, f"p{fresh_id}")] * 10)
    receipts = [each.json()["data"] for each in answers]
    assert sum("handled" in each for each in receipts) == 1
    with clerk.server.db() as db:
        count = db.execute("select count(*) from users where clerk_id = %s", [fresh_id]).fetchone()
    assert count == (1,)


async def test_two_who_swap_their_addresses_at_once_lose_none_for_good(
    clerk: Clerk, fresh_id: str
) -> None:
    left, right = f"{fresh_id}l", f"{fresh_id}r"
    emails = {left: f"{left}@a.example", right: f"{right}@a.example"}
    for who, email in emails.items():
        assert clerk.send(event("user.created", user(who, at=1, email=email))).is_success
    swapped = [
        event("user.updated", user(left, at=2, email=emails[right])),
        event("user.updated", user(right, at=2, email=emails[left])),
    ]
    answers = await clerk.deliver((each, f"{fresh_id}s{n}") for n, each in enumerate(swapped * 5))
    assert {each.status_code for each in answers} == {200}
    # A user who was created while another one had the address gets it with the next event.
    for number, each in enumerate(swapped):
        clerk.send(each, message_id=f"{fresh_id}again{number}")
    rows = [clerk.row(left), clerk.row(right)]
    found = [row["email"] for row in rows if row]
    assert found == [emails[right], emails[left]]
