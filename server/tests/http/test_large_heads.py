"""Request heads have bounds: 8 KiB for the request line's target, 32 KiB for all headers."""

from __future__ import annotations

import pytest

from tests.http import raw
from tests.http.refusals import details_of
from tests.parts.server import Server

LEVELS = "/api/education/levels"


def padded(target: str, length: int) -> str:
    return f"{target}?x=" + "a" * (length - len(target) - 3)


def test_a_target_of_8_kib_is_read_and_a_longer_one_is_414(api: Server) -> None:
    assert raw.send(api, raw.head(padded(LEVELS, 8192))).status_code == 200
    assert details_of(raw.send(api, raw.head(padded(LEVELS, 8193))), 414, "URI_TOO_LONG") == {}


def test_9_kb_and_1_mb_lines_are_414(api: Server) -> None:
    for length in (9_000, 1_000_000):
        details_of(raw.send(api, raw.head(padded(LEVELS, length))), 414, "URI_TOO_LONG")


def test_many_headers_are_read_up_to_32_kib(api: Server) -> None:
    lines = [f"X-{number}: {'a' * 1000}" for number in range(31)]
    assert raw.send(api, raw.head(LEVELS, *lines)).status_code == 200
    lines += [f"Y-{number}: {'a' * 1000}" for number in range(9)]
    assert details_of(raw.send(api, raw.head(LEVELS, *lines)), 431, "HEADERS_TOO_LARGE") == {}


@pytest.mark.parametrize("size", [40_000, 2_000_000])
def test_one_large_header_is_431(api: Server, size: int) -> None:
    answer = raw.send(api, raw.head(LEVELS, f"Authorization: Bearer {'a' * size}"))
    details_of(answer, 431, "HEADERS_TOO_LARGE")
    assert answer.headers["connection"] == "close"


def test_a_head_without_end_is_refused_while_it_still_arrives(api: Server) -> None:
    with raw.connection(api) as connected:
        connected.send(f"GET {LEVELS} HTTP/1.1\r\nHost: localhost\r\nX-A: ".encode())
        connected.send(b"a" * 1_000_000)
        details_of(connected.receive(), 431, "HEADERS_TOO_LARGE")


def test_a_body_behind_a_refused_head_does_no_harm(api: Server) -> None:
    lines = ["Content-Type: application/json", "Content-Length: 2", f"X-A: {'a' * 40_000}"]
    request = raw.head("/api/auth/sync", *lines, method="POST") + b"{}"
    details_of(raw.send(api, request, method="POST"), 431, "HEADERS_TOO_LARGE")
    assert api.get(LEVELS).status_code == 200
