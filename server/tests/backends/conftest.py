"""A bucket in a real S3 server, and a proxy that can slow down or cut its connections."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from akako.backends.objects.s3_store import S3Store
from tests.parts.seaweedfs import SeaweedFS, start_seaweedfs
from tests.parts.tcp_proxy import TcpProxy


@pytest.fixture(scope="module")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    running = start_seaweedfs(tmp_path_factory.mktemp("seaweedfs"))
    yield running
    running.stop()


@pytest.fixture
def proxy(seaweedfs: SeaweedFS) -> Iterator[TcpProxy]:
    with TcpProxy(seaweedfs.port) as running:
        yield running


@pytest.fixture
def store(seaweedfs: SeaweedFS, proxy: TcpProxy) -> S3Store:
    """The bucket through the proxy, with the time limits of production."""
    return S3Store(seaweedfs.url, seaweedfs.access(f"http://127.0.0.1:{proxy.port}"))
