"""Files of a folder that other processes change at the same time.

What is removed during a walk is left out; `Path.rglob` would raise an error.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from contextlib import suppress
from pathlib import Path


def read_files(folder: Path, *, without: Container[str] = ()) -> Iterator[tuple[Path, bytes]]:
    """Yield path and content of every regular file below a folder.

    Args:
        folder: Where to begin.
        without: Names of folders that are not entered.
    """
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in without]
        for path in (Path(parent, name) for name in names):
            with suppress(FileNotFoundError):
                if path.is_file():
                    yield path, path.read_bytes()


def statuses(folder: Path) -> dict[Path, os.stat_result]:
    """Return the status of each file, folder and link below a folder."""
    found = {}
    for parent, folders, names in os.walk(folder):
        for path in (Path(parent, name) for name in (*folders, *names)):
            with suppress(FileNotFoundError):
                found[path] = path.lstat()
    return found
