"""A server that takes its people from a fake Clerk."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx2
import pytest

from akako.dev.fake_clerk import FakeClerk
from tests.conftest import StartServer
from tests.parts.server import Server


@pytest.fixture
def clerk() -> Iterator[FakeClerk]:
    with FakeClerk().running() as fake:
        yield fake


def settings_for(clerk: FakeClerk) -> dict[str, str]:
    return {
        "AKAKO_CLERK_ISSUER": clerk.issuer,
        "AKAKO_CLERK_SECRET_KEY": clerk.secret_key,
        "AKAKO_CLERK_API_URL": clerk.api_url,
    }


@pytest.fixture
def server(clerk: FakeClerk, start_server: StartServer) -> Server:
    return start_server(settings_for(clerk))


ProfileOf = Callable[..., httpx2.Response]


@pytest.fixture
def profile(server: Server, clerk: FakeClerk) -> ProfileOf:
    """Get the profile of a Clerk id, with a fresh token or with the one that is given."""

    def get(clerk_id: str, token: str | None = None) -> httpx2.Response:
        token = token or clerk.mint(clerk_id)
        return server.get("/api/auth/profile", headers={"Authorization": f"Bearer {token}"})

    return get
