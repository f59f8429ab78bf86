"""Read lists of networks."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

from akako.kernel.core.text import comma_list
from akako.kernel.http.client_address import Networks

MAPPED = IPv6Network("::ffff:0:0/96")


def parse_networks(text: str) -> Networks:
    """Parse a comma-separated list of CIDRs or addresses. ValueError names the malformed one."""
    return tuple(_parse_network(each) for each in comma_list(text))


def _parse_network(text: str) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a network such as 10.0.0.0/8 ({error})") from error
    # Addresses are normalized when parsed, so networks must be, too.
    if isinstance(network, IPv6Network) and network.subnet_of(MAPPED):
        mapped = int(network.network_address) & 0xFFFFFFFF
        return IPv4Network((mapped, network.prefixlen - MAPPED.prefixlen))
    return network
