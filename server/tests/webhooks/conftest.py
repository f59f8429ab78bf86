"""A server that trusts a fake Clerk, and a way to send it signed messages."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from uuid import uuid4

import httpx2
import psycopg
import pytest

from akako.dev.fake_clerk import FakeClerk, sign_webhook
from tests.parts import promises
from tests.parts.server import Server

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD_SECRET = "whsec_plJ3nmyCDGBKInavdOK15jsl"
INSTANCE = "ins_2abcdefGHIJ"
PATH = "/api/webhooks/clerk"
CONNECTIONS = 50
WAITING = "select pid from pg_stat_activity where %s = any(pg_blocking_pids(pid))"


class Clerk:
    """The fake Clerk, the server that listens to it, and the messages between them."""

    def __init__(self, fake: FakeClerk, server: Server) -> None:
        self.fake = fake
        self.server = server
        self._numbers = itertools.count(1)

    def send(
        self, event: object, *, message_id: str | None = None, secret: str = SECRET
    ) -> httpx2.Response:
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        headers = sign_webhook(body, secret, message_id or self.new_id())
        return self.post(body, headers)

    def post(self, body: bytes, headers: Mapping[str, str | bytes]) -> httpx2.Response:
        given = {"Content-Type": "application/json", **headers}
        # Once the signature holds nothing in the body is refused.
        return self.server.post(PATH, content=body, headers=given, unpromised=True)

    async def deliver(self, messages: Iterable[tuple[object, str]]) -> list[httpx2.Response]:
        """Deliver all at once, each an event and its message id; the answers in that order."""
        # More requests than connections would keep the client busy with their queue.
        turns = asyncio.Semaphore(CONNECTIONS)
        limits = httpx2.Limits(max_connections=CONNECTIONS)
        async with httpx2.AsyncClient(
            event_hooks=promises.HOOKS,
            base_url=self.server.url,
            timeout=60,
            limits=limits,
            verify=False,
        ) as client:

            async def one(event: object, message_id: str) -> httpx2.Response:
                body = json.dumps(event).encode()
                headers = {"Content-Type": "application/json"}
                headers |= sign_webhook(body, SECRET, message_id)
                async with turns:
                    return await client.post(PATH, content=body, headers=headers)

            return await asyncio.gather(*(one(*each) for each in messages))

    async def waiting(self, holder: psycopg.Connection[Any]) -> list[int]:
        """Return the database sessions that wait for a lock of `holder`, once there are any."""
        pid, deadline = holder.info.backend_pid, time.monotonic() + 20
        while time.monotonic() < deadline:
            with self.server.db() as db:
                if found := [row[0] for row in db.execute(WAITING, [pid]).fetchall()]:
                    return found
            await asyncio.sleep(0.02)
        raise AssertionError("nothing waits")

    def alerts(self, kind: str) -> float:
        """How often this alert was raised."""
        line = f'akako_alerts_total{{kind="{kind}"}} '
        text = self.server.get("/metrics").text
        found = [each for each in text.splitlines() if each.startswith(line)]
        return float(found[0].removeprefix(line)) if found else 0.0

    def new_id(self) -> str:
        return f"msg_{next(self._numbers)}_{id(self)}"

    def get(self, path: str, sub: str) -> httpx2.Response:
        token = self.fake.mint(sub)
        return self.server.get(path, headers={"Authorization": f"Bearer {token}"})

    def row(self, clerk_id: str) -> dict[str, Any] | None:
        with self.server.db() as db:
            cursor = db.execute("select * from users where clerk_id = %s", [clerk_id])
            found = cursor.fetchone()
            names = [column.name for column in cursor.description or ()]
        return dict(zip(names, found, strict=True)) if found else None


@pytest.fixture(scope="package")
def clerk(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Clerk]:
    with FakeClerk().running() as fake:
        settings = {
            "AKAKO_CLERK_ISSUER": fake.issuer,
            "AKAKO_CLERK_SECRET_KEY": fake.secret_key,
            "AKAKO_CLERK_API_URL": fake.api_url,
            "AKAKO_CLERK_WEBHOOK_SECRETS": f"{OLD_SECRET},{SECRET}",
            "AKAKO_CLERK_INSTANCE_ID": INSTANCE,
        }
        folder = tmp_path_factory.mktemp("webhooks")
        server = Server(folder, new_database(), environment=settings).start()
        yield Clerk(fake, server)
        server.close()


def user(
    clerk_id: str, *, at: int | None, email: str | None = None, **more: object
) -> dict[str, Any]:
    """The data of a user event; `at` is its `updated_at` in milliseconds."""
    addresses = [{"id": "idn_1", "email_address": email}] if email else []
    data: dict[str, Any] = {
        "id": clerk_id,
        "email_addresses": addresses,
        "primary_email_address_id": "idn_1",
    }
    if at is not None:
        data["updated_at"] = at
    return {**data, **more}


def event(kind: str, data: object) -> dict[str, Any]:
    return {"data": data, "object": "event", "type": kind, "timestamp": 1654012591835}


@pytest.fixture
def fresh_id() -> str:
    return f"user_{uuid4().hex}"
