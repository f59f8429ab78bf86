"""Decide where webhooks may be sent: public addresses, and networks that the school allows.

The check runs twice: on the URL when an endpoint is written, and on the resolved address at each
connection. The second one decides; the first one gives the administrator an error at once.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from urllib.parse import SplitResult, urlsplit

import msgspec

from akako.kernel.core.errors import ValidationFailed
from akako.kernel.http.client_address import Networks

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_URL = 2_048
RESOLVE_SECONDS = 2.0
# Printable ASCII without spaces and the characters that parsers of URLs disagree about.
URL = re.compile(r"[!#-\[\]_a-z~]+", re.ASCII)
MAX_HOST = 253
LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?", re.ASCII)
# The last label of an IPv4 address in any spelling: decimal, octal or hexadecimal.
NUMBER = re.compile(r"(?:[0-9]+|0[xX][0-9A-Fa-f]*)", re.ASCII)

GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052; the last 32 bits are an IPv4 address
# Parts of 2000::/3 that are not ordinary hosts: IETF protocols such as Teredo, documentation, 6to4,
# and the sink of reverse look-ups (AS112), whose IPv4 addresses are below, too.
RESERVED_V6 = [
    ipaddress.IPv6Network(each)
    for each in (
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "2620:4f:8000::/48",
        "3fff::/20",
    )
]
# The IANA registry of special-purpose addresses, and multicast and reserved ones.
RESERVED_V4 = [
    ipaddress.IPv4Network(each)
    for each in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
]
REFUSED = "Must not lead to a private, loopback, link-local or reserved address"


class AddressRefused(Exception):
    """The host is or resolves to an address that webhooks must not be sent to."""


class Destinations(msgspec.Struct, frozen=True, kw_only=True):
    """Where webhooks may be sent.

    `allowed` are networks that are reachable although they are not public. `development` also
    permits http and this machine.
    """

    allowed: Networks = ()
    development: bool = False

    def permits(self, address: Address) -> bool:
        """Return whether a connection to this address is permitted."""
        plain = embedded(address)
        if any(each in network for network in self.allowed for each in {address, plain}):
            return True
        if self.development and plain.is_loopback:
            return True
        return is_public(plain)

    async def resolve(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host, all of which are permitted.

        Raises:
            AddressRefused: One of them is not permitted, or the name is that of this machine.
            OSError: The name does not resolve.
        """
        name = host.strip("[]").rstrip(".").lower()
        if not self.development and (name == "localhost" or name.endswith(".localhost")):
            raise AddressRefused
        found = await asyncio.get_running_loop().getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM
        )
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        # A scope id such as %eth0 belongs to link-local addresses only.
        if any("%" in each or not self.permits(ipaddress.ip_address(each)) for each in addresses):
            raise AddressRefused
        return addresses

    async def check(self, url: str) -> str:
        """Return the URL of an endpoint if it is acceptable.

        A name that does not resolve now is accepted: each delivery checks it again.

        Raises:
            ValidationFailed: The URL is malformed, or its host is not permitted.
        """
        parts = self._parse(url)
        host = parts.hostname or ""
        try:
            self._check_spelling(host)
            async with asyncio.timeout(RESOLVE_SECONDS):
                await self.resolve(host, parts.port or 443)
        except AddressRefused:
            raise ValidationFailed.of("url", REFUSED, url) from None
        except (OSError, UnicodeError, TimeoutError):
            pass
        return url

    def _parse(self, url: str) -> SplitResult:
        schemes = ("https", "http") if self.development else ("https",)
        message = f"Must be an {schemes[0]}:// URL of at most {MAX_URL} characters"
        if len(url) > MAX_URL or not URL.fullmatch(url):
            raise ValidationFailed.of("url", message, url)
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ValidationFailed.of("url", message, url) from None
        if parts.scheme not in schemes or not parts.hostname or port == 0:
            raise ValidationFailed.of("url", message, url)
        if "@" in parts.netloc:
            raise ValidationFailed.of("url", "Must not contain a user name or password")
        if "#" in url:
            raise ValidationFailed.of("url", "Must not contain a fragment", url)
        return parts

    def _check_spelling(self, host: str) -> None:
        """Refuse hosts that only some programs read as an address, such as 0x7f.1 or 2130706433."""
        if ":" in host:
            try:
                address = ipaddress.IPv6Address(host)
            except ValueError:
                raise AddressRefused from None
            if address.scope_id or not self.permits(address):
                raise AddressRefused
            return
        labels = host.removesuffix(".").split(".")
        if len(host) > MAX_HOST or not all(LABEL.fullmatch(each) for each in labels):
            raise AddressRefused
        if NUMBER.fullmatch(labels[-1]):
            try:
                permitted = self.permits(ipaddress.IPv4Address(host))
            except ValueError:
                permitted = False
            if not permitted:
                raise AddressRefused


def embedded(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address leads to, or the address itself."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return address.ipv4_mapped
        if address in NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def is_public(address: Address) -> bool:
    """Return whether the address is that of a host on the public internet."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in RESERVED_V4)
    return address in GLOBAL_V6 and not any(address in network for network in RESERVED_V6)
