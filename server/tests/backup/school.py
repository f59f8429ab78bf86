"""A school with something of everything, and what it looks like behind the API."""

from __future__ import annotations

import asyncio
import io
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import psycopg
from psycopg import sql

from akako.backends.objects.folder_store import FolderStore
from akako.backup import restoring, saving
from akako.backup.archive import End
from akako.backup.database import LEFT_OUT
from akako.backup.progress import Progress
from akako.kernel.core.ports import ObjectStore
from tests.library.school import Topic, add_topic, put_video, sample, upload, uploaded, video
from tests.parts.server import Server

Rows = dict[str, list[str]]
# With characters that COPY writes in its own way.
NAMES = {"firstName": 'Back\\slash \\N "quoted"', "lastName": "Ünal 🎓"}


class School(NamedTuple):
    """What to look for in the copy. `contents`: path and bytes of every file."""

    topics: list[Topic]
    documents: list[dict[str, Any]]
    contents: dict[str, bytes]


def build(api: Server) -> School:
    """Two topics with documents and videos, replaced and deleted ones, people and requests."""
    topics = [add_topic(api), add_topic(api)]
    contents: dict[str, bytes] = {}
    documents = []
    for number, (name, content) in enumerate(texts()):
        document = uploaded(upload(api, topics[number % 2], name, content))
        documents.append(document)
        contents[document["url"]] = content
    gone = uploaded(upload(api, topics[0], "gone.txt"))
    path = f"/api/admin/education/topics/{topics[0].id}/documents/{gone['id']}"
    assert api.delete(path, as_="admin").status_code == 200
    put_video(api, topics[0], video(1))
    for number, topic in enumerate(topics):
        film = video(3_000_000 + number)
        uploaded(put_video(api, topic, film))
        contents[topic.video] = film
    _populate(api, topics)
    return School(topics, documents, contents)


def texts() -> Iterable[tuple[str, bytes]]:
    yield "Übung 1.txt", "Grüße\t\\N\n".encode() * 3
    yield "sum.md", b"one and one\n" * 200_000
    yield "tree.pdf", sample("pdf")
    yield "table.csv", b"a,b\n1,2\n"


def _populate(api: Server, topics: list[Topic]) -> None:
    """Learners, one of them suspended, with requests, and texts that need care in a table."""
    for name in ("ada", "bo", "cyrus"):
        api.user(name)
    assert api.put("/api/auth/profile", as_="user_ada", json=NAMES).status_code == 200
    for who, topic in (("user_ada", topics[0]), ("user_bo", topics[1])):
        body = {"subjectId": topic.subject_id, "message": "Please\nlet me in."}
        asked = api.post("/api/enrollment/request", as_=who, json=body)
        assert asked.status_code == 201
        if who == "user_ada":
            path = f"/api/admin/enrollment/{asked.json()['data']['id']}/approve"
            assert api.put(path, as_="admin").status_code == 200
    key = {"Idempotency-Key": "apply-once"}
    apply: dict[str, object] = {
        "motivation": "I like\tto teach.\n\\.",
        "subjectIds": [topics[0].subject_id],
    }
    assert api.post("/api/mentor/apply", as_="user_bo", json=apply, headers=key).status_code == 201
    path = f"/api/users/{api.user_id('user_cyrus')}"
    assert api.put(path, as_="admin", json={"status": "SUSPENDED"}).status_code == 200


def rows(url: str) -> Rows:
    """All rows that a backup holds, as text, by table, with the sequences' numbers."""
    found: Rows = {}
    with psycopg.connect(url, autocommit=True) as db:
        names = db.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
        for (name,) in names:
            if name not in LEFT_OUT and name != "procrastinate_jobs":
                query = sql.SQL("select t::text from {} t order by 1").format(sql.Identifier(name))
                found[name] = [row[0] for row in db.execute(query).fetchall()]
        next_number = "select nextval(pg_get_serial_sequence('audit_log', 'id'))::text"
        row = db.execute(next_number).fetchone()
        assert row
        found["number"] = [row[0]]
    return found


def save(url: str, store: ObjectStore) -> tuple[bytes, End]:
    """Make an archive in memory."""
    out = io.BytesIO()
    _, end = asyncio.run(saving.save(out, url, store, Progress()))
    return out.getvalue(), end


def restore(archive: bytes, url: str, store: ObjectStore, *, replace: bool = False) -> End:
    source = io.BytesIO(archive)
    _, end = asyncio.run(restoring.restore(source, url, store, Progress(), replace=replace))
    return end


def differing(one: Rows, other: Rows) -> list[tuple[str, list[str], list[str]]]:
    """The tables that differ, with what only the one and only the other has."""
    pairs = ((name, one.get(name, []), other.get(name, [])) for name in {*one, *other})
    return [
        (name, sorted({*left} - {*right}), sorted({*right} - {*left}))
        for name, left, right in pairs
        if left != right
    ]


def check(archive: bytes) -> End:
    return asyncio.run(restoring.check(io.BytesIO(archive), Progress()))[1]


async def _contents(store: ObjectStore) -> dict[str, bytes]:
    return {
        each.key: b"".join([chunk async for chunk in store.read(each.key, 0, each.size)])
        async for each in store.list()
    }


def contents(store: ObjectStore) -> dict[str, bytes]:
    """Every object and what is in it."""
    return asyncio.run(_contents(store))


def store_of(api: Server) -> FolderStore:
    return FolderStore(Path(api.folder, "files"))


def schemas(url: str) -> list[str]:
    with psycopg.connect(url, autocommit=True) as db:
        names = db.execute("select nspname from pg_namespace where nspname !~ '^pg_'").fetchall()
    return sorted(row[0] for row in names)


class Target(NamedTuple):
    """A school that must survive what is tried on it."""

    url: str
    store: FolderStore

    def state(self) -> tuple[Rows, dict[str, bytes], list[str]]:
        found = rows(self.url)
        del found["number"]
        return found, contents(self.store), schemas(self.url)


def whole(archive: bytes) -> dict[str, int]:
    """How many rows each table of the archive has."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        end = tar.extractfile("end.json")
        assert end
        return msgspec.json.decode(end.read(), type=End).rows
