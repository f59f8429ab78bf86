"""`akako worker` delivers webhooks beside the servers and without them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from akako.kernel.core.ids import new_id
from tests.integrations.webhooks import register
from tests.parts.receiver import Receiver
from tests.parts.server import Server

INSERT = """
insert into outbox (id, type, data) values (%s, 'grade.created', jsonb_build_object('id', 'one'))
"""


def test_a_worker_delivers_when_no_server_runs(api: Server, receiver: Receiver) -> None:
    endpoint = register(api, receiver.url)
    api.stop()
    id = new_id()
    api.execute(INSERT, id)
    with working(api, api.folder) as worker:
        (received,) = receiver.wait(1)
        assert received.verify(endpoint["secret"])["data"] == {"id": "one"}
        assert received.id == id
        worker.terminate()
        assert worker.wait(timeout=30) == 0
    api.start()


def test_a_worker_without_the_key_leaves_deliveries_to_the_servers(
    api: Server, receiver: Receiver, tmp_path: Path
) -> None:
    register(api, receiver.url)
    api.stop()
    api.execute(INSERT, new_id())
    log = tmp_path / "worker.log"
    with working(api, tmp_path):
        deadline = time.monotonic() + 30
        while "webhooks_not_delivered" not in log.read_text():
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
    assert not (tmp_path / "secret.key").exists()
    assert receiver.received == []
    api.start()
    receiver.wait(1)


@contextmanager
def working(api: Server, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `akako worker` with the settings of a server and this data folder."""
    command = [sys.executable, "-m", "akako.cli", "worker", "--data-dir", str(folder)]
    with (folder / "worker.log").open("ab") as log:
        worker = subprocess.Popen(command, env=api.environment, stdout=log, stderr=log)
    try:
        yield worker
    finally:
        worker.kill()
        worker.wait(timeout=10)
