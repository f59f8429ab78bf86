"""An upload resumes at the byte at which the connection, client or server failed."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.conftest import StartServer
from tests.faults import invariants
from tests.http.raw import Connection, connection
from tests.library.at_once import together
from tests.library.school import (
    MIB,
    Topic,
    add_topic,
    command,
    count,
    eventually,
    objects,
    pending,
    put_video,
    refused,
    uploaded,
    video,
)
from tests.library.test_killed_servers import locked, waiting
from tests.parts.patience import altered
from tests.parts.server import Server
from tests.uploads.tus import (
    BYTES,
    VERSION,
    append,
    begun,
    create,
    files,
    head,
    offset,
    plan,
    video_plan,
)

CONTENT = random.Random(5).randbytes(512 * 1024).hex().encode()  # one MiB of text


@pytest.fixture(scope="module")
def api(start_server: StartServer) -> Server:
    return start_server()


@pytest.fixture
def topic(api: Server) -> Topic:
    return add_topic(api)


@contextmanager
def sending(api: Server, path: str, at: int, length: int) -> Iterator[Connection]:
    """A PATCH that has announced `length` bytes."""
    headers = VERSION | BYTES | api.headers("admin")
    lines = [
        f"PATCH {path} HTTP/1.1",
        "Host: localhost",
        f"Upload-Offset: {at}",
        f"Content-Length: {length}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    with connection(api) as connected:
        connected.send("\r\n".join(lines).encode() + b"\r\n\r\n")
        yield connected


def cut(connected: Connection) -> None:
    """End the connection with a reset, as a broken line does."""
    connected.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connected.close()


def document_of(api: Server, topic: Topic) -> bytes:
    (document,) = api.get(topic.documents, as_="admin").json()["data"]
    return api.get(document["url"], as_="admin").content


def standing(api: Server, path: str) -> int:
    """Return the offset, once no request writes any more."""
    eventually(lambda: append(api, path, offset(api, path), b"").status_code == 204)
    return offset(api, path)


@pytest.mark.parametrize("leave", [Connection.close, cut])
def test_broken_at_any_byte(api: Server, topic: Topic, leave: Callable[[Connection], None]) -> None:
    path = begun(create(api, len(CONTENT), plan(topic)))
    at = 0
    for end in (1, 4095, 65_537, 500_000, 700_001, len(CONTENT) - 1):
        with sending(api, path, at, len(CONTENT) - at) as connected:
            connected.send(CONTENT[at:end])
            leave(connected)
        # What the server's system had received, and the server had not read, may be lost.
        new = standing(api, path)
        assert at <= new <= end
        at = new
    assert append(api, path, at, CONTENT[at:]).status_code == 204
    assert document_of(api, topic) == CONTENT


def test_a_line_that_broke_before_the_answer(api: Server, topic: Topic) -> None:
    path = begun(create(api, len(CONTENT), plan(topic)))
    with sending(api, path, 0, len(CONTENT)) as connected:
        connected.send(CONTENT)
    eventually(lambda: offset(api, path) == len(CONTENT))
    assert document_of(api, topic) == CONTENT
    assert "upload-result" in append(api, path, len(CONTENT), b"").headers


def test_stopped_and_started(api: Server, topic: Topic) -> None:
    path = begun(create(api, len(CONTENT), plan(topic)))
    append(api, path, 0, CONTENT[:300_000])
    assert api.stop() == 0
    api.start()
    assert offset(api, path) == 300_000
    assert append(api, path, 300_000, CONTENT[300_000:]).status_code == 204
    assert document_of(api, topic) == CONTENT


def test_killed_while_bytes_arrive(api: Server, topic: Topic) -> None:
    film = video(30 * MIB)
    path = begun(create(api, len(film), video_plan(topic)))
    with sending(api, path, 0, len(film)) as connected:
        connected.send(film[: 20 * MIB])
        eventually(lambda: offset(api, path) >= 8 * MIB)
        api.kill()
    api.start()
    at = offset(api, path)
    assert 8 * MIB <= at <= 20 * MIB
    assert append(api, path, at, film[at:]).status_code == 204
    assert api.get(topic.video, as_="admin").content == film


@pytest.mark.parametrize("table", ["topics", "pending_objects", "outbox"])
def test_killed_while_it_is_finished(api: Server, topic: Topic, table: str) -> None:
    uploaded(put_video(api, topic, video(1)))
    film = video(MIB)
    path = begun(create(api, len(film), video_plan(topic)))
    append(api, path, 0, film[:1000])
    with sending(api, path, 1000, len(film) - 1000) as connected, locked(api, table):
        connected.send(film[1000:])
        eventually(lambda: waiting(api))
        api.kill()
    api.start()
    assert offset(api, path) == 1000
    assert api.get(topic.video, as_="admin").content == video(1)
    invariants.check(api)
    assert append(api, path, 1000, film[1000:]).status_code == 204
    assert api.get(topic.video, as_="admin").content == film
    invariants.check(api)


def test_one_writes_and_another_waits_in_vain(api: Server, topic: Topic) -> None:
    path = begun(create(api, len(CONTENT), plan(topic)))
    with sending(api, path, 0, len(CONTENT)) as connected:
        connected.send(CONTENT[:1000])
        eventually(lambda: path[-32:] in files(api))
        response = append(api, path, 0, CONTENT[:500])
        refused(response, 423, "UPLOAD_LOCKED")
        assert response.headers["tus-resumable"] == "1.0.0"
        assert offset(api, path) == 0
        refused(api.delete(path, as_="admin", headers=VERSION), 423, "UPLOAD_LOCKED")
    assert standing(api, path) == 1000
    assert append(api, path, 1000, CONTENT[1000:]).status_code == 204
    assert document_of(api, topic) == CONTENT


async def test_the_same_piece_at_once(start_server: StartServer) -> None:
    # The others wait for the end of the first, also on a slow machine.
    api = start_server(altered({"akako.uploads.landing.WAIT_SECONDS": 60}))
    topic = add_topic(api)
    path = begun(create(api, len(CONTENT), plan(topic)))
    headers = VERSION | BYTES | {"Upload-Offset": "0"} | api.headers("admin")
    answers = await together(
        api, *[lambda client: client.patch(path, content=CONTENT, headers=headers)] * 5
    )
    assert sorted(answer.status_code for answer in answers) == [204, 409, 409, 409, 409]
    assert document_of(api, topic) == CONTENT
    assert pending(api) == 0


def test_an_abandoned_upload_expires(api: Server, topic: Topic) -> None:
    kept, old = (begun(create(api, 10, plan(topic))) for _ in range(2))
    done = begun(create(api, 5, plan(topic), content=b"12345"))
    for path in (kept, old):
        append(api, path, 0, b"12345")
    stray = api.folder / "uploads" / "stray"
    stray.write_bytes(b"of an upload that is gone")
    with api.db() as db:
        sql = "update resumable_uploads set expires_at = now() where id in (%s, %s)"
        db.execute(sql, (old[-32:], done[-32:]))
    for path in (old, done):
        refused(append(api, path, 5, b"67890"), 404, "NOT_FOUND")
    stored = objects(api)
    assert command(api, "sweep").startswith("expired: 1\n")
    assert kept[-32:] in files(api)
    assert not {old[-32:], "stray"} & files(api).keys()
    ids = "select count(*) from resumable_uploads where id in (%s, %s)"
    assert count(api, ids, old[-32:], done[-32:]) == 0
    assert objects(api) == stored
    assert append(api, kept, 5, b"67890").status_code == 204


def test_a_file_that_is_elsewhere(api: Server, topic: Topic) -> None:
    """The folder is lost, or belongs to another machine: the client must start again."""
    path = begun(create(api, 10, plan(topic)))
    append(api, path, 0, b"12345")
    (api.folder / "uploads" / path[-32:]).unlink()
    refused(append(api, path, 5, b"67890"), 404, "NOT_FOUND")
    assert head(api, path).status_code == 404
