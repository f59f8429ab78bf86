"""The sweeper removes all objects that no row refers to, and no others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from akako.backends.database.pool import Pool
from akako.backends.objects.folder_store import FolderStore
from akako.kernel.core.ids import new_id
from akako.storage import queries, sweeper
from akako.storage.intake import give_up
from akako.storage.sweeper import Swept
from tests.http.raw import connection
from tests.library.school import (
    UPLOAD,
    add_topic,
    command,
    eventually,
    form,
    objects,
    pending,
    put_video,
    sweep,
    upload,
    uploaded,
    video,
)
from tests.parts.server import Server
from tests.storage.objects import LATER, Stubborn, keys, put


async def announce(db: Pool, key: str, *, process: str | None, age: float) -> None:
    """A pending row as another process would have written it."""
    await queries.announce_object(db, key, "user:1")
    await db.execute(
        "update pending_objects set process = coalesce($2, process), "
        "alive_at = now() - make_interval(secs => $3) where storage_key = $1",
        key,
        process,
        age,
    )


async def test_the_hourly_sweep_takes_its_time(db: Pool, store: FolderStore) -> None:
    young = await put(store)
    await put(store, age=25 * 3600)
    queued, due = await put(store), await put(store)
    living, dead = await put(store), await put(store)
    for key in (queued, due):
        await queries.queue_cleanup(db, key)
    await db.execute(f"{LATER} where args->>'key' = $1", due)
    await announce(db, living, process="gone", age=3000)
    await announce(db, dead, process="gone", age=4000)
    assert await sweeper.sweep(db, store) == Swept(cleaned=1, stale=1, orphans=1)
    assert await keys(store) == {young, queued, living}


async def test_without_grace_only_the_living_stay(db: Pool, store: FolderStore) -> None:
    living, silent, dead = [await put(store) for _ in range(3)]
    queued, orphan = await put(store), await put(store)
    await announce(db, living, process=None, age=60)
    await announce(db, silent, process=None, age=600)
    await announce(db, dead, process="gone", age=0)
    await queries.queue_cleanup(db, queued)
    assert await sweeper.sweep(db, store, grace=0) == Swept(cleaned=1, stale=2, orphans=1)
    assert await keys(store) == {living}
    assert orphan not in await keys(store)
    assert await sweeper.sweep(db, store, grace=0) == Swept()


async def test_two_sweepers_share_the_work(db: Pool, store: FolderStore) -> None:
    for _ in range(120):
        await queries.queue_cleanup(db, await put(store))
        await announce(db, await put(store), process="gone", age=0)
    found = await asyncio.gather(
        sweeper.sweep(db, store, grace=0), sweeper.sweep(db, store, grace=0)
    )
    assert sum(each.cleaned for each in found) == 120
    assert sum(each.stale for each in found) == 120
    assert await keys(store) == set()


async def test_what_fails_is_tried_again_later(db: Pool, tmp_path: Path) -> None:
    store = Stubborn(tmp_path / "files")
    store.key, other = await put(store), await put(store)
    for key in (store.key, other):
        await queries.queue_cleanup(db, key)
    for cleaned in (1, 0):
        swept = await sweeper.sweep(db, store, grace=0)
        assert (swept.cleaned, swept.failed, swept.orphans) == (cleaned, 1, 0)
    assert await keys(store) == {store.key}
    store.key = ""
    assert (await sweeper.sweep(db, store, grace=0)).cleaned == 1
    assert await keys(store) == set()
    assert await db.fetchval("select count(*) from procrastinate_jobs") == 0


async def test_what_cannot_be_given_up_now_is_swept(db: Pool, tmp_path: Path) -> None:
    store = Stubborn(tmp_path / "files")
    store.key = await put(store)
    await queries.announce_object(db, store.key, "user:1")
    assert await queries.count_pending(db, "user:1") == 1
    await give_up(db, store, store.key)
    assert await keys(store) == {store.key}
    assert await queries.count_pending(db, "user:1") == 0
    store.key = ""
    assert (await sweeper.sweep(db, store, grace=0)).stale == 1
    assert await keys(store) == set()


async def test_an_adopted_object_is_not_given_up(db: Pool, store: FolderStore) -> None:
    """The one who uploaded it did not hear that the transaction was committed."""
    key = await put(store)
    await queries.announce_object(db, key, "user:1")
    assert await queries.forget_object(db, key)
    await give_up(db, store, key)
    assert await keys(store) == {key}


async def test_what_a_killed_writer_left_goes_with_its_row(db: Pool, store: FolderStore) -> None:
    key, left = f"documents/{new_id()}", asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b"x" * (2 * 1024 * 1024)
        left.set()
        await asyncio.Event().wait()
        yield b""

    writing = asyncio.create_task(store.put(key, endless()))
    await asyncio.wait_for(left.wait(), 10)
    local = store.local_path("x")
    assert local
    incoming = Path(local).parent / ".incoming"
    (staged,) = incoming.iterdir()
    copy = staged.rename(staged.with_name(f"{staged.name}0"))  # so that its writer cannot tidy up
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    assert copy.exists()
    await announce(db, key, process="gone", age=0)
    assert (await sweeper.sweep(db, store, grace=0)).stale == 1
    assert list(incoming.iterdir()) == []


def test_a_slow_upload_survives_every_sweep(api: Server) -> None:
    topic = add_topic(api)
    content = b"slow " * 200_000
    parts = [('name="topicId"', topic.id.encode()), ('name="file"; filename="a.txt"', content)]
    body = form(parts)
    lines = (
        f"POST {UPLOAD} HTTP/1.1",
        "Host: localhost",
        "Content-Type: multipart/form-data; boundary=frontier",
        f"Content-Length: {len(body)}",
        f"Authorization: {api.headers('admin')['Authorization']}",
    )
    with connection(api) as connected:
        connected.send("\r\n".join(lines).encode() + b"\r\n\r\n")
        *pieces, last = (body[start : start + 300_000] for start in range(0, len(body), 300_000))
        for piece in pieces:
            connected.send(piece)
            eventually(lambda: pending(api))
            assert sweep(api).stale == 0
        connected.send(last)
        document = uploaded(connected.receive())
    assert api.get(document["url"], as_="admin").content == content


def test_the_command(api: Server) -> None:
    topic = add_topic(api)
    put_video(api, topic, video(1))
    put_video(api, topic, video(2))
    stray = api.folder / "files" / "documents" / "stray"
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"stray")
    assert command(api, "sweep") == "expired: 0\ncleaned: 0\nstale: 0\norphans: 0\nfailed: 0\n"
    printed = command(api, "sweep", "--grace", "0")
    assert printed == "expired: 0\ncleaned: 1\nstale: 0\norphans: 1\nfailed: 0\n"
    assert not stray.exists()
    assert video(2) in objects(api).values()
    assert video(1) not in objects(api).values()
    uploaded(upload(api, topic))
