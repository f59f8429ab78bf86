"""The shipped nginx sends files itself, with the same responses as the server."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2
import pytest

from tests.conftest import StartServer
from tests.library.school import STREAM, add_topic, put_video, sha256, upload, uploaded, video
from tests.parts import promises
from tests.parts.files import read_files
from tests.parts.nginx import Nginx
from tests.parts.server import Server

LOCATION = "/akako-files/"
ORIGIN = "https://app.example.com"
CONTENT = random.Random(3).randbytes(200_000).hex().encode()
ETAG = f'"sha256-{sha256(CONTENT)}"'
# Each hop has its own; counts and ids differ with every request.
OF_THE_HOP = {"server", "date", "connection", "transfer-encoding"}
OF_THE_MOMENT = {
    "x-request-id",
    "x-quota-remaining",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
}


@pytest.fixture(scope="module")
def server(start_server: StartServer) -> Server:
    return start_server(
        {
            "AKAKO_ACCEL_LOCATION": LOCATION,
            "AKAKO_TRUSTED_PROXIES": "127.0.0.1/32",
            "AKAKO_CORS_ORIGINS": ORIGIN,
        }
    )


@pytest.fixture(scope="module")
def plain(start_server: StartServer, server: Server) -> Server:
    """The same school from a server that sends files itself."""
    environment = {"AKAKO_CORS_ORIGINS": ORIGIN}
    return start_server(environment, folder=server.folder, database_url=server.database_url)


@pytest.fixture(scope="module")
def nginx(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    folder = tmp_path_factory.mktemp("nginx")
    with Nginx(folder, [server.port], files=server.folder / "files") as running:
        yield running


@pytest.fixture(scope="module")
def document(server: Server) -> str:
    return str(uploaded(upload(server, add_topic(server), "ü long.txt", CONTENT))["url"])


def ask(url: str, path: str, headers: Mapping[str, str], method: str = "GET") -> httpx2.Response:
    return httpx2.request(method, f"{url}{path}", headers=headers, timeout=30)


def shown(answer: httpx2.Response) -> dict[str, str]:
    own = {name: value for name, value in answer.headers.items() if name not in OF_THE_HOP}
    return own | {name: "some" for name in OF_THE_MOMENT if name in own}


def handed_over(server: Server, path: str, headers: Mapping[str, str]) -> bool:
    """Whether the server leaves the file to a proxy that asks for this."""
    answer = ask(server.url, path, headers)
    return "x-accel-redirect" in answer.headers and answer.content == b""


@pytest.mark.parametrize(
    ("headers", "status", "by_nginx"),
    [
        ({}, 200, True),
        ({"Range": "bytes=0-"}, 206, True),
        ({"Range": "bytes=5-5"}, 206, True),
        ({"Range": "bytes=-7"}, 206, True),
        ({"Range": f"bytes=-{10**9}"}, 206, True),
        ({"Range": f"bytes=7-{10**9}"}, 206, True),
        ({"Range": "BYTES=100-200000"}, 206, True),
        ({"Range": f"bytes=7-{'9' * 40}"}, 206, False),
        ({"Range": "bytes=5-2"}, 200, False),
        ({"Range": "bytes=0-1,5-6"}, 200, False),
        ({"Range": "lines=0-1"}, 200, False),
        ({"Range": f"bytes={len(CONTENT)}-"}, 416, False),
        ({"Range": "bytes=2-9", "If-Range": ETAG}, 206, True),
        ({"Range": "bytes=2-9", "If-Range": '"another"'}, 200, False),
        ({"If-None-Match": ETAG}, 304, False),
        ({"If-None-Match": '"another"'}, 200, True),
        ({"If-Modified-Since": "Thu, 01 Jan 2020 00:00:00 GMT"}, 200, True),
        ({"If-Match": ETAG}, 200, False),
        ({"If-Match": '"another"'}, 412, False),
        ({"Origin": ORIGIN}, 200, True),
        ({"Accept-Encoding": "gzip"}, 200, True),
    ],
)
def test_responses_do_not_reveal_the_sender(
    server: Server,
    plain: Server,
    nginx: Nginx,
    document: str,
    headers: dict[str, str],
    status: int,
    by_nginx: bool,
) -> None:
    headers = {**server.headers("mentor"), **headers}
    assert handed_over(server, document, headers) is by_nginx
    expected, found = ask(plain.url, document, headers), ask(nginx.url, document, headers)
    assert (expected.status_code, found.status_code) == (status, status)
    if status < 400:
        assert found.content == expected.content
    assert shown(found) == shown(expected)


def test_a_date_vouches_for_a_document(server: Server, nginx: Nginx, document: str) -> None:
    signed = server.headers("admin")
    changed = ask(nginx.url, document, signed).headers["last-modified"]
    headers = {**signed, "Range": "bytes=2-9", "If-Range": changed}
    assert handed_over(server, document, headers)
    answer = ask(nginx.url, document, headers)
    assert (answer.status_code, answer.content) == (206, CONTENT[2:10])


def test_head_is_answered_by_the_server(server: Server, nginx: Nginx, document: str) -> None:
    answer = ask(nginx.url, document, server.headers("admin"), "HEAD")
    assert answer.status_code == 200
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert answer.content == b""


def test_a_video_is_played_and_replaced(server: Server, nginx: Nginx) -> None:
    topic = add_topic(server)
    signed = server.headers("admin")
    for padding in (300_000, 200_000):
        content = video(padding)
        assert put_video(server, topic, content).status_code in (200, 201)
        assert handed_over(server, topic.video, signed)
        assert ask(nginx.url, topic.video, signed).content == content


def test_who_may_not_have_a_file_gets_nothing(nginx: Nginx, server: Server, document: str) -> None:
    assert ask(nginx.url, document, {}).status_code == 401
    stranger = server.user("stranger")
    assert ask(nginx.url, document, server.headers(stranger)).status_code == 403
    stored = [path for path, _ in read_files(server.folder / "files")]
    for path in stored:
        place = f"{LOCATION}{path.relative_to(server.folder / 'files')}"
        assert ask(nginx.url, place, server.headers("admin")).status_code == 404
    assert stored


def test_only_the_proxy_receives_a_path(start_server: StartServer) -> None:
    api = start_server({"AKAKO_ACCEL_LOCATION": LOCATION, "AKAKO_TRUSTED_PROXIES": "192.0.2.1/32"})
    path = str(uploaded(upload(api, add_topic(api), "a.txt", CONTENT))["url"])
    answer = api.get(path, as_="admin")
    assert "x-accel-redirect" not in answer.headers
    assert answer.content == CONTENT


def test_a_lost_file_is_an_internal_error(server: Server, nginx: Nginx) -> None:
    made = uploaded(upload(server, add_topic(server), "a.txt", CONTENT))
    with server.db() as db:
        (key,) = db.execute(
            "select storage_key from documents where id = %s", (made["id"],)
        ).fetchone() or ("",)
    (Path(server.folder) / "files" / key).unlink()
    answer = ask(nginx.url, f"{STREAM}?documentId={made['id']}", server.headers("admin"))
    assert answer.status_code == 500
    assert answer.json()["code"] == "INTERNAL_ERROR"


@pytest.mark.parametrize("kind", ["text", "video"])
def test_what_nginx_cannot_read_is_an_error_of_the_api(
    server: Server, document: str, tmp_path: Path, kind: str
) -> None:
    path = document
    if kind == "video":
        path = (topic := add_topic(server)).video
        put_video(server, topic, video())
    (tmp_path / "empty").mkdir()
    with Nginx(tmp_path / "nginx", [server.port], files=tmp_path / "empty") as nginx:
        answer = ask(nginx.url, path, {**server.headers("admin"), "X-Request-ID": "mine"})
    assert answer.status_code == 500
    promises.check(answer)
    assert answer.json() == {
        "success": False,
        "error": "Internal server error",
        "code": "INTERNAL_ERROR",
        "details": {"requestId": "mine"},
    }
