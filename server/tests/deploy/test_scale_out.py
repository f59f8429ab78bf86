"""Two servers behind nginx: one is killed under load, and nothing promised is lost."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from tests.conftest import StartServer
from tests.library.school import STREAM, UPLOAD, add_topic
from tests.parts.nginx import Nginx
from tests.parts.seaweedfs import SeaweedFS, start_seaweedfs
from tests.parts.server import Server
from tests.parts.valkey import Valkey, start_valkey

LEVELS = "/api/admin/education/levels"
CLIENTS = 6
EACH = 30  # requests of a client


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = start_valkey(tmp_path_factory.mktemp("valkey"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    server = start_seaweedfs(tmp_path_factory.mktemp("s3"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def servers(
    start_server: StartServer,
    valkey: Valkey,
    s3: SeaweedFS,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Server, Server]:
    settings = {
        "AKAKO_REDIS_URL": valkey.url,
        **s3.settings(),
        "AKAKO_DEFAULT_PLAN": "ENTERPRISE",
        "AKAKO_TRUSTED_PROXIES": "127.0.0.1/32",
    }
    shared: Path = tmp_path_factory.mktemp("shared")  # for the keys of the development sign-ins
    first = start_server(settings, folder=shared)
    return first, start_server(settings, folder=shared, database_url=first.database_url)


class Clients:
    """Several at once; each request has a connection of its own, as from a new browser."""

    def __init__(self, url: str, api: Server) -> None:
        self.topic = add_topic(api).id
        self._headers = api.headers("admin")
        limits = httpx2.Limits(max_keepalive_connections=0)
        self.http = httpx2.AsyncClient(base_url=url, timeout=60, verify=False, limits=limits)
        self.levels: dict[str, str] = {}
        self.documents: dict[str, str] = {}
        self.failed: list[tuple[float, float, int]] = []  # begun, ended, status or 0
        self.statuses: set[int] = set()

    def promised(self) -> int:
        return len(self.levels) + len(self.documents)

    async def work(self, name: str) -> None:
        for number in range(EACH):
            if number % 3 == 0:
                await self._upload(f"{name} {number}".encode() * 5000)
            elif number % 3 == 1:
                await self._ask("GET", "/api/education/levels?limit=100")
            else:
                await self._create(f"Level {name} {number}")

    async def _ask(self, method: str, path: str, **more: object) -> httpx2.Response | None:
        begun = time.monotonic()
        answer = None
        with suppress(httpx2.TransportError):
            answer = await self.http.request(method, path, headers=self._headers, **more)  # type: ignore[arg-type]
        status = answer.status_code if answer is not None else 0
        self.statuses.add(status)
        if status == 0 or status >= 500:
            self.failed.append((begun, time.monotonic(), status))
        return answer

    async def _create(self, name: str) -> None:
        answer = await self._ask("POST", LEVELS, json={"name": name})
        if answer is not None and answer.status_code == 201:
            self.levels[answer.json()["data"]["id"]] = name

    async def _upload(self, content: bytes) -> None:
        form = {"files": {"file": ("a.txt", content)}, "data": {"topicId": self.topic}}
        answer = await self._ask("POST", UPLOAD, **form)
        if answer is not None and answer.status_code == 201:
            self.documents[answer.json()["data"]["id"]] = hashlib.sha256(content).hexdigest()

    async def kept(self) -> tuple[dict[str, str], dict[str, str]]:
        """What the API has of the levels and documents that it promised."""
        levels: dict[str, str] = {}
        path = "/api/education/levels?limit=100"
        while path:
            page = await self.http.get(path)
            levels |= {each["id"]: each["name"] for each in page.json()["data"]}
            path = page.links.get("next", {}).get("url", "")
        documents = {}
        for id_ in self.documents:
            answer = await self.http.get(f"{STREAM}?documentId={id_}", headers=self._headers)
            documents[id_] = hashlib.sha256(answer.content).hexdigest()
        return {id_: levels.get(id_, "") for id_ in self.levels}, documents


async def test_killing_one_of_two_loses_nothing(
    servers: tuple[Server, Server], tmp_path: Path
) -> None:
    first, second = servers
    with Nginx(tmp_path / "nginx", [first.port, second.port]) as nginx:
        clients = Clients(nginx.url, first)
        working = [asyncio.create_task(clients.work(f"c{n}")) for n in range(CLIENTS)]
        while clients.promised() < CLIENTS * EACH // 4:
            await asyncio.sleep(0.01)
        assert clients.failed == []
        killed_at = time.monotonic()
        await asyncio.to_thread(second.kill)
        gone_at = time.monotonic()
        await asyncio.gather(*working)
        in_flight = [each for each in clients.failed if each[0] <= gone_at and killed_at <= each[1]]
        assert clients.failed == in_flight
        # While a process ends, its port still takes connections, and a client may fail twice.
        assert len(in_flight) <= 2 * CLIENTS
        assert clients.statuses <= {200, 201, 502}
        assert clients.promised() >= CLIENTS * EACH * 2 // 3 - CLIENTS
        assert await clients.kept() == (clients.levels, clients.documents)
        await clients.http.aclose()
