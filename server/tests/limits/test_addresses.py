"""Whose address counts: the peer's, or what trusted proxies say of theirs, never the caller's word."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.conftest import StartServer
from tests.limits.callers import from_address, limit, remaining
from tests.parts.server import GENEROUS, Server

LEVELS, PROFILE = "/api/education/levels", "/api/auth/profile"


def call(api: Server, *hops: str) -> int:
    """Call from behind these hops; how many calls the caller has left."""
    answer = api.get(LEVELS, headers=from_address(*hops))
    assert answer.status_code == 200
    return remaining(answer)


def test_callers_behind_one_proxy_are_told_apart(api: Server, caller: Callable[[], str]) -> None:
    first, second = caller(), caller()
    assert [call(api, first), call(api, second), call(api, first)] == [99, 99, 98]


def test_only_the_hop_that_a_trusted_proxy_saw_counts(
    api: Server, caller: Callable[[], str]
) -> None:
    real = caller()
    for number, claimed in enumerate(("1.2.3.4", "5.6.7.8", "::1", "nonsense", "127.0.0.1")):
        assert call(api, claimed, real) == 99 - number
    assert call(api, "9.9.9.9", real, "10.1.2.3", "10.4.5.6") == 94


def test_other_headers_say_nothing(api: Server, caller: Callable[[], str]) -> None:
    address = caller()
    for number, name in enumerate(("X-Real-IP", "Forwarded", "CF-Connecting-IP", "True-Client-IP")):
        headers = {**from_address(address), name: caller()}
        assert remaining(api.get(LEVELS, headers=headers)) == 99 - number


def test_several_headers_are_one_list(api: Server, caller: Callable[[], str]) -> None:
    address = caller()
    call(api, address)
    headers = [("X-Forwarded-For", "1.1.1.1"), ("X-Forwarded-For", address)]
    assert remaining(httpx.get(f"{api.url}{LEVELS}", headers=headers)) == 98


def test_addresses_of_one_ipv6_network_are_one_caller(api: Server) -> None:
    assert call(api, "2001:db8:1:1::1") == 99
    assert call(api, "2001:db8:1:1:ffff:ffff:ffff:ffff") == 98
    assert call(api, "[2001:DB8:1:1::2]:443") == 97
    assert call(api, "2001:db8:1:2::1") == 99


def test_an_ipv4_address_in_ipv6_is_itself(api: Server, caller: Callable[[], str]) -> None:
    address = caller()
    assert [call(api, address), call(api, f"::ffff:{address}"), call(api, f"{address}:5000")] == [
        99,
        98,
        97,
    ]


def test_what_is_unreadable_falls_back_to_the_proxy(api: Server) -> None:
    left = [call(api, hop) for hop in ("", "unknown", "_hidden", "1.2.3", "x" * 5000, "\xe9")]
    assert left == list(range(left[0], left[0] - 6, -1))


def test_without_trusted_proxies_the_header_is_the_callers_own_word(
    start_server: StartServer,
) -> None:
    api = start_server(dict.fromkeys(GENEROUS, ""))
    assert [call(api, "1.1.1.1"), call(api, "2.2.2.2"), call(api, "::1")] == [99, 98, 97]


@pytest.mark.parametrize("school", ["198.51.100.7", "2001:db8:5c:1::7"])
def test_a_school_counts_per_signed_in_user(api: Server, school: str) -> None:
    headers = from_address(school)
    for who in ("learner", "mentor"):
        answers = [api.get(PROFILE, as_=who, headers=headers) for _ in range(2)]
        assert [(limit(each), remaining(each)) for each in answers] == [(10, 9), (10, 8)]
        api.get(LEVELS, as_=who, headers=headers)
        again = api.get(LEVELS, as_=who, headers=headers)
        assert (limit(again), remaining(again)) == (100, 98)
        # What one user has left does not depend on the address inside the school.
        api.db().close()
    _forget(api)


def _forget(api: Server) -> None:
    """Start anew: counters live in the process."""
    api.stop()
    api.start()


def test_strangers_in_a_school_share_twenty_times_the_limit(api: Server) -> None:
    headers = from_address("198.51.100.99")
    answer = api.get(LEVELS, headers=headers)
    assert (limit(answer), remaining(answer)) == (2000, 1999)
    answer = api.get(PROFILE, headers={**headers, "Authorization": "Bearer a.b.c"})
    assert (answer.status_code, limit(answer), remaining(answer)) == (401, 200, 199)
    assert limit(api.get(LEVELS, headers=from_address("198.51.101.1"))) == 100


def test_a_class_behind_one_router_can_start_work(api: Server) -> None:
    headers = from_address("198.51.100.35")
    for number in range(35):
        who = api.user(f"pupil{number}") if number == 0 else f"user_pupil{number}"
        answer = api.get(PROFILE, headers={**headers, **_bearer(api, who)})
        assert answer.status_code in (200, 401), answer.text
        assert remaining(answer) == 9


def _bearer(api: Server, who: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {api.token(who)}"}
