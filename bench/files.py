"""Large files: W4, an upload of 200 MiB, and W5, ranged downloads of 200 MiB."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import statistics
import subprocess
import threading
import time
from pathlib import Path

from bench import data, servers
from bench.stage import MIB, Contestant, Stage
from bench.turns import Figures, Table, say

SIZE = 200 * MIB
PIECE = b"0123456789abcde\n" * 65_536  # 1 MiB
REPEATS = 3
READERS = 200
RANGE = 4 * MIB
BEGIN_SECONDS, PLAY_SECONDS = 2.0, 2.0
VIDEO = "/api/education/topics/benchtopic/video"
FIXTURE = Path(__file__).parents[1] / "server" / "tests" / "fixtures" / "sample.mp4"
# As curl makes one; the search for a short one would take many more steps.
BOUNDARY = b"------------------------d74496d66958873e"
BEGINNING = (
    b"--"
    + BOUNDARY
    + (b'\r\nContent-Disposition: form-data; name="file"; filename="long.txt"\r\n\r\n')
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


# W4


def uploads(stage: Stage, ours: Contestant) -> Table:
    """MiB per second of our server and of `cat` behind a loopback socket, on the same disk; and
    how much the server's memory grew at most."""
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
    """Seconds from the first byte to the answer."""
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
    """Seconds until `cat` has written what came through the socket (and it is on the disk)."""
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


# W5


def downloads(stage: Stage, ours: Contestant) -> Table:
    """What one reader of a whole video and 200 readers of a part of it get."""
    say("W5, downloads")
    video = stage.folder / "video.mp4"
    _make_video(video)
    _put_video(ours.port, stage.token(data.ADMIN), video)
    os.chmod(video, 0o644)
    contestants = [(ours, VIDEO, f"Authorization: Bearer {stage.token(data.ADMIN)}\r\n")]
    peer = stage.nginx("nginx-files", f"location / {{ root {stage.folder}; }}")
    if peer:
        contestants.append((peer, "/video.mp4", ""))
    else:
        say("no nginx here: W5 has no peer")
    notes: dict[str, list[Figures]] = {}
    for _ in range(REPEATS):
        for contestant, path, header in contestants:
            figures = _one_reader(contestant, path, header)
            figures |= asyncio.run(_many_readers(contestant, path, header))
            figures |= asyncio.run(_players(contestant, path, header))
            notes.setdefault(contestant.name.removesuffix("-files"), []).append(figures)
    return {
        "W5": {
            name: {key: round(statistics.median(t[key] for t in turns), 2) for key in turns[0]}
            for name, turns in notes.items()
        }
    }


def _make_video(path: Path) -> None:
    """A real beginning, and padding in a box that players skip."""
    beginning = FIXTURE.read_bytes()
    padding = SIZE - len(beginning)
    with path.open("wb") as file:
        file.write(beginning + padding.to_bytes(4, "big") + b"free")
        file.truncate(SIZE)
        file.seek(len(beginning) + 8)
        left = padding - 8
        while left:
            left -= file.write(PIECE[:left])


def _put_video(port: int, token: str, video: Path) -> None:
    beginning = BEGINNING.replace(b'"file"', b'"video"').replace(b"long.txt", b"video.mp4")
    head = (
        f"PUT /api/admin{VIDEO.removeprefix('/api')} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {token}\r\n"
        f"Content-Type: {FORM}\r\n"
        f"Content-Length: {len(beginning) + SIZE + len(LAST)}\r\n\r\n"
    ).encode()
    with (
        socket.create_connection(("127.0.0.1", port), timeout=120) as line,
        video.open("rb") as file,
    ):
        line.sendall(head + beginning)
        line.sendfile(file)
        line.sendall(LAST)
        answer = line.recv(65_536)
    assert answer[9:11] == b"20", answer


def _range(path: str, header: str, first: int, last: int) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{header}Range: bytes={first}-{last}\r\n\r\n"
    ).encode()


def _one_reader(contestant: Contestant, path: str, header: str) -> Figures:
    buffer = bytearray(MIB)
    spent = servers.cpu_seconds(contestant.pid)
    with socket.create_connection(("127.0.0.1", contestant.port), timeout=60) as line:
        started = time.perf_counter()
        line.sendall(_range(path, header, 0, SIZE - 1))
        head = line.recv(65_536)
        while b"\r\n\r\n" not in head:
            head += line.recv(65_536)
        assert head[9:12] == b"206", head[:300]
        left = SIZE - (len(head) - head.index(b"\r\n\r\n") - 4)
        while left:
            got = line.recv_into(buffer)
            assert got, "the answer was cut"
            left -= got
        seconds = time.perf_counter() - started
    spent = servers.cpu_seconds(contestant.pid) - spent
    return {"one_mib_s": SIZE / MIB / seconds, "one_cpu_s_gib": spent * 1024 * MIB / SIZE}


async def _many_readers(contestant: Contestant, path: str, header: str) -> Figures:
    """All at once and as fast as they can, each a part of its own."""
    chosen = random.Random(7)
    refused = 0

    async def read(at: int) -> None:
        nonlocal refused
        reader, writer = await asyncio.open_connection("127.0.0.1", contestant.port, limit=MIB)
        writer.write(_range(path, header, at, at + RANGE - 1))
        if await _accepted(reader):
            await _skip(reader, RANGE)
        else:
            refused += 1
        writer.close()

    spent, started = servers.cpu_seconds(contestant.pid), time.perf_counter()
    await asyncio.gather(*(read(chosen.randrange(SIZE - RANGE)) for _ in range(READERS)))
    seconds = time.perf_counter() - started
    spent = servers.cpu_seconds(contestant.pid) - spent
    sent = (READERS - refused) * RANGE / MIB
    return {
        "many_mib_s": sent / seconds,
        "many_cpu_s_gib": spent * 1024 / max(sent, 1),
        "refused": refused,
    }


async def _players(contestant: Contestant, path: str, header: str) -> Figures:
    """200 players that begin within two seconds and play at 2 Mbit/s: what each waits for its
    first byte while the others play."""
    firsts: list[float] = []

    async def play(number: int) -> None:
        await asyncio.sleep(number * BEGIN_SECONDS / READERS)
        # A slow line takes in little at once; loopback alone would swallow megabytes.
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        line.setblocking(False)
        await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", contestant.port))
        reader, writer = await asyncio.open_connection(sock=line, limit=16 * 1024)
        started = time.perf_counter()
        writer.write(_range(path, header, 0, SIZE - 1))
        accepted = await _accepted(reader)
        firsts.append(time.perf_counter() - started)
        while accepted and time.perf_counter() - started < PLAY_SECONDS:
            await _skip(reader, 64 * 1024)
            await asyncio.sleep(0.25)
        writer.close()

    await asyncio.gather(*map(play, range(READERS)))
    firsts.sort()
    return {
        "first_byte_p50_ms": firsts[READERS // 2] * 1000,
        "first_byte_p99_ms": firsts[READERS * 99 // 100] * 1000,
    }


async def _accepted(reader: asyncio.StreamReader) -> bool:
    """False where the server says that it is too busy."""
    head = await reader.readuntil(b"\r\n\r\n")
    assert head[9:12] in (b"206", b"503"), head
    return head[9:12] == b"206"


async def _skip(reader: asyncio.StreamReader, number: int) -> None:
    while number > 0:
        got = len(await reader.read(min(number, MIB)))
        assert got, "the answer was cut"
        number -= got
