"""The operating-system user of the private PostgreSQL, which refuses to run as root.

Started by root it runs as the unprivileged user `akako`, and only its own folder is given to that
user: the permissions of the folders above are looked at and never changed.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

NAME = "akako"


class EmbeddedPostgresError(RuntimeError):
    """The private PostgreSQL cannot run; the message is one line for the operator."""


class Owner(NamedTuple):
    uid: int
    gid: int


def choose_owner(folder: Path) -> Owner:
    """Return the caller; for root the owner of `folder`, else the system user `akako`."""
    if os.geteuid() != 0:
        return Owner(os.geteuid(), os.getegid())
    if folder.exists():
        status = folder.stat()
        if status.st_uid != 0:
            return Owner(status.st_uid, status.st_gid)
    account = _account()
    return Owner(account.pw_uid, account.pw_gid)


def _account() -> pwd.struct_passwd:
    """Return the system user `akako`; create it if it is missing."""
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        useradd = shutil.which("useradd", path=f"{os.defpath}:/usr/sbin:/sbin")
    if useradd is None:
        raise EmbeddedPostgresError(
            f"PostgreSQL refuses to run as root and there is no system user {NAME}: make one, "
            "start Akako as an ordinary user, or set AKAKO_DATABASE_URL"
        )
    nologin = shutil.which("nologin", path="/usr/sbin:/sbin") or "/bin/false"
    command = [useradd, "--system", "--user-group", "--no-create-home", "--shell", nologin, NAME]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return pwd.getpwnam(NAME)  # also when another process made it at the same time
    except KeyError:
        reason = " ".join(made.stderr.split())
        raise EmbeddedPostgresError(f"useradd {NAME} failed: {reason}") from None


def blocking_folder(path: Path, owner: Owner) -> Path | None:
    """Return the topmost folder above `path` that the owner may not traverse, if any."""
    for folder in reversed(path.resolve().parents):
        status = folder.stat()
        as_group = stat.S_IXGRP if status.st_gid == owner.gid else stat.S_IXOTH
        needed = stat.S_IXUSR if status.st_uid == owner.uid else as_group
        if not status.st_mode & needed:
            return folder
    return None


def run_as(
    owner: Owner, command: Sequence[str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run a program as the owner, without the terminal and the environment of this process.

    The environment contains secrets, and PG… variables that would change the program's behaviour.
    """
    root = os.geteuid() == 0
    try:
        return subprocess.run(
            command,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            start_new_session=True,
            umask=0o077,
            user=owner.uid if root else None,
            group=owner.gid if root else None,
            extra_groups=[] if root else None,
        )
    except subprocess.TimeoutExpired:
        raise EmbeddedPostgresError(f"{command[0]} took more than {timeout:g} seconds") from None
