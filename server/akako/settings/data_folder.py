"""Create the data folder, and close folders in it that an older version left open."""

from __future__ import annotations

import os
from pathlib import Path

from akako.kernel.files.modes import PRIVATE, Modes


def make_top_folder(path: Path, mode: int) -> None:
    """Create a missing folder with this mode; its parents stay passable."""
    path = path.absolute()
    for missing in reversed([each for each in (path, *path.parents) if not each.exists()]):
        missing.mkdir(exist_ok=True)
        missing.chmod(mode if missing == path else 0o755)


def close_folder(data_dir: Path, stored: Modes) -> None:
    """Remove permissions that an older version granted in the data folder.

    A closed folder protects everything in it, so files are not visited. Only folders of the
    server's user are changed. PostgreSQL closes its own folder; the copy of its programs is not
    private.
    """
    for path in data_dir.iterdir():
        if path.name in ("files", "uploads"):
            _set_mode(path, stored.folder if path.name == "files" else PRIVATE.folder)
        elif path.name.startswith("dev-") and not path.is_symlink():
            _set_mode(path, PRIVATE.file)


def _set_mode(path: Path, mode: int) -> None:
    status = path.stat()
    if status.st_mode & 0o777 != mode and status.st_uid == os.geteuid():
        os.chmod(path, mode)
