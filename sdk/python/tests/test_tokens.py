"""The token: when it is asked for, where it goes and where it never does."""

from __future__ import annotations

import asyncio
import itertools
import logging
from typing import Any

import pytest

from akako_lms import (
    AkakoAPI,
    AkakoError,
    AsyncAkakoAPI,
    UnauthorizedError,
)
from akako_lms._session import check_address
from calls import Call
from scripted import answer, levels, refused, scripted

CUT = b""
HTML = answer(200, b"<html>Please sign in</html>", Content_Type="text/html")
SECRET = "aaa.secret.zzz"


def get(client: Any) -> Any:
    return client.education.get_levels()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_token_follows_no_redirect(call: Call, status: int) -> None:
    with scripted(levels()) as other:
        away = answer(status, Location=f"{other.url}/education/levels")
        with scripted(away) as server:
            with pytest.raises(AkakoError) as caught:
                call(get, server.url, SECRET)
            assert len(server.received) == 1
        assert other.received == []
    assert (caught.value.status, caught.value.code) == (status, "REDIRECTED")


def test_the_token_follows_no_link(call: Call) -> None:
    with scripted(levels()) as other:
        away = f'<{other.url}/education/levels?cursor=abc&limit=1>; rel="next"'
        with scripted(levels(Link=away), levels()) as server:
            seen = call(lambda c: c.education.iter_levels(limit=1), server.url, SECRET)
            assert len(seen) == 2
        assert other.received == []
    assert server.received[1].path == "/api/education/levels?cursor=abc&limit=1"


def test_a_token_is_renewed_once(call: Call) -> None:
    tokens = itertools.count(1)
    expired = refused(401, "UNAUTHORIZED")
    with scripted(expired, levels()) as server:
        assert call(get, server.url, lambda: f"token{next(tokens)}")
    assert server.header("authorization") == ["Bearer token1", "Bearer token2"]
    with scripted(expired) as server:
        with pytest.raises(UnauthorizedError):
            call(get, server.url, lambda: "token")
        assert len(server.received) == 2


def test_a_token_that_cannot_be_renewed(call: Call) -> None:
    with scripted(refused(401, "UNAUTHORIZED")) as server:
        with pytest.raises(UnauthorizedError):
            call(get, server.url, "token")
        assert len(server.received) == 1


def test_an_async_function_gives_the_token() -> None:
    async def token() -> str:
        await asyncio.sleep(0)
        return "awaited"

    async def run(url: str) -> None:
        async with AsyncAkakoAPI(base_url=url, token=token) as client:
            await client.education.get_levels()

    with scripted(levels()) as server:
        asyncio.run(run(server.url))
    assert server.header("authorization") == ["Bearer awaited"]


def test_without_a_token_none_is_sent(call: Call) -> None:
    with scripted(levels()) as server:
        call(get, server.url)
    assert server.header("authorization") == [None]


@pytest.mark.usefixtures("no_pauses")
def test_the_token_is_never_shown(call: Call, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    seen = repr(AkakoAPI(base_url="https://akako.example.com/api", token=SECRET))
    assert seen == "AkakoAPI(base_url='https://akako.example.com/api')"
    for bad in (CUT, HTML, refused(500, "X"), answer(302, Location="/")):
        with scripted(bad) as server, pytest.raises(AkakoError) as caught:
            call(get, server.url, SECRET)
        seen += repr(caught.value) + str(caught.value) + repr(caught.value.__cause__)
    assert "secret" not in seen
    assert "secret" not in caplog.text


@pytest.mark.parametrize("token", ["aaa\nsecret", "sécret", "two secrets", "\x00secret"])
def test_a_token_that_cannot_be_sent_is_not_shown(call: Call, token: str) -> None:
    with scripted(levels()) as server:
        with pytest.raises(ValueError, match="cannot be sent") as caught:
            call(get, server.url, token)
        assert server.received == []
    assert "cret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_space_around_a_token_does_no_harm(call: Call) -> None:
    with scripted(levels()) as server:
        call(get, server.url, "token\n")
    assert server.header("authorization") == ["Bearer token"]
    assert server.header("user-agent")[0]


@pytest.mark.parametrize("client", [AkakoAPI, AsyncAkakoAPI])
@pytest.mark.parametrize(
    "url",
    [
        "http://akako.example.com/api",
        "http://localhost.example.com/api",
        "http://127.0.0.1.example.com/api",
        "http://10.0.0.1/api",
        "ftp://akako.example.com",
        "akako.example.com/api",
        "//akako.example.com/api",
        "https://",
        "https://user:password@akako.example.com/api",
        "https://akako.example.com/api?x=1",
        "http://localhost@akako.example.com/api",
        "http://localhost\\@akako.example.com/api",
        "https://akako.example.com:port/api",
        "",
    ],
)
def test_an_unsafe_address_is_refused(client: Any, url: str) -> None:
    with pytest.raises(ValueError, match="base_url"):
        client(base_url=url, token=SECRET)


@pytest.mark.parametrize(
    "url",
    [
        "https://akako.example.com/api",
        "http://localhost:8000/api",
        "http://127.0.0.1/api/",
        "http://[::1]:8000/api",
        "HTTPS://akako.example.com",
    ],
)
def test_a_safe_address_is_accepted(url: str) -> None:
    AkakoAPI(base_url=url, token=SECRET).close()
    assert check_address(url) == url.rstrip("/")


def test_a_plain_token_passes_no_proxy(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(levels()) as proxy, scripted(levels()) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        call(get, server.url, SECRET)
        assert proxy.received == []
