"""The application under other ASGI servers: in-process clients, and uvicorn with its defaults."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from akako import main, serving
from akako.backends.tokens.dev_issuer import DevIssuer
from akako.kernel.http.asgi import ASGIApp
from akako.kernel.http.limits import Rate
from akako.settings import Settings

LEVELS = "/api/education/levels"
START_SECONDS = 20


@pytest.fixture(scope="module")
def settings(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Settings:
    many = Rate(100_000, 60)
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("in-process"),
        database_url=new_database(),
        rate_limit_general=many,
        rate_limit_auth=many,
        rate_limit_upload=many,
        cors_origins=("https://app.example.com",),
    )
    asyncio.run(serving.seed(settings, demo=True))
    return settings


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(main.create_app(settings), raise_server_exceptions=True) as client:
        yield client


@pytest.fixture(scope="module")
def admin(settings: Settings) -> dict[str, str]:
    token = DevIssuer.open(settings.data_dir).mint("user_admin")
    return {"Authorization": f"Bearer {token}"}


def test_reads_and_writes(client: TestClient, admin: dict[str, str]) -> None:
    assert client.get("/health/ready").json()["data"] == {"status": "ready"}
    body = {"name": "In process", "description": "Without a socket"}
    made = client.post(f"/api/admin{LEVELS.removeprefix('/api')}", json=body, headers=admin)
    assert made.status_code == 201, made.text
    assert any(each["name"] == "In process" for each in client.get(LEVELS).json()["data"])
    removed = client.delete(made.headers["location"], headers=admin)
    assert removed.status_code in (200, 404, 405)
    assert len(client.get("/api/users", headers=admin).json()["data"]) >= 3


def test_errors_have_their_envelope_and_headers(client: TestClient) -> None:
    for method, path, status in (
        ("GET", "/api/nowhere", 404),
        ("GET", f"{LEVELS}/", 404),
        ("GET", f"{LEVELS}%0A/", 404),
        ("GET", f"{LEVELS}%0A%0A", 404),
        ("PATCH", LEVELS, 405),
        ("GET", "/api/users", 401),
    ):
        answer = client.request(method, path, follow_redirects=False)
        assert (answer.status_code, answer.json()["success"]) == (status, False), path
        assert answer.headers["x-request-id"]
        assert answer.headers["cache-control"] == "no-store"


def test_head_options_and_an_upload(client: TestClient, admin: dict[str, str]) -> None:
    assert client.head(LEVELS).content == b""
    preflight = client.options(LEVELS, headers={"Origin": "https://app.example.com"})
    assert preflight.json()["data"] == {"methods": ["GET", "HEAD", "OPTIONS"]}
    assert preflight.headers["access-control-allow-origin"] == "https://app.example.com"
    level = client.get(LEVELS).json()["data"][0]["id"]
    grade = client.get(f"{LEVELS}/{level}/grades").json()["data"][0]["id"]
    subject = client.get(f"/api/education/grades/{grade}/subjects").json()["data"][0]["id"]
    topic = client.get(f"/api/education/subjects/{subject}/topics").json()["data"][0]["id"]
    content = b"Notes, sent without a server.\n" * 5000
    sent = client.post(
        "/api/s3/document/upload",
        headers=admin,
        data={"topicId": topic},
        files={"file": ("notes.txt", content, "text/plain")},
    )
    assert sent.status_code == 201, sent.text
    document = sent.json()["data"]["id"]
    stream = f"/api/s3/document/stream?documentId={document}"
    assert client.get(stream, headers=admin).content == content
    part = client.get(stream, headers={**admin, "Range": "bytes=3-9"})
    assert (part.status_code, part.content) == (206, content[3:10])


def test_a_websocket_is_refused(client: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(LEVELS):
        pass


def in_process(app: ASGIApp) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=app)
    return httpx2.AsyncClient(transport=transport, base_url="http://akako.test", timeout=60)


@asynccontextmanager
async def started(settings: Settings) -> AsyncIterator[ASGIApp]:
    """The application after its start-up, for clients that run no lifespan themselves."""
    app = main.create_app(settings)
    messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    sent: asyncio.Queue[Any] = asyncio.Queue()
    running = asyncio.ensure_future(app({"type": "lifespan"}, messages.get, sent.put))
    messages.put_nowait({"type": "lifespan.startup"})
    assert (await sent.get())["type"] == "lifespan.startup.complete"
    yield app
    messages.put_nowait({"type": "lifespan.shutdown"})
    assert (await sent.get())["type"] == "lifespan.shutdown.complete"
    await running


async def test_a_client_that_passes_no_state(settings: Settings) -> None:
    async with started(settings) as app, in_process(app) as client:
        answer = await client.get(LEVELS)
        assert (answer.status_code, answer.json()["success"]) == (200, True)
        assert (await client.get("/api/nowhere")).json()["code"] == "NOT_FOUND"


async def test_it_can_be_stopped_as_soon_as_it_has_started(settings: Settings) -> None:
    for _ in range(5):
        async with started(settings):
            pass
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_requests_share_no_state_even_if_the_server_does(settings: Settings) -> None:
    shared: dict[str, Any] = {"from": "the server"}

    async def ask(app: ASGIApp, path: str) -> tuple[int, dict[bytes, bytes]]:
        messages: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request"}  # body and more_body may be left out

        async def send(message: Any) -> None:
            messages.append(message)

        scope: dict[str, Any] = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [],
            "client": None,
            "http_version": "2",
            "state": shared,
        }
        await app(scope, receive, send)
        return messages[0]["status"], dict(messages[0]["headers"])

    async with started(settings) as app:
        paths = (LEVELS, "/nowhere", "*", LEVELS)
        answers = await asyncio.gather(*(ask(app, path) for path in paths))
    assert [status for status, _ in answers] == [200, 404, 400, 200]
    assert len({headers[b"x-request-id"] for _, headers in answers}) == 4
    assert shared == {"from": "the server"}


@contextmanager
def plain_uvicorn(app: ASGIApp, **options: Any) -> Iterator[str]:
    """Serve with uvicorn as anybody would start it, not with the project's own protocol."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, ws="none", **options)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started and time.monotonic() < deadline:
        assert thread.is_alive()
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)
        listener.close()


@pytest.mark.parametrize("http", ["h11", "auto"])
def test_served_by_uvicorn_as_it_comes(
    settings: Settings, admin: dict[str, str], http: str, tmp_path: Path
) -> None:
    with (
        plain_uvicorn(main.create_app(settings), http=http, loop="asyncio") as url,
        httpx2.Client(base_url=url, timeout=30) as client,
    ):
        assert client.get("/health/ready").status_code == 200
        assert client.get(LEVELS).json()["success"] is True
        assert client.head(LEVELS).content == b""
        assert client.get("/api/users", headers=admin).json()["pagination"]["total"] >= 3
        refused = client.put("/api/auth/profile", content=b"{", headers=admin)
        assert refused.status_code == 415
        assert client.get("/api/nowhere").json()["code"] == "NOT_FOUND"
