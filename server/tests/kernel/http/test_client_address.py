"""The address that a request is counted for, also with forged headers."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akako.kernel.http.client_address import (
    MAX_HOPS,
    UNKNOWN,
    client_address,
    in_networks,
    rate_key,
)
from akako.settings.networks import parse_networks

TRUSTED = parse_networks("10.0.0.0/8, 192.168.1.1, fd00::/8")
PROXY = "10.0.0.1"


@pytest.mark.parametrize(
    ("peer", "headers", "expected"),
    [
        # The peer is not a trusted proxy, so its headers are ignored.
        ("203.0.113.7", [], "203.0.113.7"),
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        ("203.0.113.7", ["10.0.0.2"], "203.0.113.7"),
        # What the caller wrote himself stands to the left of what the proxy wrote.
        (PROXY, ["198.51.100.1"], "198.51.100.1"),
        (PROXY, ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
        (PROXY, ["1.1.1.1", "198.51.100.1"], "198.51.100.1"),
        (PROXY, ["198.51.100.1, 10.9.9.9, 192.168.1.1"], "198.51.100.1"),
        (PROXY, ["1.1.1.1, 198.51.100.1,10.9.9.9", "192.168.1.1"], "198.51.100.1"),
        (PROXY, ["10.9.9.9, 198.51.100.1, 10.8.8.8"], "198.51.100.1"),
        # Every proxy is trusted: the address of the client.
        (PROXY, ["10.3.3.3, 10.2.2.2"], "10.3.3.3"),
        (PROXY, [], PROXY),
        (PROXY, [""], PROXY),
        (PROXY, [" , ,"], PROXY),
        # Not readable: as far as was readable.
        (PROXY, ["198.51.100.1, unknown"], PROXY),
        (PROXY, ["198.51.100.1, unix:"], PROXY),
        (PROXY, ["198.51.100.1, "], PROXY),
        (PROXY, ["198.51.100.1, garbage, 10.2.2.2"], "10.2.2.2"),
        (PROXY, ["garbage, 198.51.100.1"], "198.51.100.1"),
        (PROXY, ["garbage, 10.2.2.2"], "10.2.2.2"),
        # Ports, brackets, zones and the IPv4-mapped form.
        (PROXY, ["198.51.100.1:55"], "198.51.100.1"),
        (PROXY, ["[2001:db8::1]:55"], "2001:db8::1"),
        (PROXY, ["[2001:DB8:0::1]"], "2001:db8::1"),
        (PROXY, ["2001:db8::1"], "2001:db8::1"),
        (PROXY, ["\t2001:db8::1\t"], "2001:db8::1"),
        (PROXY, ["::ffff:198.51.100.1"], "198.51.100.1"),
        (PROXY, ["[::ffff:198.51.100.1]:443"], "198.51.100.1"),
        (PROXY, ["198.51.100.1, ::ffff:10.2.2.2"], "198.51.100.1"),
        (PROXY, ["198.51.100.1, [fd00::5]:80"], "198.51.100.1"),
        (PROXY, ["fe80::1%eth0"], "fe80::1"),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("::ffff:203.0.113.7", [], "203.0.113.7"),
        ("fd00::1", ["198.51.100.1"], "198.51.100.1"),
        # No addresses at all.
        (None, ["198.51.100.1"], UNKNOWN),
        ("testclient", ["198.51.100.1"], "testclient"),
    ],
)
def test_the_caller(peer: str | None, headers: list[str], expected: str) -> None:
    assert client_address(peer, headers, TRUSTED) == expected


@pytest.mark.parametrize(
    "hop",
    [
        *("1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4:", "1.2.3.4:x", "1.2.3.4:123456"),
        *("[::1", "::1]", "[::1]x", "[]", ":::", "[::1]:", "12345::", "::1/64", "1.2.3.4/32"),
        *("１.2.3.4", "1.2.3.4 5.6.7.8", "for=1.2.3.4", "-1", "3232235777", "0x7f000001", "::%"),
    ],
)
def test_what_is_no_address(hop: str) -> None:
    assert client_address(PROXY, [hop], TRUSTED) == PROXY
    assert not in_networks(hop, parse_networks("0.0.0.0/0,::/0"))


def test_no_proxy_is_trusted_by_default() -> None:
    assert client_address(PROXY, ["198.51.100.1"], ()) == PROXY


def test_an_endless_chain_is_not_walked() -> None:
    hops = [f"10.1.{number // 256}.{number % 256}" for number in range(5000)]
    assert client_address(PROXY, [", ".join(hops)], TRUSTED) == hops[-MAX_HOPS]
    assert client_address(PROXY, hops, TRUSTED) == hops[-MAX_HOPS]


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (UNKNOWN, UNKNOWN),
        ("testclient", "testclient"),
    ],
)
def test_rate_keys(address: str, key: str) -> None:
    assert rate_key(address) == key


def test_networks_are_read() -> None:
    assert parse_networks("") == ()
    assert parse_networks(" 10.0.0.0/8 ,, 2001:db8::/32,192.0.2.1,::ffff:172.16.0.0/108") == (
        IPv4Network("10.0.0.0/8"),
        IPv6Network("2001:db8::/32"),
        IPv4Network("192.0.2.1/32"),
        IPv4Network("172.16.0.0/12"),
    )


@pytest.mark.parametrize("wrong", ["10.0.0.1/8", "10.0.0.0/33", "school", "10.0.0.0-10.0.0.9"])
def test_a_wrong_network_is_named(wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        parse_networks(f"192.0.2.0/24, {wrong}")


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("10.255.0.1", True),
        ("::ffff:10.1.1.1", True),
        ("fd12::1", True),
        ("11.0.0.1", False),
        ("::1", False),
        (UNKNOWN, False),
        ("", False),
    ],
)
def test_membership(address: str, inside: bool) -> None:
    assert in_networks(address, TRUSTED) is inside
    assert in_networks(address, ()) is False


address = st.ip_addresses().map(str)
hop = st.one_of(address, st.text(max_size=30), st.text("0123456789abcdef.:[]%, /", max_size=50))


@given(st.one_of(st.none(), hop, st.just(PROXY)), st.lists(hop | st.text(), max_size=6))
def test_no_header_raises(peer: str | None, headers: list[str]) -> None:
    caller = client_address(peer, headers, TRUSTED)
    assert rate_key(caller) or caller == ""
    assert caller == client_address(caller, [], ())


@given(address, st.lists(hop, max_size=4), st.sampled_from(["10.7.7.7", "fd00::7"]))
def test_the_forged_part_never_counts(caller: str, forged: list[str], inner: str) -> None:
    expected = client_address(caller, [], ())
    if not in_networks(caller, TRUSTED):
        assert client_address(PROXY, [*forged, f"{caller}, {inner}"], TRUSTED) == expected
