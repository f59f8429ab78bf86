"""Requests made at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import httpx2

from tests.library.school import UPLOAD, Topic
from tests.parts import promises
from tests.parts.server import Server

Asking = Callable[[httpx2.AsyncClient], Coroutine[Any, Any, httpx2.Response]]


async def together(api: Server, *asking: Asking) -> list[httpx2.Response]:
    """The answers in the order of the requests."""
    async with httpx2.AsyncClient(
        event_hooks=promises.HOOKS, base_url=api.url, timeout=60
    ) as client:
        return await asyncio.gather(*(ask(client) for ask in asking))


def documents(
    api: Server, topic: Topic, contents: Sequence[bytes], *, as_: str = "admin", key: str = ""
) -> list[Asking]:
    """One upload for each content, all with the same Idempotency-Key if one is given."""
    headers = api.headers(as_) | ({"Idempotency-Key": key} if key else {})

    def asking(content: bytes) -> Asking:
        files = {"file": ("notes.txt", content)}
        data = {"topicId": topic.id}
        return lambda client: client.post(UPLOAD, files=files, data=data, headers=headers)

    return [asking(content) for content in contents]


def videos(
    api: Server, topic: Topic, contents: Sequence[bytes], *, as_: str = "admin", **headers: str
) -> list[Asking]:
    """One replacement for each content; `headers` are written with underscores."""
    given = api.headers(as_) | {name.replace("_", "-"): value for name, value in headers.items()}

    def asking(content: bytes) -> Asking:
        files = {"video": ("film.mp4", content)}
        return lambda client: client.put(topic.video_admin, files=files, headers=given)

    return [asking(content) for content in contents]
