"""What one connection carries is the same requests for every proxy in front of the server."""

from __future__ import annotations

import re

import httpx2
import pytest

from tests.conftest import StartServer
from tests.http import raw
from tests.parts.server import Server

LEVELS = "/api/education/levels"
INNER = raw.head("/health/live")
JSON = "Content-Type: application/json"
UPGRADES = {
    "websocket": ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"],
    "h2c": ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"],
    "listed late": ["Connection: keep-alive", "Connection: x, upgrade", "Upgrade: TLS/1.0, h2c"],
    "named only": ["Connection: upgrade"],
    "not named": ["Upgrade: websocket"],
}


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data)


def statuses(api: Server, data: bytes) -> list[int]:
    """The status of each response, until the server closes the connection."""
    with raw.connection(api) as connected:
        connected.send(data + raw.head("/nowhere", "Connection: close"))
        received = b""
        while part := connected.socket.recv(65536):
            received += part
    return [int(each) for each in re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", received)]


@pytest.mark.parametrize("method", ["POST", "PUT", "GET"])
@pytest.mark.parametrize("upgrade", UPGRADES)
def test_the_body_of_an_upgrade_is_not_the_next_request(
    api: Server, upgrade: str, method: str
) -> None:
    sized = raw.head(LEVELS, *UPGRADES[upgrade], f"Content-Length: {len(INNER)}", method=method)
    packed = raw.head(LEVELS, *UPGRADES[upgrade], "Transfer-Encoding: chunked", method=method)
    first = 200 if method == "GET" else 405
    assert statuses(api, sized + INNER) == [first, 404]
    assert statuses(api, packed + chunked(INNER)) == [first, 404]


def test_an_upgrade_with_a_body_is_served_as_http(api: Server) -> None:
    """As Java's HTTP client sends its first request."""
    token = f"Authorization: {api.headers('learner')['Authorization']}"
    body = b'{"firstName": "Kofi"}'
    lines = [token, JSON, *UPGRADES["h2c"], f"Content-Length: {len(body)}"]
    answer = raw.send(api, raw.head("/api/auth/profile", *lines, method="PUT") + body)
    assert answer.json()["data"]["firstName"] == "Kofi"


def trailed(target: str, *trailers: str, method: str = "GET") -> bytes:
    lines = ["Transfer-Encoding: chunked", "Trailer: Authorization, X-Forwarded-For, X-Request-Id"]
    end = "".join(f"{trailer}\r\n" for trailer in trailers)
    return raw.head(target, *lines, method=method) + f"0\r\n{end}\r\n".encode()


def test_a_trailer_does_not_authenticate(api: Server) -> None:
    token = f"Authorization: {api.headers('admin')['Authorization']}"
    assert raw.send(api, raw.head("/api/auth/profile", token)).status_code == 200
    assert raw.send(api, trailed("/api/auth/profile", token)).status_code == 401


@pytest.mark.parametrize(
    "trailer",
    [
        "X-Request-Id: from-the-trailer",
        "Origin: https://app.example.com",
        "If-None-Match: *",
        "Connection: close",
    ],
)
def test_a_trailer_changes_nothing(start_server: StartServer, trailer: str) -> None:
    api = start_server({"AKAKO_CORS_ORIGINS": "https://app.example.com"})
    for _ in range(2):  # the second time from the cache
        without, answer = (raw.send(api, trailed(LEVELS, *each)) for each in ((), (trailer,)))
        assert answer.status_code == 200
        assert answer.headers["x-request-id"] != "from-the-trailer"
        assert lasting(answer) == lasting(without)


def lasting(answer: httpx2.Response) -> dict[str, str]:
    """The headers that two equal requests have in common."""
    passing = {"date", "x-request-id", "x-ratelimit-remaining", "x-ratelimit-reset"}
    return {name: value for name, value in answer.headers.items() if name not in passing}


def test_a_trailer_does_not_evade_the_rate_limit(start_server: StartServer) -> None:
    limits = {"AKAKO_TRUSTED_PROXIES": "127.0.0.1", "AKAKO_RATE_LIMIT_GENERAL": "3/600"}
    api = start_server(limits)
    answers = [
        raw.send(api, trailed(LEVELS, f"X-Forwarded-For: 198.51.100.{number}")).status_code
        for number in range(6)
    ]
    assert answers == [200, 200, 200, 429, 429, 429]


@pytest.mark.parametrize("trailer", ["no colon", " folded: x", "a: b\rc", "a\x00: b", "a : b"])
def test_a_malformed_trailer_ends_the_connection(api: Server, trailer: str) -> None:
    request = trailed(LEVELS, trailer)
    answers = statuses(api, request)
    assert len(answers) == 1
    assert answers[0] in (200, 400)  # the response may have been sent before the trailer came


@pytest.mark.parametrize(
    "version",
    ["HTTP/0.9", "HTTP/1.2", "HTTP/1.9", "HTTP/2.0", "HTTP/2", "HTTP/3", "HTTP/11.1", "HTTP/1.10",
     "http/1.1", "HTTP/1,1", "RTSP/1.0", "ICE/1.0", "SIP/2.0", "HTTP/", "HTTPS/1.1", ""],
)  # fmt: skip
def test_only_http_1_0_and_1_1_are_spoken(api: Server, version: str) -> None:
    request = f"GET {LEVELS} {version}\r\nHost: localhost\r\n\r\n".encode()
    assert statuses(api, request) == [400]


def test_the_preface_of_http_2_is_refused(api: Server) -> None:
    assert statuses(api, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == [400]


@pytest.mark.parametrize(
    "target",
    ["http://evil" + LEVELS, "HTTPS://evil:8443" + LEVELS, "http://[::1]:1" + LEVELS],
)
def test_an_absolute_target_is_routed_by_its_path(api: Server, target: str) -> None:
    answer = raw.send(api, raw.head(f"{target}?limit=1"))
    assert answer.status_code == 200
    assert answer.json()["pagination"]["limit"] == 1
    assert "evil" not in f"{answer.headers}{answer.text}"


@pytest.mark.parametrize(
    "target",
    ["ftp://evil" + LEVELS, "http:" + LEVELS, "http://" + LEVELS, "http://a@evil" + LEVELS, "*",
     "evil:80", "http://evil:x" + LEVELS, "http://a b" + LEVELS, "?x=1", "api/education/levels",
     "\\api", "http://evil\\@x" + LEVELS],
)  # fmt: skip
def test_any_other_target_is_refused(api: Server, target: str) -> None:
    assert statuses(api, raw.head(target)) == [400]


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /health/live HTTP/1.1\rHost: x\r\r",
        b"GET  /health/live HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET\t/health/live HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /health/live HTTP/1.1 \r\nHost: x\r\n\r\n",
        b" GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\n Host: x\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nA\tB: y\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nhello",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\nhello",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: \r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked,\r\n\r\n0\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nTransfer_Encoding\r\n\r\n",
    ],
    ids=repr,
)
def test_what_can_be_read_in_two_ways_is_refused(api: Server, request_: bytes) -> None:
    assert statuses(api, request_) == [400]


@pytest.mark.parametrize(
    "body",
    [b"5\nhello\r\n0\r\n\r\n", b"5\r\nhello0\r\n\r\n", b"-5\r\n",
     b"0x5\r\nhello\r\n0\r\n\r\n", b"+5\r\nhello\r\n", b"\r\n0\r\n\r\n", b"5;a=\x01\r\nhello\r\n",
     b"5;" + b"a" * 9000],
    ids=repr,
)  # fmt: skip
def test_a_malformed_chunk_ends_the_connection(api: Server, body: bytes) -> None:
    head = raw.head("/api/auth/sync", JSON, "Transfer-Encoding: chunked", method="POST")
    assert statuses(api, head + body) == [400]
    assert api.get(LEVELS).status_code == 200
