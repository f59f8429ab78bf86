"""Webhooks reach permitted addresses only, also if a name server changes its answers."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from akako.dispatch.addresses import AddressRefused, Destinations, is_public
from akako.dispatch.sending import Reply, Sender
from akako.kernel.core.errors import ValidationFailed
from akako.settings.networks import parse_networks
from tests.parts.receiver import Receiver, receiving

Answer = Sequence[str]
NAME = "hooks.example"
REFUSED = "The address is private, loopback, link-local or reserved"
PRODUCTION = Destinations()
SCHOOL = Destinations(allowed=parse_networks("127.0.0.0/8"))


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[str]]]:
    """Make names resolve to these addresses, one answer after the other."""
    asked: list[str] = []

    def install(*answers: Answer) -> list[str]:
        left = list(answers)

        def getaddrinfo(host: str, port: int, *_: object, **__: object) -> list[Any]:
            asked.append(host)
            found = left.pop(0) if len(left) > 1 else left[0]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return install  # type: ignore[return-value]


def post(destinations: Destinations, url: str, tls: ssl.SSLContext | None = None) -> Reply:
    async def send() -> Reply:
        sender = Sender(destinations, tls)
        try:
            return await sender.send(url, {"Content-Length": "2"}, b"{}")
        finally:
            await sender.close()

    return asyncio.run(send())


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://localhost/",
        "https://LOCALHOST./",
        "https://hooks.localhost:8443/",
        "http://hooks.example/",
    ],
)
async def test_production_permits_neither_http_nor_this_machine(url: str) -> None:
    with pytest.raises(ValidationFailed):
        await PRODUCTION.check(url)


def test_public_addresses_are_distinguished_from_others() -> None:
    public = ["1.1.1.1", "172.15.0.1", "172.32.0.1", "223.255.255.254", "2606:4700::1", "2a00::1"]
    others = ["127.8.8.8", "0.1.2.3", "240.0.0.1", "::", "::1", "4000::1", "2002:102::", "3fff::1"]
    others.append("2620:4f:8000::1")
    assert [each for each in public if not is_public(ipaddress.ip_address(each))] == []
    assert [each for each in others if is_public(ipaddress.ip_address(each))] == []


def test_the_school_names_its_own_networks() -> None:
    school = Destinations(allowed=parse_networks("10.1.0.0/16, fd00::/8"))
    permitted = ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::a01:203", "fd00::1", "8.8.8.8"]
    refused = ["10.2.0.1", "fc00::1", "127.0.0.1"]
    assert [each for each in permitted if not school.permits(ipaddress.ip_address(each))] == []
    assert [each for each in refused if school.permits(ipaddress.ip_address(each))] == []


async def test_a_name_is_checked_where_it_resolves(resolve: Callable[..., list[str]]) -> None:
    resolve(["10.0.0.1"])
    with pytest.raises(ValidationFailed):
        await PRODUCTION.check(f"https://{NAME}/")
    resolve(["93.184.215.14", "192.168.0.1"])
    with pytest.raises(AddressRefused):
        await PRODUCTION.resolve(NAME, 443)
    resolve(["93.184.215.14"])
    assert await PRODUCTION.check(f"https://{NAME}/") == f"https://{NAME}/"
    assert await PRODUCTION.resolve(NAME, 443) == ["93.184.215.14"]


def test_a_name_that_leads_elsewhere_later_is_refused(resolve: Callable[..., list[str]]) -> None:
    asked = resolve(["93.184.215.14"], ["127.0.0.1"])
    with receiving() as receiver:
        url = f"https://{NAME}:{receiver.port}/"
        assert asyncio.run(PRODUCTION.check(url)) == url
        assert post(PRODUCTION, url).error == REFUSED
        assert receiver.received == []
    assert asked == [NAME, NAME]


def test_a_connection_resolves_the_name_once(resolve: Callable[..., list[str]]) -> None:
    """The connection goes to the address that was checked, and `Host` stays the name."""
    asked = resolve(["127.0.0.1"], ["10.255.255.1"])
    with receiving() as receiver:
        reply = post(SCHOOL, f"http://{NAME}:{receiver.port}/hook")
        assert (reply.status, reply.error) == (204, None)
        assert receiver.received[0].headers["host"] == f"{NAME}:{receiver.port}"
    assert asked == [NAME]


def test_the_environment_names_no_proxy(
    monkeypatch: pytest.MonkeyPatch, resolve: Callable[..., list[str]]
) -> None:
    resolve(["127.0.0.1"])
    with receiving() as proxy, receiving() as receiver:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert post(SCHOOL, f"http://{NAME}:{receiver.port}/").status == 204
        assert len(receiver.received) == 1
        assert proxy.received == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for NAME that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[tuple[Receiver, list[str | None]]]:
    """A receiver over TLS, and the server names that clients asked for."""
    names: list[str | None] = []
    with receiving() as receiver:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
        tls.sni_callback = lambda _, name, __: names.append(name)
        receiver.secure(tls)
        yield receiver, names


def test_tls_is_verified_for_the_name_of_the_url(
    certificate: Path,
    secure: tuple[Receiver, list[str | None]],
    resolve: Callable[..., list[str]],
) -> None:
    resolve(["127.0.0.1"])
    receiver, names = secure
    trusting = ssl.create_default_context(cafile=certificate)
    assert post(SCHOOL, f"https://{NAME}:{receiver.port}/", trusting).status == 204
    assert names == [NAME]
    other = post(SCHOOL, f"https://other.example:{receiver.port}/", trusting)
    assert other.error is not None
    assert other.error.startswith("The connection failed: the certificate is not valid (")
    unknown = post(SCHOOL, f"https://{NAME}:{receiver.port}/")
    assert unknown.error is not None
    assert "the certificate is not valid" in unknown.error
    assert len(receiver.received) == 1
