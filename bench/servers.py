"""Start the measured servers, and read their CPU time and memory."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench import rivals

ROOT = Path(__file__).parents[1]
TICKS = os.sysconf("SC_CLK_TCK")
START_SECONDS = 90


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_seconds(pid: int) -> float:
    """Return the user and system time of a process and of its living and dead children."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        dead = sum(int(field) for field in fields[13:15]) / TICKS
        # The CPU clock of the process: like `stat`, but not rounded to ticks.
        own = time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0  # it has ended; the counters of its parent include its time
    return own + dead + sum(map(cpu_seconds, children(pid)))


def children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += map(int, task.read_text().split())
    return found


def memory_mib(pid: int, kind: str = "VmRSS") -> float:
    """Return the memory of a process in MiB: VmRSS is the current value, VmHWM the maximum."""
    found = re.search(rf"{kind}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


def proportional_mib(pid: int) -> float:
    """Return the proportional memory (PSS) of a process and its children in MiB."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    assert found
    return int(found[1]) / 1024 + sum(map(proportional_mib, children(pid)))


def forget_peak(pid: int) -> None:
    """Reset VmHWM to the current value."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def process_environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process of this checkout, without settings of the caller."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AKAKO_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**kept, "PYTHONPATH": f"{ROOT / 'server'}:{ROOT}", **given}


@contextmanager
def started(
    command: list[str], port: int, environment: Mapping[str, str], *, log: Path, folder: Path = ROOT
) -> Iterator[int]:
    """Start a server process; yield its process id when it responds."""
    env = process_environment({**environment, "PORT": str(port)})
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=env, cwd=folder, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command} did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5).close()
    except urllib.error.HTTPError as error:
        return error.code != 503
    except OSError:
        return False
    return True


def akako(port: int, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "akako.cli", "serve", "--port", str(port), *arguments]


@contextmanager
def rival(name: str, port: int, environment: Mapping[str, str], log: Path) -> Iterator[int]:
    """Start a peer as its documentation recommends."""
    command, folder = rivals.command(name, port)
    with started(command, port, environment, log=log, folder=folder) as pid:
        yield pid
