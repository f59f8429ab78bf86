"""Clients that send without end and clients that never read: what they take is bounded."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.conftest import StartServer
from tests.faults.test_clients_gone import open_files, resident_kib
from tests.http import raw
from tests.library.school import add_topic, eventually, put_video, sha256, video
from tests.parts.server import CLIENT_SECONDS, Server

SCRIPT = "/docs/swagger-ui-script"  # 1.5 MB, public
PIPELINED_BYTES = 16 * 1024 * 1024
PIPELINES, READERS, WEBHOOKS = 60, 60, 120
MEBIBYTE = 1024 * 1024
SETTLE_SECONDS = 2.0
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
GROWTH_KIB, RETURNED_KIB = 100 * 1024, 50 * 1024


@pytest.fixture
def api(start_server: StartServer) -> Server:
    # Without a secret, no webhook body would be read at all.
    return start_server({"AKAKO_CLERK_WEBHOOK_SECRETS": SECRET})


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def stalled(api: Server, stack: ExitStack) -> socket.socket:
    """A client that does not read and does not wait."""
    client = stack.enter_context(socket.socket())
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", api.port))
    client.settimeout(0.2)
    return client


def push(client: socket.socket, data: bytes) -> None:
    """Send as much as the server takes at the moment."""
    with suppress(OSError):
        client.sendall(data)


def pipeline(api: Server, stack: ExitStack) -> None:
    request = b"GET /a HTTP/1.1\r\nHost:x\r\n\r\n"
    push(stalled(api, stack), request * (PIPELINED_BYTES // PIPELINES // len(request)))


def read_nothing(api: Server, stack: ExitStack) -> None:
    push(stalled(api, stack), raw.head(SCRIPT) * 20)


def send_webhook(api: Server, stack: ExitStack) -> None:
    """An unsigned message of the largest size, whose last byte does not come."""
    lines = [
        "Content-Type: application/json",
        f"Content-Length: {MEBIBYTE}",
        "svix-id: msg_1",
        "svix-timestamp: 1",
        f"svix-signature: v1,{'A' * 43}=",
    ]
    request = raw.head("/api/webhooks/clerk", *lines, method="POST")
    push(stalled(api, stack), request + b"a" * (MEBIBYTE - 1))


def peak_kib(api: Server) -> int:
    """The most memory that the server has used."""
    assert api.process is not None
    status = Path(f"/proc/{api.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


ATTACKS = [(pipeline, PIPELINES), (read_nothing, READERS), (send_webhook, WEBHOOKS)]


def test_memory_is_bounded_and_returned(api: Server, opened: ExitStack) -> None:
    for _ in range(2):  # so that what is loaded once is loaded
        assert api.get(SCRIPT).status_code == 200
    before, files = resident_kib(api), open_files(api)
    for attack, count in ATTACKS:
        for _ in range(count):
            attack(api, opened)
        time.sleep(SETTLE_SECONDS)  # until the server has read what it is going to read
        assert peak_kib(api) < before + GROWTH_KIB, attack.__name__
        assert api.get("/health/live").status_code == 200
    opened.close()
    eventually(lambda: open_files(api) <= files + 20)
    assert peak_kib(api) < before + GROWTH_KIB
    eventually(lambda: resident_kib(api) < before + RETURNED_KIB)
    assert "Traceback" not in api.log()


def test_slow_readers_of_files_take_little_memory_and_get_every_byte(
    start_server: StartServer, opened: ExitStack
) -> None:
    api = start_server({})
    topic = add_topic(api)
    content = video(24 * MEBIBYTE)
    assert put_video(api, topic, content).status_code == 201
    path = f"/api/education/topics/{topic.id}/video"
    request = raw.head(path, f"Authorization: {api.headers('admin')['Authorization']}")
    before = resident_kib(api)
    clients = [stalled(api, opened) for _ in range(READERS)]
    for client in clients:
        push(client, request)
    time.sleep(SETTLE_SECONDS)
    assert resident_kib(api) < before + GROWTH_KIB
    last = clients[-1]
    last.settimeout(20)
    last.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, MEBIBYTE)
    incoming = opened.enter_context(last.makefile("rb"))
    while incoming.readline().strip():
        pass
    assert sha256(incoming.read(len(content))) == sha256(content)


def test_the_kernel_keeps_little_for_a_reader_that_stalls(
    start_server: StartServer, opened: ExitStack
) -> None:
    api = start_server({})
    topic = add_topic(api)
    assert put_video(api, topic, video(8 * MEBIBYTE)).status_code == 201
    client = stalled(api, opened)
    path = f"/api/education/topics/{topic.id}/video"
    push(client, raw.head(path, f"Authorization: {api.headers('admin')['Authorization']}"))
    eventually(lambda: kernel_bytes(api, client) > 0)
    time.sleep(SETTLE_SECONDS)
    assert kernel_bytes(api, client) < MEBIBYTE // 2


def kernel_bytes(api: Server, client: socket.socket) -> int:
    """Return how many bytes for the client wait in the kernel's buffer of the server."""
    ends = [f":{api.port:04X}", f":{client.getsockname()[1]:04X}"]
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, _, queues, *_ = line.split()
        if [local[-5:], remote[-5:]] == ends:
            return int(queues.partition(":")[0], 16)
    return 0


FEW = 256


def test_with_few_descriptors_one_client_does_not_lock_others_out(
    start_server: StartServer, opened: ExitStack
) -> None:
    """One address takes all the connections it can get; the proxy's still come through."""
    api = start_server({"AKAKO_TRUSTED_PROXIES": "127.0.0.2"})
    assert api.process is not None
    resource.prlimit(api.process.pid, resource.RLIMIT_NOFILE, (FEW, FEW))
    for number in range(2 * FEW):
        client = opened.enter_context(socket.socket())
        client.settimeout(2)
        client.connect(("127.0.0.1", api.port))
        push(client, b"G" if number % 2 else b"")
    assert open_files(api) < FEW
    with socket.create_connection(
        ("127.0.0.1", api.port), CLIENT_SECONDS, ("127.0.0.2", 0)
    ) as other:
        other.sendall(raw.head("/health/ready", "Connection: close"))
        assert other.makefile("rb").readline().split()[1] == b"200"
    assert "Traceback" not in api.log()


def test_clients_that_leave_their_pipelines_write_no_errors(
    start_server: StartServer, opened: ExitStack
) -> None:
    api = start_server({"AKAKO_LOG_LEVEL": "info"})
    token = f"Authorization: {api.headers('admin')['Authorization']}"
    request = raw.head("/api/auth/profile", token) * 50
    for number in range(60):
        client = stalled(api, opened)
        push(client, request[: len(request) - number])
        if number % 2:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
    assert api.get("/health/live").status_code == 200
    api.stop()
    assert "Traceback" not in api.log()
    assert '"level":"error"' not in api.log().replace(" ", "")
