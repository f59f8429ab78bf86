"""Whose address counts: the peer's, or what trusted proxies say, never the caller's own word."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest

from akako.backends.dev_directory import DevDirectory
from tests.conftest import StartServer
from tests.limits.callers import from_address, limit, remaining
from tests.parts.server import GENEROUS, Server

LEVELS, PROFILE = "/api/education/levels", "/api/auth/profile"


def call(api: Server, *hops: str) -> int:
    """Call from behind these hops; how many calls the caller has left."""
    answer = api.get(LEVELS, headers=from_address(*hops))
    assert answer.status_code == 200
    return remaining(answer)


def test_callers_behind_one_proxy_are_limited_separately(
    api: Server, caller: Callable[[], str]
) -> None:
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
    assert remaining(httpx2.get(f"{api.url}{LEVELS}", headers=headers, timeout=60)) == 98


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
    left = [call(api, hop) for hop in ("", "unknown", "_hidden", "1.2.3", "x" * 5000, "a b")]
    assert left == list(range(left[0], left[0] - 6, -1))


def test_without_trusted_proxies_the_header_is_the_callers_own_word(
    start_server: StartServer,
) -> None:
    api = start_server(dict.fromkeys(GENEROUS, ""))
    assert [call(api, "1.1.1.1"), call(api, "2.2.2.2"), call(api, "::1")] == [99, 98, 97]


def newcomer(api: Server, name: str) -> dict[str, str]:
    """Return the token of a user who signs in for the first time."""
    DevDirectory(api.folder).add(f"user_{name}")
    return api.headers(f"user_{name}")


@pytest.mark.parametrize(("name", "address"), [("v4", "198.51.100.7"), ("v6", "2001:db8:5c:1::7")])
def test_a_school_counts_per_signed_in_user(api: Server, name: str, address: str) -> None:
    for who in (newcomer(api, f"first{name}"), newcomer(api, f"second{name}")):
        headers = {**who, **from_address(address)}
        for path, most in ((PROFILE, 10), (LEVELS, 100)):
            answers = [api.get(path, headers=headers) for _ in range(2)]
            assert {limit(each) for each in answers} == {most}
            assert [remaining(each) for each in answers] == [most - 1, most - 2]


def test_strangers_in_a_school_share_twenty_times_the_limit(api: Server) -> None:
    headers = from_address("198.51.100.99")
    answer = api.get(LEVELS, headers=headers)
    assert (limit(answer), remaining(answer)) == (2000, 1999)
    answer = api.get(PROFILE, headers={**headers, "Authorization": "Bearer a.b.c"})
    assert (answer.status_code, limit(answer), remaining(answer)) == (401, 200, 199)
    assert limit(api.get(LEVELS, headers=from_address("198.51.101.1"))) == 100


def test_a_class_behind_one_router_can_start_work(api: Server) -> None:
    router = from_address("198.51.100.35")
    for number in range(35):
        answer = api.get(PROFILE, headers={**newcomer(api, f"pupil{number}"), **router})
        assert (answer.status_code, remaining(answer)) == (200, 9)
