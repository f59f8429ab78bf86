"""S3 stopped, slow, failing midway: no file is lost, half stored or left over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from akako.backends.s3_store import S3Store
from tests.conftest import StartServer
from tests.faults import invariants
from tests.faults.operations import SECRET, all_operations, check_outcomes, send_again, send_all
from tests.library.school import MIB, add_topic, put_video, refused, upload, uploaded, video
from tests.parts.seaweedfs import BUCKET, SeaweedFS, start_seaweedfs
from tests.parts.server import Server
from tests.parts.tcp_proxy import TcpProxy

FILES = {"upload a document", "replace a video"}


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    seaweedfs = start_seaweedfs(tmp_path_factory.mktemp("seaweedfs"))
    yield seaweedfs
    seaweedfs.stop()


@pytest.fixture(scope="module")
def network(bucket: SeaweedFS) -> Iterator[TcpProxy]:
    with TcpProxy(bucket.port) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def api(start_server: StartServer, bucket: SeaweedFS, network: TcpProxy) -> Server:
    settings = bucket.settings("school", port=network.port)
    return start_server({**settings, "AKAKO_CLERK_WEBHOOK_SECRETS": SECRET})


@pytest.fixture(scope="module")
def store(bucket: SeaweedFS) -> S3Store:
    """The bucket itself, beside the network."""
    return S3Store(f"s3://{BUCKET}/school", bucket.access())


def refuse(network: TcpProxy) -> Callable[[], None]:
    """As when it is stopped: the port is closed."""
    network.refuse()
    network.drop()
    return network.accept


def cut(network: TcpProxy) -> Callable[[], None]:
    network.cut_requests_after = 8000
    return lambda: setattr(network, "cut_requests_after", None)


def mute(network: TcpProxy) -> Callable[[], None]:
    """What is sent arrives, and the answers do not come back."""
    network.cut_answers_after = 0
    return lambda: setattr(network, "cut_answers_after", None)


@pytest.mark.parametrize("fault", [refuse, cut, mute], ids=lambda fault: fault.__name__)
async def test_the_bucket_away(
    api: Server, network: TcpProxy, store: S3Store, fault: Callable[[TcpProxy], Callable[[], None]]
) -> None:
    """Only files are affected: everything else is written as ever."""
    operations = all_operations(api)
    network.drop()
    heal = fault(network)
    try:
        answers = await send_all(api, operations)
    finally:
        await asyncio.to_thread(heal)
    for operation, answer in zip(operations, answers, strict=True):
        assert answer is not None
        assert (answer.status_code == 503) == (operation.name in FILES), (
            operation.name,
            answer.text,
        )
    check_outcomes(operations, answers)
    network.drop()
    await asyncio.to_thread(invariants.check, api, store)
    await send_again(api, operations)
    await asyncio.to_thread(invariants.check, api, store)


async def test_a_slow_bucket(api: Server, network: TcpProxy, store: S3Store) -> None:
    """A slow line takes longer, and that is all."""
    operations = all_operations(api)
    network.delay = 0.1
    try:
        answers = await send_all(api, operations)
        topic = add_topic(api)
        uploaded(put_video(api, topic, video(MIB)))
        assert api.get(topic.video, as_="admin").content == video(MIB)
    finally:
        network.delay = 0.0
    assert {answer and answer.status_code for answer in answers} == {200, 201}
    check_outcomes(operations, answers)
    await asyncio.to_thread(invariants.check, api, store)


async def test_killed_beside_a_frozen_bucket(
    api: Server, bucket: SeaweedFS, store: S3Store
) -> None:
    """The server dies while the bucket has not answered yet."""
    operations = [operation for operation in all_operations(api) if operation.name in FILES]
    bucket.pause()
    asking = asyncio.create_task(send_all(api, operations))
    try:
        with api.db() as db:
            sql = "select count(*) from pending_objects"
            while (row := db.execute(sql).fetchone()) is None or row[0] < len(operations):
                await asyncio.sleep(0.02)
        api.kill()
    finally:
        bucket.resume()
    assert await asking == [None, None]
    await asyncio.to_thread(api.start)
    await asyncio.to_thread(invariants.check, api, store)
    await send_again(api, operations)


def test_an_object_that_vanished(api: Server, store: S3Store) -> None:
    """It cannot be restored, and no part of it is served."""
    document = uploaded(upload(api, add_topic(api)))
    with api.db() as db:
        row = db.execute(
            "select storage_key from documents where id = %s", (document["id"],)
        ).fetchone()
    assert row
    asyncio.run(store.delete(row[0]))
    refused(api.get(document["url"], as_="admin"), 500, "INTERNAL_ERROR")
    assert 'akako_alerts_total{kind="object_missing"} 1.0' in api.get("/metrics").text
