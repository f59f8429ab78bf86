"""The rate limit of webhooks applies to requests without a valid signature."""

from __future__ import annotations

from akako.dev.fake_clerk import FakeClerk
from tests.conftest import StartServer
from tests.webhooks.conftest import PATH, SECRET, Clerk, event, user


def test_what_is_genuine_is_served_beyond_the_limit(start_server: StartServer) -> None:
    settings = {"AKAKO_CLERK_WEBHOOK_SECRETS": SECRET, "AKAKO_RATE_LIMIT_WEBHOOK": "3/600"}
    fake = FakeClerk()
    fake.socket.close()  # nothing is asked of it
    clerk = Clerk(fake, start_server(settings))
    for number in range(6):
        answer = clerk.send(event("user.created", user(f"user_limited{number}", at=1)))
        assert answer.status_code == 200
        assert answer.headers["x-ratelimit-limit"] == "3"
        assert answer.headers["x-ratelimit-remaining"] == str(max(0, 2 - number))
    forged = clerk.send(
        event("user.created", user("user_forged", at=1)), secret="whsec_" + "A" * 32
    )
    unsigned = clerk.server.post(PATH, json={})
    for refused in (forged, unsigned):
        assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMITED")
        assert int(refused.headers["retry-after"]) > 0
    with clerk.server.db() as db:
        stored = db.execute("select count(*) from users where clerk_id like 'user_limited%'")
        assert stored.fetchone() == (6,)
