"""Starting what is measured, and reading what it cost."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its living and dead children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = sum(int(field) for field in fields[11:15]) / TICKS
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(cpu_seconds(int(child)) for child in children)


def memory_mib(pid: int) -> float:
    """Resident memory of a process."""
    return (
        int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20
    )


@contextmanager
def started(command: list[str], port: int, environment: Mapping[str, str]) -> Iterator[int]:
    """A server in a process of its own; yields its process id once it answers."""
    environment = {**os.environ, **environment, "PYTHONPATH": f"{ROOT / 'server'}:{ROOT}"}
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command} did not start")
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=2).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def akako(port: int) -> list[str]:
    return [sys.executable, "-m", "akako.cli", "serve", "--port", str(port)]


def peer(module: str, port: int) -> list[str]:
    """A peer under the same server, loop and parser as ours."""
    options = ["--loop", "uvloop", "--http", "httptools", "--lifespan", "off", "--no-access-log"]
    options += ["--log-level", "error", "--no-server-header", "--port", str(port)]
    return [sys.executable, "-m", "uvicorn", f"bench.peers.{module}:app", *options]
