"""S3 stopped, slow, failing midway: no file is lost, half stored or left over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from akako.backends.objects.s3_store import S3Store
from tests.conftest import StartServer
from tests.faults import invariants
from tests.faults.attempts import SECRET, SUCCESS, all_attempts, ask, ask_again, judge
from tests.faults.learning import learning_attempts
from tests.library.school import MIB, add_topic, put_video, refused, upload, uploaded, video
from tests.parts.seaweedfs import BUCKET, SeaweedFS, start_seaweedfs
from tests.parts.server import Server
from tests.parts.tcp_proxy import TcpProxy
from tests.web.visitor import signed_in

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
def api(bucket: SeaweedFS, network: TcpProxy, start_server: StartServer) -> Server:
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
    attempts = all_attempts(api)
    network.drop()
    heal = fault(network)
    try:
        answers = await ask(api, attempts)
    finally:
        await asyncio.to_thread(heal)
    for attempt, answer in zip(attempts, answers, strict=True):
        assert answer is not None
        assert (answer.status_code == 503) == (attempt.name in FILES), (attempt.name, answer.text)
    judge(attempts, answers)
    network.drop()
    await asyncio.to_thread(invariants.check, api, store)
    await ask_again(api, attempts)
    await asyncio.to_thread(invariants.check, api, store)


async def test_learning_and_pages_without_the_bucket(api: Server, network: TcpProxy) -> None:
    """Progress, notes, notifications, integrations and pages need no file."""
    attempts = learning_attempts(api)
    topic = add_topic(api)
    uploaded(put_video(api, topic, video(1)))
    visitor = signed_in(api, "admin")
    heal = refuse(network)
    try:
        answers = await ask(api, attempts)
        page = visitor.get(f"/topics/{topic.id}")
        media = visitor.get(f"/media/topics/{topic.id}/video")
    finally:
        await asyncio.to_thread(heal)
    assert {answer and answer.status_code for answer in answers} <= set(SUCCESS)
    judge(attempts, answers)
    assert (page.status_code, media.status_code) == (200, 503)
    assert media.headers["retry-after"]
    assert visitor.get(f"/media/topics/{topic.id}/video").content == video(1)


async def test_a_slow_bucket(api: Server, network: TcpProxy, store: S3Store) -> None:
    """A slow line takes longer, and that is all."""
    attempts = all_attempts(api)
    network.delay = 0.1
    try:
        answers = await ask(api, attempts)
        topic = add_topic(api)
        uploaded(put_video(api, topic, video(MIB)))
        assert api.get(topic.video, as_="admin").content == video(MIB)
    finally:
        network.delay = 0.0
    assert {answer and answer.status_code for answer in answers} == {200, 201}
    judge(attempts, answers)
    await asyncio.to_thread(invariants.check, api, store)


async def test_killed_beside_a_frozen_bucket(
    api: Server, bucket: SeaweedFS, store: S3Store
) -> None:
    """The server dies while the bucket has not answered yet."""
    attempts = [attempt for attempt in all_attempts(api) if attempt.name in FILES]
    bucket.pause()
    asking = asyncio.create_task(ask(api, attempts))
    try:
        with api.db() as db:
            sql = "select count(*) from pending_objects"
            while (row := db.execute(sql).fetchone()) is None or row[0] < len(attempts):
                await asyncio.sleep(0.02)
        api.kill()
    finally:
        bucket.resume()
    assert await asking == [None, None]
    await asyncio.to_thread(api.start)
    await asyncio.to_thread(invariants.check, api, store)
    await ask_again(api, attempts)


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
