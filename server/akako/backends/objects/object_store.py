"""Open the object store of a location."""

from __future__ import annotations

from pathlib import Path

from akako.backends.objects.folder_store import FolderStore
from akako.backends.objects.s3_store import S3Access, S3Store
from akako.kernel.core.ports import ObjectStore
from akako.kernel.files.modes import PRIVATE, Modes
from akako.kernel.files.space import RESERVE, Reserve


def open_store(
    location: str | Path,
    access: S3Access | None = None,
    modes: Modes = PRIVATE,
    reserve: Reserve = RESERVE,
) -> ObjectStore:
    """Return the store at `s3://bucket[/prefix]` or in a local folder, without connecting to it.

    `modes` are the permissions of files and folders in a local folder.

    Raises:
        ValueError: if the location is not supported.
    """
    if isinstance(location, str) and location.startswith("s3://"):
        return S3Store(location, access or S3Access())
    if isinstance(location, str) and "://" in location:
        raise ValueError("must be a folder or s3://bucket")
    return FolderStore(Path(location), modes, reserve)
