"""Objects in a folder, put there without the API."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator

from akako.backends.objects.folder_store import FolderStore
from akako.kernel.core.errors import ServiceUnavailable
from akako.kernel.core.ids import new_id

# A minute passes for every deferred job.
LATER = "update procrastinate_jobs set scheduled_at = now() - interval '1 second'"


async def put(store: FolderStore, *, age: float = 0) -> str:
    async def content() -> AsyncIterator[bytes]:
        yield b"content"

    key = f"documents/{new_id()}/{new_id()}"
    await store.put(key, content())
    if age:
        path = store.local_path(key)
        assert path
        os.utime(path, (time.time() - age, time.time() - age))
    return key


async def keys(store: FolderStore) -> set[str]:
    return {each.key async for each in store.list()}


class Stubborn(FolderStore):
    """A folder of which one object cannot be deleted at present."""

    key = ""

    async def delete(self, key: str) -> None:
        if key == self.key:
            raise ServiceUnavailable
        await super().delete(key)
