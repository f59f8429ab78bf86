"""Measure W5: ranged downloads of a 200 MiB video."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from bench import data, servers
from bench.stage import MIB, Contestant, Stage
from bench.turns import Figures, Table, say
from bench.uploads import BEGINNING, FORM, LAST, PIECE, REPEATS, SIZE

READERS = 200
RANGE = 4 * MIB
BEGIN_SECONDS, PLAY_SECONDS = 2.0, 2.0
VIDEO = "/api/education/topics/benchtopic/video"
FIXTURE = Path(__file__).parents[1] / "server" / "tests" / "fixtures" / "sample.mp4"


@dataclass
class Source:
    """A server of the video, and the processes whose CPU time counts."""

    name: str
    port: int
    pids: tuple[int, ...]
    path: str
    header: str = ""

    def cpu_seconds(self) -> float:
        return sum(map(servers.cpu_seconds, self.pids))

    def request(self, first: int, last: int) -> bytes:
        return (
            f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"{self.header}Range: bytes={first}-{last}\r\n\r\n"
        ).encode()


def measured(stage: Stage, ours: Contestant) -> Table:
    """Return the results of one reader of the whole video and of 200 readers of a part."""
    say("W5, downloads")
    video = stage.folder / "video.mp4"
    _make_video(video)
    _put_video(ours.port, stage.token(data.ADMIN), video)
    os.chmod(video, 0o644)
    notes: dict[str, list[Figures]] = {}
    sources = _sources(stage, ours)
    for _ in range(REPEATS):
        for source in sources:
            figures = _one_reader(source)
            figures |= asyncio.run(_many_readers(source))
            figures |= asyncio.run(_players(source))
            notes.setdefault(source.name, []).append(figures)
    return {
        "W5": {
            name: {key: round(statistics.median(t[key] for t in turns), 2) for key in turns[0]}
            for name, turns in notes.items()
        }
    }


def _sources(stage: Stage, ours: Contestant) -> list[Source]:
    """Start our server, our server behind nginx with X-Accel, and nginx alone."""
    bearer = f"Authorization: Bearer {stage.token(data.ADMIN)}\r\n"
    sources = [Source("akako", ours.port, (ours.pid,), VIDEO, bearer)]
    alone = stage.nginx("nginx-files", f"location / {{ root {stage.folder}; }}")
    behind = stage.akako(
        "akako-behind", AKAKO_ACCEL_LOCATION="/files/", AKAKO_TRUSTED_PROXIES="127.0.0.1"
    )
    front = stage.nginx(
        "nginx-front",
        f"location / {{ proxy_pass http://127.0.0.1:{behind.port}; }}\n"
        f"location /files/ {{ internal; alias {stage.folder}/files/; }}",
    )
    pids = (behind.pid, front.pid)
    sources.append(Source("akako behind nginx", front.port, pids, VIDEO, bearer))
    return [*sources, Source("nginx", alone.port, (alone.pid,), "/video.mp4")]


def _make_video(path: Path) -> None:
    """Create a video: a real head, and padding in an MP4 box that players skip."""
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


def _one_reader(source: Source) -> Figures:
    buffer = bytearray(MIB)
    spent = source.cpu_seconds()
    with socket.create_connection(("127.0.0.1", source.port), timeout=60) as line:
        started = time.perf_counter()
        line.sendall(source.request(0, SIZE - 1))
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
    spent = source.cpu_seconds() - spent
    return {"one_mib_s": SIZE / MIB / seconds, "one_cpu_s_gib": spent * 1024 * MIB / SIZE}


async def _many_readers(source: Source) -> Figures:
    """Run all readers at full speed, each on its own range."""
    chosen = random.Random(7)
    refused = 0

    async def read(at: int) -> None:
        nonlocal refused
        reader, writer = await asyncio.open_connection("127.0.0.1", source.port, limit=MIB)
        writer.write(source.request(at, at + RANGE - 1))
        if await _accepted(reader):
            await _skip(reader, RANGE)
        else:
            refused += 1
        writer.close()

    spent, started = source.cpu_seconds(), time.perf_counter()
    await asyncio.gather(*(read(chosen.randrange(SIZE - RANGE)) for _ in range(READERS)))
    seconds = time.perf_counter() - started
    spent = source.cpu_seconds() - spent
    sent = (READERS - refused) * RANGE / MIB
    return {
        "many_mib_s": sent / seconds,
        "many_cpu_s_gib": spent * 1024 / max(sent, 1),
        "refused": refused,
    }


async def _players(source: Source) -> Figures:
    """Measure the time to the first byte of 200 players that start within two seconds.

    Each plays at 2 Mbit/s.
    """
    firsts: list[float] = []

    async def play(number: int) -> None:
        await asyncio.sleep(number * BEGIN_SECONDS / READERS)
        # A slow line has a small receive window; loopback would accept megabytes.
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        line.setblocking(False)
        await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", source.port))
        reader, writer = await asyncio.open_connection(sock=line, limit=16 * 1024)
        started = time.perf_counter()
        writer.write(source.request(0, SIZE - 1))
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
    """Return False for a 503 response."""
    head = await reader.readuntil(b"\r\n\r\n")
    assert head[9:12] in (b"206", b"503"), head
    return head[9:12] == b"206"


async def _skip(reader: asyncio.StreamReader, number: int) -> None:
    while number > 0:
        got = len(await reader.read(min(number, MIB)))
        assert got, "the answer was cut"
        number -= got
