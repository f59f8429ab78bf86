"""`make bench`: the server beside its peers, turn by turn, in one run."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import platform
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

from akako import __version__
from akako.backends.dev_issuer import DevIssuer
from akako.migrations.run import migrate
from bench import data, load, servers
from tests.parts.postgres import passable_folder, start_postgres
from tests.parts.valkey import start_valkey

CONNECTIONS = 16
RESULTS = Path(__file__).with_name("results.jsonl")
PEERS = {"W1": ["handwritten", "static"], "W1b": ["handwritten"], "W2": ["handwritten"], "W2b": []}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def request(path: str, **headers: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def requests(port: int, token: str, users: int) -> dict[str, bytes]:
    """The request of each workload, as this server wants it asked."""
    levels = "/api/education/levels?page=1&limit=20"
    _, headers, _ = await load.once(port, request(levels))
    signed = {"Authorization": f"Bearer {token}"}
    deep = "/api/users?sort=createdAt&order=asc&limit=20"
    status, found, _ = await load.once(port, request(f"{deep}&page={users * 9 // 200}", **signed))
    assert status == 200, status
    cursor = found[b"link"].decode().partition("cursor=")[2].partition(">")[0]
    return {
        "W1": request(levels),
        "W1b": request(levels, If_None_Match=headers[b"etag"].decode()),
        "W2": request("/api/users?search=john&limit=20", **signed),
        "W2b": request(f"{deep}&cursor={cursor}", **signed),
    }


async def check_same(ports: dict[str, int], asked: dict[str, bytes]) -> None:
    """The peers must do the same work before their times are worth comparing."""
    for name in ("W1", "W2"):
        bodies = {
            peer: (await load.once(ports[peer], asked[name]))[2]
            for peer in ("akako", "handwritten")
        }
        assert bodies["akako"] == bodies["handwritten"], f"{name}: the answers differ"


async def measure(
    ports: dict[str, int],
    pids: dict[str, int],
    asked: dict[str, bytes],
    seconds: float,
    rounds: int,
) -> dict[str, dict[str, dict[str, float]]]:
    """CPU microseconds per request, and latency, for every workload and peer, interleaved."""
    costs: dict[str, dict[str, list[float]]] = {}
    waits: dict[str, dict[str, list[float]]] = {}
    for _ in range(rounds):
        for name, wanted in asked.items():
            for peer in ("akako", *PEERS[name]):
                before = servers.cpu_seconds(pids[peer])
                done = await load.drive(
                    ports[peer], wanted, seconds=seconds, connections=CONNECTIONS
                )
                spent = servers.cpu_seconds(pids[peer]) - before
                assert done.statuses <= {200, 304}, done.statuses
                costs.setdefault(name, {}).setdefault(peer, []).append(spent / done.answers * 1e6)
                waits.setdefault(name, {}).setdefault(peer, []).append(done.percentile(0.99))
    return {
        name: {
            peer: {
                "cpu_us": round(statistics.median(values), 1),
                "p99_ms": round(statistics.median(waits[name][peer]) * 1000, 2),
            }
            for peer, values in by_peer.items()
        }
        for name, by_peer in costs.items()
    }


def show(results: dict[str, dict[str, dict[str, float]]]) -> None:
    print(f"{'':6}{'peer':14}{'CPU µs/request':>16}{'akako ÷ peer':>14}{'p99 ms':>10}")
    for name, by_peer in results.items():
        for peer, figures in by_peer.items():
            ratio = by_peer["akako"]["cpu_us"] / figures["cpu_us"]
            print(
                f"{name:6}{peer:14}{figures['cpu_us']:16.1f}{ratio:14.2f}{figures['p99_ms']:10.2f}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=2.0, help="per turn")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(passable_folder())
        database = start_postgres(folder)
        stack.callback(database.stop)
        valkey = start_valkey(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        stack.callback(valkey.stop)
        migrate(database.url)
        print(f"filling the database with {options.users:,} users", file=sys.stderr)
        data.fill(database.url, options.users)
        environment = {
            "AKAKO_DATA_DIR": str(folder),
            "AKAKO_DATABASE_URL": database.url,
            "AKAKO_REDIS_URL": valkey.url,
            "AKAKO_RATE_LIMIT_GENERAL": "999999/60",
        }
        token = DevIssuer.open(folder).mint("user_admin")
        ports = {peer: free_port() for peer in ("akako", "handwritten", "static")}
        commands = {peer: servers.peer(peer, port) for peer, port in ports.items()}
        commands["akako"] = servers.akako(ports["akako"])
        pids = {
            peer: stack.enter_context(servers.started(commands[peer], ports[peer], environment))
            for peer in ports
        }
        asked = asyncio.run(requests(ports["akako"], token, options.users))
        asyncio.run(check_same(ports, asked))
        results = asyncio.run(measure(ports, pids, asked, options.seconds, options.rounds))
        memory = round(servers.memory_mib(pids["akako"]), 1)
    show(results)
    print(f"resident memory of the worker afterwards: {memory} MiB")
    record = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "version": __version__,
        "python": platform.python_version(),
        "users": options.users,
        "results": results,
        "memory_mib": memory,
    }
    with RESULTS.open("a") as file:
        file.write(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
