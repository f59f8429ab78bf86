"""Clerk's keys are requested rarely, also when callers send forged tokens."""

from __future__ import annotations

import time

from akako.backends.tokens.key_set import RETRY_SECONDS
from akako.dev.fake_clerk import FakeClerk, new_key
from tests.conftest import StartServer
from tests.http.refusals import details_of
from tests.identity.clerk import PROFILE, bearer, settings_for
from tests.identity.people import Ask, statuses, together
from tests.parts.server import Server

JWKS = "/.well-known/jwks.json"


async def test_500_unknown_keys_cost_two_fetches_at_most(
    clerk: FakeClerk, with_clerk: Server
) -> None:
    """A longer run is allowed one more for each RETRY_SECONDS."""
    clerk.put_user("user_good", "good@example.com")
    good = Ask("GET", PROFILE, headers=bearer(clerk, "user_good"))
    assert statuses(await together(with_clerk, [good])) == {200: 1}
    before, key, started = clerk.count(JWKS), new_key(), time.monotonic()
    strangers = [
        Ask("GET", PROFILE, headers=bearer(clerk, "user_good", key=key, kid=f"ins_{number}"))
        for number in range(500)
    ]
    for start in range(0, 500, 50):
        answers = await together(with_clerk, [*strangers[start : start + 50], good])
        assert statuses(answers) == {200: 1, 401: 50}
    assert clerk.count(JWKS) - before <= 2 + (time.monotonic() - started) // RETRY_SECONDS


async def test_a_cold_start_costs_one_fetch(clerk: FakeClerk, start_server: StartServer) -> None:
    api = start_server(settings_for(clerk))
    clerk.put_user("user_cold", "cold@example.com")
    before = clerk.count(JWKS)
    asks = [Ask("GET", PROFILE, headers=bearer(clerk, "user_cold")) for _ in range(50)]
    assert statuses(await together(api, asks)) == {200: 50}
    assert clerk.count(JWKS) == before + 1


def test_without_a_readable_key_set_tokens_are_503(start_server: StartServer) -> None:
    with FakeClerk().running() as clerk:
        clerk.fail("jwks", 500)
        api = start_server(settings_for(clerk))
        answer = api.get(PROFILE, headers=bearer(clerk, "user_early"))
        details_of(answer, 503, "SERVICE_UNAVAILABLE")
        assert int(answer.headers["retry-after"]) >= 1
        assert api.get("/health/ready").status_code == 200
        levels = api.get("/api/education/levels", headers=bearer(clerk, "user_early"))
        assert levels.status_code == 200


def test_tokens_of_the_development_issuer_are_worthless_beside_clerk(with_clerk: Server) -> None:
    answer = with_clerk.get(PROFILE, as_="admin")
    details_of(answer, 401, "UNAUTHORIZED")
