"""What is frozen does nothing, from the moment `freeze` returns until it is thawed."""

from __future__ import annotations

import subprocess
import sys
import time

from tests.parts.freezing import freeze, thaw
from tests.parts.process_tree import is_frozen

# Four threads that add to one number without end, and one that tells it on request.
BUSY = """
import sys, threading
def count():
    global done
    while True:
        done += 1
done = 0
for _ in range(4):
    threading.Thread(target=count, daemon=True).start()
print("counting", flush=True)
for _ in sys.stdin:
    print(done, flush=True)
"""


def test_a_busy_process_stops_at_once_and_goes_on_later() -> None:
    command = [sys.executable, "-c", BUSY]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:  # type: ignore[call-overload]
        try:
            assert process.stdout.readline() == "counting\n"
            assert not is_frozen(process.pid)
            freeze([process.pid])
            assert is_frozen(process.pid)
            used = cpu_ticks(process.pid)
            time.sleep(0.2)
            assert cpu_ticks(process.pid) == used
            thaw([process.pid])
            process.stdin.write("how many?\n")
            process.stdin.flush()
            assert int(process.stdout.readline()) > 0
        finally:
            process.kill()


def test_a_process_that_has_ended_needs_no_waiting() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    freeze([process.pid])
    thaw([process.pid])


def cpu_ticks(pid: int) -> list[str]:
    """Return the time that the process has used, for itself and in the system."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[11:13]
