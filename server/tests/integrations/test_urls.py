"""URLs that are not those of public hosts are refused, in every spelling."""

from __future__ import annotations

import pytest

from tests.integrations.webhooks import PATH
from tests.parts.server import Server

REFUSED = "Must not lead to a private, loopback, link-local or reserved address"
FORM = "Must be an https:// URL of at most 2048 characters"
HOSTS = [
    "10.0.0.1",
    "10.0.0.1.",
    "172.16.5.5",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "0",
    "255.255.255.255",
    "224.0.0.1",
    "198.18.0.1",
    "192.0.2.1",
    "167772161",
    "0xa.1",
    "0x0a000001",
    "012.0.0.1",
    "10.1",
    "10.0.1",
    "10.0.0.0x1",
    "999.1.1.1",
    "[fe80::1]",
    "[fc00::1]",
    "[fd12:3456::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[::]",
    "[::10.0.0.1]",
    "[::ffff:10.0.0.1]",
    "[::ffff:a00:1]",
    "[64:ff9b::10.0.0.1]",
    "[64:ff9b::a00:1]",
    "[64:ff9b:1::1]",
    "[2002:a00:1::1]",
    "[2001:0:1::1]",
    "[2001:db8::1]",
    "[100::1]",
    "exa%6dple.com",
    "a..example",
    "-x.example",
]


def check(api: Server, url: str) -> str | None:
    """Return the message about a URL, or None if it was accepted."""
    response = api.post(PATH, as_="admin", json={"url": url, "events": ["*"], "isActive": False})
    if response.status_code == 201:
        path = f"{PATH}/{response.json()['data']['id']}"
        assert api.delete(path, as_="admin").status_code == 200
        return None
    assert response.status_code == 422, response.text
    details = response.json()["details"]
    assert details["field"] == "url"
    return str(details["message"])


@pytest.mark.parametrize("host", HOSTS)
def test_hosts_that_are_not_public_are_refused(api: Server, host: str) -> None:
    assert check(api, f"https://{host}/hook") == REFUSED
    assert check(api, f"https://{host}:8443/hook") == REFUSED


def test_public_hosts_are_accepted(api: Server) -> None:
    for host in ("8.8.8.8", "hooks.example", "xn--schle-kva.example.", "[2606:4700::1111]:8443"):
        assert check(api, f"https://{host}/hook?a=%20b") is None
    assert check(api, "https://[64:ff9b::8.8.8.8]/") is None


def test_urls_have_a_form(api: Server) -> None:
    for url in (
        "",
        "hooks.example",
        "ftp://hooks.example",
        "https://",
        "https:///path",
        "https://hooks.example:0/",
        "https://hooks.example:99999/",
        "https://hooks.example/\u00e9",
        "https://hooks.example/ x",
        " https://hooks.example/",
        "https://hooks.example\\@evil.example/",
        "https://[::1/",
        "https://hooks.example/" + "x" * 2_027,
    ):
        assert check(api, url) == FORM, url
    assert check(api, "https://hooks.example/" + "x" * 2_026) is None
    assert check(api, "https://a:b@hooks.example/") == "Must not contain a user name or password"
    assert check(api, "https://hooks.example/#x") == "Must not contain a fragment"
    assert check(api, "https://hooks.example/#") == "Must not contain a fragment"
