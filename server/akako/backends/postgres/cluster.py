"""The files of the private PostgreSQL in a data folder, and how they are made."""

from __future__ import annotations

import os
import secrets
import shutil
import threading
from pathlib import Path

from akako.backends.postgres.binaries import Programs
from akako.backends.postgres.owner import EmbeddedPostgresError, Owner, run_as

NAME = "akako"  # of the database, and of the role that owns it and nothing else
SUPERUSER = "postgres"
INITDB_SECONDS = 120


class Folder:
    """The paths of the private PostgreSQL. Its user owns only `root` and everything below it."""

    def __init__(self, data_dir: Path) -> None:
        self.home = data_dir.resolve()
        self.users = self.home / "postgres.users"
        self.lock = self.home / "postgres.lock"  # holds the port that was used last
        self.root = self.home / "postgres"
        self.data = self.root / "data"
        self.password = self.root / "password"
        self.startup_log = self.root / "startup.log"
        self.pid_file = self.data / "postmaster.pid"

    def url(self, port: int, role: str = NAME) -> str:
        database = NAME if role == NAME else "postgres"
        return f"postgresql://{role}:{self.password.read_text()}@127.0.0.1:{port}/{database}"

    def made_by(self) -> int | None:
        """Return the major version of the database; None if there is none yet."""
        version = self.data / "PG_VERSION"
        return int(version.read_text()) if version.exists() else None


def make_cluster(folder: Folder, programs: Programs, owner: Owner, *, sync: bool) -> None:
    """Create the database files, completely or not at all. `sync`: start to sync the disk."""
    folder.root.mkdir(mode=0o700, exist_ok=True)
    making = folder.root / "making"
    if making.exists():
        shutil.rmtree(making)
    _write_secret(folder.password)
    for path in (folder.root, folder.password):
        os.chown(path, *owner)
    output = _initdb(folder, programs, owner, making)
    if output is not None:
        raise EmbeddedPostgresError(f"PostgreSQL's initdb failed: {reason(output)}")
    making.rename(folder.data)
    if sync:
        # In a thread, because a slow disk may need longer than the start of the server.
        threading.Thread(target=os.sync, daemon=True).start()


def _initdb(folder: Folder, programs: Programs, owner: Owner, making: Path) -> str | None:
    """Run initdb. Return None on success, and otherwise its output."""
    program = str(programs.folder / "initdb")
    command = [program, "-D", str(making), "-U", SUPERUSER, f"--pwfile={folder.password}"]
    command += ["--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums", "--no-instructions"]
    command.append("--no-sync")
    if programs.major >= 17:
        locales = [["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]]
    else:
        locales = [["--locale=C.UTF-8"], ["--locale=C"]]  # not every machine knows the first
    output = ""
    for locale in locales:
        done = run_as(owner, [*command, *locale], INITDB_SECONDS)
        if done.returncode == 0:
            return None
        output = done.stdout
    return output


def _write_secret(path: Path) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(24))


def reason(output: str) -> str:
    """Return the line of a log that gives the reason, for a message of one line."""
    lines = output.strip().splitlines() or ["there was no output"]
    fatal = [line for line in lines if "FATAL:" in line or "error:" in line]
    return (fatal or lines)[-1].strip()
