"""A class that begins its lesson in the web app: sign-in, Home, the same topic, its video."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence

import httpx2

from tests.classroom.lesson import FILM_BYTES, PIECE_BYTES, Answer, Lesson
from tests.library.school import Topic
from tests.parts.server import Server

P95_SECONDS = 1.5
FILES = re.compile(r'(?:href|src)="(/static/[^"#]+)')


async def play_pages(
    api: Server, topic: Topic, learners: Sequence[str], *, arriving: float
) -> Lesson:
    """Let all learners open the topic in browsers of their own, behind one address.

    Args:
        arriving: Seconds within which all learners have begun.
    """
    started = time.perf_counter()
    answers: list[Answer] = []
    visits = (
        _Browser(api, answers).attend(name, topic, arriving * number / len(learners))
        for number, name in enumerate(learners)
    )
    await asyncio.gather(*visits)
    return Lesson(answers, time.perf_counter() - started)


class _Browser:
    """A learner's browser: one cookie jar, one cache, a few connections."""

    def __init__(self, api: Server, answers: list[Answer]) -> None:
        self._url = api.url
        self._answers = answers
        self._seen: set[str] = set()

    async def attend(self, name: str, topic: Topic, delay: float) -> None:
        await asyncio.sleep(delay)
        page = f"/topics/{topic.id}?play=1"
        headers = {"Accept": "text/html", "Accept-Encoding": "gzip"}
        async with httpx2.AsyncClient(
            base_url=self._url, timeout=30, headers=headers, verify=False
        ) as http:
            await self._open(http, "sign in", f"/sign-in?next={page}")
            sent = {"person": name, "next": page}
            await self._ask(http, "sign in", "POST", "/sign-in", data=sent)
            await self._open(http, "home", "/home")
            await self._open(http, "topic", page)
            for first in (0, FILM_BYTES // 2, FILM_BYTES - PIECE_BYTES):
                piece = {"Range": f"bytes={first}-{first + PIECE_BYTES - 1}"}
                path = f"/media/topics/{topic.id}/video"
                await self._ask(http, "video", "GET", path, headers=piece)

    async def _open(self, http: httpx2.AsyncClient, step: str, path: str) -> None:
        """Load a page, and the files that this browser does not have yet."""
        text = await self._ask(http, step, "GET", path)
        files = set(FILES.findall(text)) - self._seen
        self._seen |= files
        await asyncio.gather(*(self._ask(http, "files", "GET", each) for each in files))

    async def _ask(
        self, http: httpx2.AsyncClient, step: str, method: str, path: str, **more: object
    ) -> str:
        headers = {"Origin": self._url, **dict(more.pop("headers", {}))}  # type: ignore[call-overload]
        begun = time.perf_counter()
        try:
            answer = await http.request(method, path, headers=headers, **more)  # type: ignore[arg-type]
        except httpx2.TransportError:
            self._answers.append(Answer(step, 0, time.perf_counter() - begun))
            return ""
        status = 200 if answer.status_code == 303 else answer.status_code
        self._answers.append(Answer(step, status, time.perf_counter() - begun))
        return answer.text if "text" in answer.headers.get("content-type", "") else ""
