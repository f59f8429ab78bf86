"""Opens the store that a location names."""

from __future__ import annotations

from pathlib import Path

from akako.backends.folder_store import FolderStore
from akako.backends.s3_store import S3Access, S3Store
from akako.kernel.ports import ObjectStore


def open_store(location: str | Path, access: S3Access | None = None) -> ObjectStore:
    """The store at `s3://bucket[/prefix]` or in a folder of this machine.

    Raise ValueError for a location that cannot be used; no connection is made yet.
    """
    if isinstance(location, str) and location.startswith("s3://"):
        return S3Store(location, access or S3Access())
    if isinstance(location, str) and "://" in location:
        raise ValueError("Objects are stored in a folder or under s3://bucket")
    return FolderStore(Path(location))
