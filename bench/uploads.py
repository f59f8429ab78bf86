"""Measure W4: an upload of 200 MiB, compared with `cat` to the same disk."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import threading
import time
from pathlib import Path

from bench import data, servers
from bench.stage import MIB, Contestant, Stage
from bench.turns import Table, say

SIZE = 200 * MIB
PIECE = b"0123456789abcde\n" * 65_536  # 1 MiB
REPEATS = 3
# As long as curl's; searching for a short boundary is slower.
BOUNDARY = b"------------------------d74496d66958873e"
BEGINNING = (
    b"--"
    + BOUNDARY
    + b'\r\nContent-Disposition: form-data; name="file"; filename="long.txt"\r\n\r\n'
)
LAST = b"\r\n--" + BOUNDARY + b"--\r\n"
END = (
    b"\r\n--"
    + BOUNDARY
    + b'\r\nContent-Disposition: form-data; name="topicId"\r\n\r\n'
    + data.TOPIC.encode()
    + LAST
)
FORM = f"multipart/form-data; boundary={BOUNDARY.decode()}"


def measured(stage: Stage, ours: Contestant) -> Table:
    """Return the MiB per second of our server and of `cat`, and the memory growth of the server.

    `cat` reads from a loopback socket and writes to the same disk.
    """
    say("W4, uploads")
    token = stage.token(data.ADMIN)
    speeds: dict[str, list[float]] = {"akako": [], "cat": [], "cat and sync": []}
    costs = []
    _upload(ours.port, token, MIB)
    servers.forget_peak(ours.pid)
    before, grown = servers.memory_mib(ours.pid), 0.0
    for _ in range(REPEATS):
        speeds["cat"].append(SIZE / MIB / _cat(stage.folder, sync=False))
        spent = servers.cpu_seconds(ours.pid)
        speeds["akako"].append(SIZE / MIB / _upload(ours.port, token, SIZE))
        costs.append(servers.cpu_seconds(ours.pid) - spent)
        speeds["cat and sync"].append(SIZE / MIB / _cat(stage.folder, sync=True))
        grown = max(grown, servers.memory_mib(ours.pid, "VmHWM") - before)
    shown = {name: {"mib_s": round(statistics.median(each), 1)} for name, each in speeds.items()}
    shown["akako"]["cpu_s_gib"] = round(statistics.median(costs) * 1024 * MIB / SIZE, 2)
    shown["akako"]["grown_mib"] = round(grown, 1)
    return {"W4": shown}


def _upload(port: int, token: str, size: int) -> float:
    """Return the seconds from the first byte to the response."""
    length = len(BEGINNING) + size + len(END)
    head = (
        f"POST /api/s3/document/upload HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: {FORM}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()
    with socket.create_connection(("127.0.0.1", port), timeout=120) as line:
        started = time.perf_counter()
        line.sendall(head + BEGINNING)
        _send(line, size)
        line.sendall(END)
        answer = line.recv(65_536)
        seconds = time.perf_counter() - started
    assert answer[9:12] == b"201", answer
    return seconds


def _send(line: socket.socket, size: int) -> None:
    for _ in range(size // len(PIECE)):
        line.sendall(PIECE)


def _cat(folder: Path, *, sync: bool) -> float:
    """Return the seconds until `cat` has written (and synced) the data from the socket."""
    target = folder / "cat.bin"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        receiver = threading.Thread(target=_receive, args=(listener, target, sync))
        receiver.start()
        with socket.create_connection(listener.getsockname()) as line:
            started = time.perf_counter()
            _send(line, SIZE)
            line.shutdown(socket.SHUT_WR)
            receiver.join()
            seconds = time.perf_counter() - started
    assert target.stat().st_size == SIZE
    target.unlink()
    return seconds


def _receive(listener: socket.socket, target: Path, sync: bool) -> None:
    line, _ = listener.accept()
    with line, target.open("wb") as file:
        subprocess.run(["cat"], stdin=line.fileno(), stdout=file, check=True)
        if sync:
            os.fsync(file.fileno())
