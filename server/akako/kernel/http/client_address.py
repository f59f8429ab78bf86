"""The client address behind trusted proxies, and the key that rate limits use for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

Address = IPv4Address | IPv6Address
Networks = tuple[IPv4Network | IPv6Network, ...]

UNKNOWN = "unknown"
MAX_HOPS = 32
LONGEST_ADDRESS = 80  # a full IPv6 address with zone, brackets and port
CACHED_ADDRESSES = 4096

WITH_PORT = re.compile(r"(?:\[([^\]]+)\]|([0-9.]+)):[0-9]{1,5}|\[([^\]]+)\]")


def client_address(peer: str | None, forwarded_for: Sequence[str], trusted: Networks) -> str:
    """Return the client address: the peer of the socket, or the address that trusted proxies name.

    `forwarded_for` contains the values of all X-Forwarded-For headers in order. Only the entry
    that a trusted proxy added is used; entries that the client sent are ignored. Returns `unknown`
    without a peer, as on a Unix socket.
    """
    if peer is None:
        return UNKNOWN
    hop = _read(peer)
    if hop is None or not forwarded_for or not trusted:
        return hop.text if hop else peer
    # More hops than that are not read: a client can send any number.
    hops = ",".join(forwarded_for).rsplit(",", MAX_HOPS)
    while hops and _contains(trusted, hop.address):
        previous = _read(hops.pop())
        if previous is None:
            break
        hop = previous
    return hop.text


@lru_cache(CACHED_ADDRESSES)
def rate_key(address: str) -> str:
    """Return the rate-limit key: the IPv4 address, or the /64 of an IPv6 address."""
    hop = _read(address)
    if hop is None:
        return address
    if isinstance(hop.address, IPv6Address):
        return str(IPv6Network((int(hop.address) >> 64 << 64, 64)))
    return hop.text


def in_networks(address: str, networks: Networks) -> bool:
    """Return whether the address is in one of the networks. False for text that is no address."""
    if not networks:
        return False
    hop = _read(address)
    return hop is not None and _contains(networks, hop.address)


class _Hop(NamedTuple):
    address: Address
    text: str


def _contains(networks: Networks, address: Address) -> bool:
    return any(address in network for network in networks)


def _read(text: str) -> _Hop | None:
    # Checked before the cache, which bounds the memory of the cache.
    return _parse(text) if len(text) <= LONGEST_ADDRESS else None


@lru_cache(CACHED_ADDRESSES)
def _parse(text: str) -> _Hop | None:
    text = text.strip(" \t")
    if found := WITH_PORT.fullmatch(text):
        text = next(filter(None, found.groups()))
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        # Without the zone, which does not identify the client and can be any text.
        address = address.ipv4_mapped or IPv6Address(int(address))
    return _Hop(address, str(address))
