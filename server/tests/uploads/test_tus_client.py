"""The reference client of the protocol gets its files through, over lines that break."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartServer
from tests.library.school import MIB, Topic, add_topic, eventually, sha256, video
from tests.parts.server import Server
from tests.parts.tcp_proxy import TcpProxy
from tests.uploads.tus import files

CLIENT = Path(__file__).parent / "tus_client"
TEXT = random.Random(11).randbytes(20 * MIB).hex().encode()  # 40 MiB
FILM = video(64 * MIB)

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(not shutil.which("npm"), reason="the client runs on Node.js"),
]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client, installed from its lock file."""
    folder = tmp_path_factory.mktemp("client")
    for path in CLIENT.iterdir():
        if path.is_file():
            shutil.copy(path, folder)
    command = ["npm", "ci", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=120)
    return folder


@pytest.fixture(scope="module")
def api(start_server: StartServer) -> Server:
    return start_server()


@pytest.fixture
def line(api: Server) -> Iterator[TcpProxy]:
    with TcpProxy(api.port) as proxy:
        yield proxy


class Running:
    """The client at work. It learns the server by the line it is given."""

    def __init__(
        self,
        client: Path,
        api: Server,
        port: int,
        content: bytes,
        metadata: dict[str, str],
        **options: Any,
    ) -> None:
        file = client / f"{sha256(content)}.bin"
        file.write_bytes(content)
        given = {"headers": api.headers("admin"), **options}
        endpoint = f"http://127.0.0.1:{port}/api/uploads"
        arguments = [endpoint, str(file), json.dumps(metadata), json.dumps(given)]
        self._process = subprocess.Popen(
            ["node", "upload.mjs", *arguments],
            cwd=client,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def result(self) -> dict[str, Any]:
        printed, problems = self._process.communicate(timeout=240)
        assert self._process.returncode == 0, problems
        found: dict[str, Any] = json.loads(printed)
        return found


def document(topic: Topic) -> dict[str, str]:
    return {
        "kind": "document",
        "topicId": topic.id,
        "filename": "lesson größe.txt",
        "filetype": "text/plain",
    }


def film(topic: Topic) -> dict[str, str]:
    return {"kind": "video", "topicId": topic.id, "filename": "a.mp4", "filetype": "video/mp4"}


def test_a_document_over_a_good_line(api: Server, client: Path) -> None:
    topic = add_topic(api)
    seen = Running(client, api, api.port, TEXT, document(topic), chunkSize=7 * MIB).result()
    assert seen["offsets"] == [*range(7 * MIB, len(TEXT), 7 * MIB), len(TEXT)]
    assert api.get(seen["result"], as_="admin").content == TEXT
    (stored,) = api.get(topic.documents, as_="admin").json()["data"]
    assert (stored["fileName"], stored["url"]) == ("lesson größe.txt", seen["result"])


def test_a_document_with_its_first_piece_sent_along(api: Server, client: Path) -> None:
    topic = add_topic(api)
    options = {"chunkSize": 7 * MIB, "uploadDataDuringCreation": True}
    seen = Running(client, api, api.port, TEXT, document(topic), **options).result()
    assert api.get(seen["result"], as_="admin").content == TEXT


def test_a_video_over_a_line_that_breaks_every_5_mib(
    api: Server, client: Path, line: TcpProxy
) -> None:
    line.cut_requests_after = 5 * MIB
    topic = add_topic(api)
    seen = Running(client, api, line.port, FILM, film(topic)).result()
    assert seen["retries"] >= 10
    assert seen["result"] == topic.video
    assert sha256(api.get(topic.video, as_="admin").content) == sha256(FILM)


def test_a_video_over_a_line_and_a_server_that_break(
    api: Server, client: Path, line: TcpProxy
) -> None:
    line.cut_requests_after = 5 * MIB
    topic = add_topic(api)
    running = Running(client, api, line.port, FILM, film(topic))
    eventually(lambda: max(files(api).values(), default=0) >= 20 * MIB)
    api.kill()
    api.start()
    running.result()
    assert sha256(api.get(topic.video, as_="admin").content) == sha256(FILM)


def test_a_document_over_a_line_that_breaks(api: Server, client: Path, line: TcpProxy) -> None:
    line.cut_requests_after = 5 * MIB
    topic = add_topic(api)
    options = {"chunkSize": 12 * MIB}
    seen = Running(client, api, line.port, TEXT, document(topic), **options).result()
    assert api.get(seen["result"], as_="admin").content == TEXT
