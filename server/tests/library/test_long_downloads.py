"""A download that lasts is sent only as long as its reader may have the file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from akako.backends.database.pool import Pool
from akako.backends.objects.folder_store import FolderStore
from akako.backends.objects.object_io import READ_BYTES
from akako.kernel.core.access import Actor
from akako.kernel.core.errors import ApiError
from akako.library import service, streaming
from tests.library.school import MIB, Topic, add_topic, enroll, upload, uploaded
from tests.parts.server import Server

SIZE = 5 * MIB


@pytest.fixture
async def db(api: Server) -> AsyncIterator[Pool]:
    assert api.database_url
    pool = Pool(api.database_url, size=2)
    yield pool
    await pool.close()


@pytest.fixture
def topic(api: Server) -> Topic:
    return add_topic(api)


@pytest.fixture
def learner(api: Server, topic: Topic) -> Actor:
    who = api.user(f"reader{topic.id}")
    enroll(api, topic, who, "APPROVED")
    session = f"sess_{topic.id}"
    roles = ("LEARNER",)
    return Actor(user_id=api.user_id(who), clerk_id=who, roles=roles, session_id=session)


ENDED = {
    "inactive": ("update users set status = 'INACTIVE' where id = %s", "user", "FORBIDDEN"),
    "deleted": ("update users set deleted_at = now() where id = %s", "user", "UNAUTHORIZED"),
    "role": (
        "update user_roles set effective_end = now() where user_id = %s",
        "user",
        "FORBIDDEN",
    ),
    "enrollment": (
        "update enrollments set status = 'CANCELLED' where subject_id = %s",
        "subject",
        "FORBIDDEN",
    ),
    "session": (
        "insert into ended_sessions (session_id) values ('sess_' || %s)",
        "topic",
        "UNAUTHORIZED",
    ),
}
# Downloads of what was deleted are sent to their end.
GOES_ON = {
    "document": "update documents set status = 'DELETED' where topic_id = %s",
    "topic": "update topics set deleted_at = now() where id = %s",
    "nothing": "select %s::text",
}


async def download(
    api: Server, db: Pool, topic: Topic, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[bytes]:
    """Return the rest of a download, whose first chunk has been sent and which lasts long."""
    document: dict[str, Any] = uploaded(upload(api, topic, "a.txt", b"x" * SIZE))
    monkeypatch.setattr(streaming, "RECHECK_SECONDS", -1.0)
    find = partial(service.open_document, db, document["id"], None)
    file = await find(actor)
    source = FolderStore(api.folder / "files").read(file.key, 0, file.size)
    call: Any = SimpleNamespace(db=db, actor=actor)
    chunks = streaming._chunks(await anext(source), source, partial(streaming._recheck, call, find))
    await anext(chunks)
    return chunks


@pytest.mark.parametrize("name", ENDED)
async def test_it_ends_when_its_reader_may_read_no_more(
    api: Server,
    db: Pool,
    topic: Topic,
    learner: Actor,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    chunks = await download(api, db, topic, learner, monkeypatch)
    await anext(chunks)
    sql, of, code = ENDED[name]
    ids = {"user": learner.user_id, "subject": topic.subject_id, "topic": topic.id}
    api.execute(sql, ids[of])
    with pytest.raises(ApiError) as refusal:
        await anext(chunks)
    assert refusal.value.code == code


@pytest.mark.parametrize("name", GOES_ON)
async def test_it_goes_on(
    api: Server,
    db: Pool,
    topic: Topic,
    learner: Actor,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    chunks = await download(api, db, topic, learner, monkeypatch)
    api.execute(GOES_ON[name], topic.id)
    assert sum([len(chunk) async for chunk in chunks]) == SIZE - READ_BYTES


async def test_a_database_that_is_away_does_not_end_it(
    api: Server,
    db: Pool,
    topic: Topic,
    learner: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chunks = await download(api, db, topic, learner, monkeypatch)
    monkeypatch.setattr(db, "_url", "postgresql://127.0.0.1:1/nothing")
    await db.close()
    db._pool = None
    assert sum([len(chunk) async for chunk in chunks]) == SIZE - READ_BYTES
