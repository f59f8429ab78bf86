"""Unsigned messages cost almost nothing: a body is read only if its headers can be genuine, and
few unverified bytes are held at a time."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from akako.dev.fake_clerk import FakeClerk, sign_webhook
from akako.kernel.core.errors import PayloadTooLarge, RequestTimeout, ServiceUnavailable
from akako.webhooks.body_budget import BodyBudget
from tests.conftest import StartServer
from tests.http.raw import connection
from tests.parts.server import Server
from tests.webhooks.conftest import PATH, SECRET, Clerk, event, user

MIB = 1024 * 1024
PROMPT_SECONDS = 4.0  # less than the time that a body may take
FORGED = "v1," + base64.b64encode(b"f" * 32).decode()


def head(
    *,
    id: str = "msg_1",
    at: float = 0.0,
    signature: str = FORGED,
    length: int = 1_000_000,
    media: str = "application/json",
) -> bytes:
    """The head of a request whose body is still to come; `at`: seconds from now."""
    timestamp = int(time.time() + at)
    return (
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: {media}\r\n"
        f"Content-Length: {length}\r\nsvix-id: {id}\r\nsvix-timestamp: {timestamp}\r\n"
        f"svix-signature: {signature}\r\n\r\n"
    ).encode()


# Functions, because a timestamp counts from the moment of sending.
REFUSED = [
    ("an old timestamp", partial(head, at=-400), 401),
    ("a timestamp to come", partial(head, at=400), 401),
    ("timestamp 1", lambda: head(at=1 - time.time()), 401),
    ("no signature of this version", partial(head, signature="v2," + FORGED[3:]), 401),
    ("a signature that is too short", partial(head, signature="v1,AAAA"), 401),
    ("a signature that is too long", partial(head, signature=FORGED + "A"), 401),
    ("an id that is too long", partial(head, id="m" * 257), 401),
    ("no id", partial(head, id=""), 401),
    ("a form", partial(head, media="multipart/form-data"), 415),
    ("two megabytes", partial(head, length=2 * MIB), 413),
]


@pytest.mark.parametrize(("what", "sent", "status"), REFUSED, ids=[each[0] for each in REFUSED])
def test_refused_from_the_headers_alone(
    clerk: Clerk, what: str, sent: Callable[[], bytes], status: int
) -> None:
    """The body never comes, and the response does not wait for it."""
    with connection(clerk.server, PROMPT_SECONDS) as client:
        client.send(sent())
        assert client.receive().status_code == status


def test_a_body_that_never_comes_ends_in_time(clerk: Clerk) -> None:
    with connection(clerk.server) as client:
        client.send(head())
        assert client.receive().status_code == 408


@pytest.fixture(scope="module")
def flooded(start_server: StartServer) -> Clerk:
    fake = FakeClerk()
    fake.socket.close()  # nothing is asked of it
    return Clerk(fake, start_server({"AKAKO_CLERK_WEBHOOK_SECRETS": SECRET}))


@contextlib.contextmanager
def stalled(server: Server, number: int, size: int) -> Iterator[list[socket.socket]]:
    """Connections that send a plausible head, `size` bytes of a body, and then nothing."""
    content, opened = b" " * size, []
    with contextlib.ExitStack() as stack:
        for _ in range(number):
            client = socket.create_connection(("127.0.0.1", server.port), timeout=5)
            stack.callback(client.close)
            opened.append(client)

        def send(client: socket.socket) -> None:
            with contextlib.suppress(OSError):  # refused ones may be closed
                client.sendall(head(length=size + 1) + content)

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(send, opened))
        yield opened


def memory(server: Server) -> int:
    """The resident bytes of the server's process."""
    assert server.process is not None
    with open(f"/proc/{server.process.pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def send_genuine(clerk: Clerk, name: str) -> None:
    """Send as Svix does: what is refused with 503 is sent again."""
    deadline = time.monotonic() + 15
    message = event("user.created", user(f"user_{name}", at=1))
    while (answer := clerk.send(message, message_id=name)).status_code == 503:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(("number", "size"), [(100, 900_000), (300, 1)])
def test_genuine_messages_pass_beside_stalled_ones(flooded: Clerk, number: int, size: int) -> None:
    send_genuine(flooded, f"before{size}")
    before = memory(flooded.server)
    with stalled(flooded.server, number, size):
        for n in range(20):
            send_genuine(flooded, f"beside{size}n{n}")
        grown = memory(flooded.server) - before
    assert grown < 60 * MIB
    with flooded.server.db() as db:
        sql = "select count(*) from users where clerk_id like %s"
        assert db.execute(sql, [f"user_beside{size}n%"]).fetchone() == (20,)


def test_beyond_the_rate_limit_a_body_without_room_gets_429(start_server: StartServer) -> None:
    settings = {"AKAKO_CLERK_WEBHOOK_SECRETS": SECRET, "AKAKO_RATE_LIMIT_WEBHOOK": "1/600"}
    server = start_server(settings)
    body = json.dumps(event("user.created", user("user_first", at=1))).encode()
    headers = {"Content-Type": "application/json", **sign_webhook(body, SECRET, "msg_first")}
    assert server.post(PATH, content=body, headers=headers, unpromised=True).status_code == 200
    with connection(server, PROMPT_SECONDS) as client:
        client.send(head(signature="v1,short"))
        assert client.receive().status_code == 429
    again = sign_webhook(body, SECRET, "msg_second")
    answer = server.post(PATH, content=body, headers={**headers, **again}, unpromised=True)
    assert answer.status_code == 200


async def chunks(*parts: bytes, then: asyncio.Event | None = None) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
    if then:
        await then.wait()


async def started(budget: BodyBudget, *parts: bytes) -> asyncio.Task[bytes]:
    """A body that has sent these parts and stalls."""
    task = asyncio.create_task(budget.read(chunks(*parts, then=asyncio.Event()), 100))
    await asyncio.sleep(0)
    return task


async def test_the_largest_unfinished_body_is_refused_first() -> None:
    budget = BodyBudget(size=100)
    small, large = await started(budget, b"a" * 10), await started(budget, b"b" * 60)
    assert await budget.read(chunks(b"c" * 40), 100) == b"c" * 40
    with pytest.raises(ServiceUnavailable):
        await large
    assert budget.held == 10
    small.cancel()
    await asyncio.wait([small])
    assert budget.held == 0


async def test_the_oldest_body_makes_room_for_a_new_one() -> None:
    budget = BodyBudget(number=2, grace=0.0)
    oldest, other = await started(budget, b"a"), await started(budget, b"b")
    assert await budget.read(chunks(b"c"), 100) == b"c"
    with pytest.raises(ServiceUnavailable):
        await oldest
    assert not other.done()
    other.cancel()
    await asyncio.wait([other])
    assert budget.held == 0


async def test_young_bodies_are_not_refused_for_a_new_one() -> None:
    budget = BodyBudget(number=1, grace=60.0)
    young = await started(budget, b"a")
    with pytest.raises(ServiceUnavailable):
        await budget.read(chunks(b"b"), 100)
    assert not young.done()
    young.cancel()
    await asyncio.wait([young])


async def test_a_body_is_bounded_in_size_and_time() -> None:
    budget = BodyBudget(seconds=0.05)
    with pytest.raises(PayloadTooLarge):
        await budget.read(chunks(b"a" * 60, b"a" * 60), 100)
    with pytest.raises(RequestTimeout):
        await budget.read(chunks(b"a", then=asyncio.Event()), 100)
    assert budget.held == 0
