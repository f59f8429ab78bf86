"""What is no proper HTTP is refused with an envelope, and the server goes on."""

from __future__ import annotations

import pytest

from tests.http import raw
from tests.http.refusals import details_of
from tests.parts.server import Server

LEVELS = "/api/education/levels"
POST = "POST /api/auth/sync HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "request_",
    [
        b"hello\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /api/\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/a b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://[bad/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/education/levels HTTP/1.1\r\nNo colon here\r\n\r\n",
        b"GET /api/education/levels HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET /api/education/levels HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n",
        b"GET /api/education/levels HTTP/1.1\r\nHost: x\r\nX-A: a\x00b\r\n\r\n",
        b"GET /api/education/levels HTTP/1.1\r\nHost: x\r\nX-A: a\rb\r\n\r\n",
        b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    ],
    ids=repr,
)
def test_malformed_heads_are_400(api: Server, request_: bytes) -> None:
    details_of(raw.send(api, request_), 400, "BAD_REQUEST")
    assert api.get(LEVELS).status_code == 200


@pytest.mark.parametrize(
    "lines",
    [
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "Content-Length: -1\r\n\r\n",
        "Content-Length: 2_0\r\n\r\n",
        "Content-Length: 99999999999999999999999\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=repr,
)
def test_a_body_of_doubtful_length_is_400(api: Server, lines: str) -> None:
    details_of(raw.send(api, (POST + lines).encode(), method="POST"), 400, "BAD_REQUEST")


def test_nothing_after_a_doubtful_body_is_taken_for_a_request(api: Server) -> None:
    smuggled = "GET /api/education/levels HTTP/1.1\r\nHost: localhost\r\n\r\n"
    lines = f"Content-Length: {len(smuggled) + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    with raw.connection(api) as connected:
        connected.send((POST + lines + smuggled).encode())
        assert connected.receive(method="POST").status_code == 400
        assert connected.is_closed()


HOSTS = [[], ["Host: a", "Host: b"], ["Host: a b"], ["Host: a/b"], ["Host: a?b"], ["Host: \xe4"]]


@pytest.mark.parametrize("lines", HOSTS)
def test_no_host_two_hosts_and_impossible_ones_are_400(api: Server, lines: list[str]) -> None:
    for path in (LEVELS, LEVELS, "/health/live"):  # also where the response is cached
        request = "\r\n".join([f"GET {path} HTTP/1.1", *lines, "\r\n"]).encode("latin-1")
        details_of(raw.send(api, request), 400, "BAD_REQUEST")
        assert api.get(path).status_code == 200


def test_no_answer_depends_on_the_host(api: Server) -> None:
    api.post("/api/admin/education/levels", as_="admin", json={"name": "One"})
    api.post("/api/admin/education/levels", as_="admin", json={"name": "Two"})
    for host in ("evil.example", "evil.example:http", "[::1", "user@evil.example"):
        answer = raw.send(api, raw.head(f"{LEVELS}?limit=1", host=host))
        assert answer.headers["link"].startswith(f"<{LEVELS}?")
        assert host not in f"{answer.headers}{answer.text}"


@pytest.mark.parametrize(
    "target", [f"http://evil.example{LEVELS}", f"{LEVELS}#fragment", f"{LEVELS}?#fragment"]
)
def test_unusual_targets_of_a_known_path_are_understood(api: Server, target: str) -> None:
    answer = raw.send(api, raw.head(target))
    assert answer.status_code == 200
    assert "evil" not in answer.text


def test_old_http_is_answered_and_the_connection_closed(api: Server) -> None:
    with raw.connection(api) as connected:
        connected.send(f"GET {LEVELS} HTTP/1.0\r\n\r\n".encode())
        assert connected.receive().status_code == 200
        assert connected.is_closed()


@pytest.mark.parametrize("protocol", ["websocket", "h2c"])
def test_an_upgrade_is_not_taken(api: Server, protocol: str) -> None:
    lines = ["Connection: Upgrade", f"Upgrade: {protocol}"]
    assert raw.send(api, raw.head(LEVELS, *lines)).status_code == 200


def test_requests_in_a_row_are_answered_in_order(api: Server) -> None:
    paths = [f"{LEVELS}?limit={number}" for number in range(1, 6)]
    with raw.connection(api) as connected:
        connected.send(b"".join(raw.head(path) for path in paths))
        answers = [connected.receive().json()["pagination"]["limit"] for _ in paths]
    assert answers == [1, 2, 3, 4, 5]


def test_a_malformed_request_behind_another_does_not_spoil_its_answer(api: Server) -> None:
    with raw.connection(api) as connected:
        connected.send(raw.head("/health/live"))
        assert connected.receive().status_code == 200
        connected.send(b"nonsense\r\n\r\n")
        details_of(connected.receive(), 400, "BAD_REQUEST")
        assert connected.is_closed()


BROKEN_BODY = raw.head(
    "/api/auth/sync", "Content-Type: application/json", "Transfer-Encoding: chunked", method="POST"
)


@pytest.mark.parametrize("good", [1, 2, 5])
@pytest.mark.parametrize(
    "bad", [b"nonsense\r\n\r\n", raw.head(LEVELS, "Host: two"), BROKEN_BODY + b"no length\r\n"]
)
def test_a_malformed_request_waits_for_the_answers_before_it(
    api: Server, good: int, bad: bytes
) -> None:
    # Asked for the first time each, so that none is answered from memory.
    paths = [f"{LEVELS}?limit={number}&search={good}x{len(bad)}" for number in range(1, good + 1)]
    with raw.connection(api) as connected:
        connected.send(b"".join(map(raw.head, paths)) + bad)
        answers = [connected.receive().json()["pagination"]["limit"] for _ in paths]
        details_of(connected.receive(), 400, "BAD_REQUEST")
        assert connected.is_closed()
    assert answers == list(range(1, good + 1))
    assert "Traceback" not in api.log()


def test_a_method_override_is_ignored(api: Server) -> None:
    headers = {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "POST"}
    assert api.get(LEVELS, headers=headers).status_code == 200
