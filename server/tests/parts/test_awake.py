"""The clock counts every wait of a process that runs, and hardly a stop of the process."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.parts.awake import MOST_SECONDS, AwakeClock
from tests.parts.freezing import freeze, thaw

SERVER = Path(__file__).parents[2]
WAIT_SECONDS = 20.0
FROZEN_SECONDS = 1.0
# Prints how long the wait for a line of input took, and how much of it the clock counted.
CHILD = """
import time
from tests.parts.awake import AwakeClock
with AwakeClock() as clock:
    started, counted = time.monotonic(), clock()
    print("ready", flush=True)
    input()
    print(time.monotonic() - started, clock() - counted)
"""


def test_a_long_pause_between_two_ticks_counts_little() -> None:
    clock, now = AwakeClock(), time.monotonic() + 1000
    clock.tick(now)
    before = clock()
    for at in (0.02, 0.04, 5.0, 5.01):
        clock.tick(now + at)
    assert clock() - before == pytest.approx(0.02 + 0.02 + MOST_SECONDS + 0.01)


def send_after(clock: AwakeClock, seconds: float, line: socket.socket) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while clock() < seconds and time.monotonic() < deadline:
        time.sleep(0.005)
    if clock() >= seconds:
        line.sendall(b"counted")


def test_waiting_for_a_socket_counts() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, AwakeClock() as clock:
        ours.settimeout(2 * WAIT_SECONDS)
        sender = threading.Thread(target=send_after, args=(clock, 0.3, theirs))
        sender.start()
        assert ours.recv(10) == b"counted"
        sender.join()


async def test_waiting_on_the_event_loop_counts() -> None:
    with AwakeClock() as clock:
        async with asyncio.timeout(WAIT_SECONDS):
            while clock() < 0.3:
                await asyncio.sleep(0.01)
        assert clock() >= 0.3


def test_busy_python_code_counts() -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    with AwakeClock() as clock:
        while clock() < 0.3:
            assert time.monotonic() < deadline


def test_a_stop_of_the_process_counts_little() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CHILD],
        cwd=SERVER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout
        assert child.stdout.readline() == "ready\n"
        freeze([child.pid])
        time.sleep(FROZEN_SECONDS)
        thaw([child.pid])
        output, _ = child.communicate("\n", timeout=WAIT_SECONDS)
    passed, counted = map(float, output.split())
    assert passed >= FROZEN_SECONDS
    # The count at the start may be one tick old.
    assert passed - counted >= FROZEN_SECONDS - 3 * MOST_SECONDS
