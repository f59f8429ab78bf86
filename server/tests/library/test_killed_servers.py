"""A server that is killed in the middle of an upload leaves nothing half done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.conftest import StartServer
from tests.faults import invariants
from tests.http.raw import Connection, connection
from tests.library.school import (
    UPLOAD,
    add_topic,
    count,
    eventually,
    form,
    objects,
    pending,
    put_video,
    upload,
    uploaded,
    video,
)
from tests.parts.postgres import OUR_SESSIONS
from tests.parts.server import Server

# The server stands still in front of these tables: before it looks the topic up again, before it
# takes the object over, and before the last statement of the transaction.
TABLES = ["topics", "pending_objects", "outbox"]
POINTS = ["head", "half the file", "the file without the form's end", *TABLES, "answer"]
NEW = video(400_000)
OLD = video(1)


@pytest.fixture(scope="module")
def api(start_server: StartServer) -> Server:
    return start_server()


def begin(api: Server, connected: Connection, method: str, path: str, length: int) -> None:
    lines = (
        f"{method} {path} HTTP/1.1",
        "Host: localhost",
        "Expect: 100-continue",
        "Content-Type: multipart/form-data; boundary=frontier",
        f"Content-Length: {length}",
        f"Authorization: {api.headers('admin')['Authorization']}",
    )
    connected.send("\r\n".join(lines).encode() + b"\r\n\r\n")
    assert connected.receive().status_code == 100


@contextmanager
def locked(api: Server, table: str) -> Iterator[None]:
    """Lock the table, so that no other session uses it."""
    assert api.database_url
    with psycopg.connect(api.database_url) as db:
        db.execute("set lock_timeout = '20s'")
        db.execute(f"lock table {table} in access exclusive mode")
        yield


def waiting(api: Server) -> int:
    return count(
        api,
        "select count(*) from pg_stat_activity "
        "where wait_event_type = 'Lock' and datname = current_database()",
    )


def kill_during(api: Server, point: str, method: str, path: str, body: bytes) -> None:
    """Send a form and kill the server at this point of it."""
    with connection(api) as connected:
        begin(api, connected, method, path, len(body))
        if point != "head":
            connected.send(body[: len(body) // 2])
            eventually(lambda: pending(api))
        if point in TABLES:
            with locked(api, point):
                connected.send(body[len(body) // 2 :])
                eventually(lambda: waiting(api))
                api.kill()
            return
        if point == "the file without the form's end":
            connected.send(body[len(body) // 2 : -4])
            eventually(lambda: sum(map(len, objects(api).values())) or staged(api) >= len(NEW))
        if point == "answer":
            connected.send(body[len(body) // 2 :])
            assert connected.receive().status_code in (200, 201)
        api.kill()


def staged(api: Server) -> int:
    folder = api.folder / "files" / ".incoming"
    return sum(path.stat().st_size for path in folder.iterdir())


@pytest.mark.parametrize("point", POINTS)
def test_killed_during_an_upload(api: Server, point: str) -> None:
    topic = add_topic(api)
    kept = uploaded(upload(api, topic))
    content = b"x" * 400_000
    parts = [('name="topicId"', topic.id.encode()), ('name="file"; filename="a.txt"', content)]
    kill_during(api, point, "POST", UPLOAD, form(parts))
    api.start()
    invariants.check(api)
    listed = api.get(topic.documents, as_="admin").json()["data"]
    done = [kept["size"], len(content)] if point == "answer" else [kept["size"]]
    assert [each["size"] for each in listed] == done
    shown = api.get(f"/api/education/topics/{topic.id}").json()["data"]
    assert shown["documentCount"] == len(done)
    assert uploaded(upload(api, topic))


@pytest.mark.parametrize("point", POINTS)
def test_killed_during_a_replacement(api: Server, point: str) -> None:
    topic = add_topic(api)
    uploaded(put_video(api, topic, OLD))
    part = ('name="video"; filename="a.mp4"', NEW)
    kill_during(api, point, "PUT", topic.video_admin, form([part]))
    api.start()
    playing = NEW if point == "answer" else OLD
    assert api.get(topic.video, as_="admin").content == playing
    invariants.check(api)
    assert api.get(topic.video, as_="admin").content == playing
    version = 3 if point == "answer" else 2
    assert uploaded(put_video(api, topic, video(2)))["version"] == version


def test_the_connection_breaks_while_the_transaction_commits(api: Server) -> None:
    """An object whose row may have been committed is never removed by the one who cannot know."""
    topic = add_topic(api)
    with connection(api) as connected:
        content = b"in doubt"
        parts = [('name="topicId"', topic.id.encode()), ('name="file"; filename="a.txt"', content)]
        body = form(parts)
        begin(api, connected, "POST", UPLOAD, len(body))
        with locked(api, "outbox"):
            connected.send(body)
            eventually(lambda: waiting(api))
            with api.db() as db:
                db.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    f"where wait_event_type = 'Lock' and datname = current_database() "
                    f"and {OUR_SESSIONS}".encode()
                )
            assert connected.receive().status_code == 503
    invariants.check(api)
    assert api.get(topic.documents, as_="admin").json()["data"] == []
