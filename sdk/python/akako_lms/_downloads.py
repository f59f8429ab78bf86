"""Files on their way in. A download that breaks off goes on from where it was."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import unquote

import httpx2

from akako_lms._answers import no_answer
from akako_lms._session import Request, Session
from akako_lms._sources import Progress
from akako_lms._wire import to_query
from akako_lms.errors import INTERRUPTED, UNREADABLE, RangeNotSatisfiableError, failure

Target = str | os.PathLike[str] | IO[bytes]


@dataclass(frozen=True, kw_only=True)
class Download:
    """What was written: `size` in bytes, the name that the file has on the server, its type."""

    size: int
    file_name: str | None
    mime_type: str | None


class Sink:
    """Where a download goes.

    To a path it is written as `<name>.part` beside it, with the version in `<name>.part.etag`; a
    later call finds them there and goes on. To a file object it is written from where that stands.
    """

    def __init__(self, target: Target) -> None:
        self.have = 0
        self.etag: str | None = None
        self._file: IO[bytes] | None = None
        self._path = Path(target) if isinstance(target, (str, os.PathLike)) else None
        if self._path:
            self._part = self._path.with_name(f"{self._path.name}.part")
            self._tag = self._path.with_name(f"{self._path.name}.part.etag")
            self._find_part()
        elif not isinstance(target, (str, os.PathLike)):
            self._file = target
            self._start = target.tell() if target.seekable() else None

    def _find_part(self) -> None:
        if self._part.exists() and self._tag.exists():
            self.have, self.etag = self._part.stat().st_size, self._tag.read_text()

    def headers(self) -> dict[str, str]:
        """What to ask for: the rest of this very version, or all of another."""
        if not self.have or not self.etag:
            return {}
        return {"Range": f"bytes={self.have}-", "If-Range": self.etag}

    def begin(self, response: httpx2.Response) -> None:
        """Get ready for the body of this answer."""
        goes_on = response.status_code == 206
        if goes_on and _first_byte(response.headers) != self.have:
            raise failure(206, UNREADABLE, "Another part of the file came than was asked for")
        if not goes_on:
            self._restart(response.headers.get("etag"))
        if self._path and self._file is None:
            self._file = self._part.open("ab")

    def _restart(self, etag: str | None) -> None:
        if self._path:
            self.close()
            self._part.unlink(missing_ok=True)
            self._tag.write_text(etag or "")
        elif self.have:
            if self._file is None or self._start is None:
                raise failure(200, UNREADABLE, "The file changed while it was downloaded")
            self._file.seek(self._start)
            self._file.truncate()
        self.have, self.etag = 0, etag

    def write(self, chunk: bytes) -> None:
        assert self._file is not None
        self._file.write(chunk)
        self.have += len(chunk)

    def finish(self) -> None:
        self.close()
        if self._path:
            self._part.replace(self._path)
            self._tag.unlink()

    def close(self) -> None:
        """Close what was opened here; the caller's own file object stays open."""
        if self._path and self._file:
            self._file.close()
            self._file = None


async def download(
    session: Session,
    path: str,
    query: Mapping[str, str | None],
    target: Target,
    progress: Progress | None,
) -> Download:
    """Write a file to `target`."""
    sink = await session.work(functools.partial(Sink, target))
    try:
        tries = 0
        while True:
            had, tries = sink.have, tries + 1
            try:
                response = await _receive(session, path, query, sink, progress)
            except httpx2.HTTPError as error:
                tries = tries if sink.have == had else 1
                await session.recover(no_answer(error, INTERRUPTED), tries)
            else:
                await session.work(sink.finish)
                return _downloaded(sink, response)
    finally:
        sink.close()


async def _receive(
    session: Session,
    path: str,
    query: Mapping[str, str | None],
    sink: Sink,
    progress: Progress | None,
) -> httpx2.Response | None:
    """Receive what is missing; None where nothing was."""
    asked = {"Accept-Encoding": "identity", **sink.headers()}
    request = Request(method="GET", path=path, query=to_query(query), headers=asked, whole=False)
    try:
        response = await session.send(request)
    except RangeNotSatisfiableError as error:
        if error.details.get("size") == sink.have:
            return None
        if sink.etag is None:
            raise
        sink.etag = None  # what is there cannot be a part of the file: all of it anew
        return await _receive(session, path, query, sink, progress)

    def report() -> None:
        if progress:
            progress(sink.have, _total(response.headers))

    await session.receive(response, functools.partial(sink.begin, response), sink.write, report)
    return response


def _downloaded(sink: Sink, response: httpx2.Response | None) -> Download:
    headers: Mapping[str, str] = response.headers if response is not None else {}
    name, kind = _file_name(headers.get("content-disposition", "")), headers.get("content-type")
    return Download(size=sink.have, file_name=name, mime_type=kind)


def _file_name(disposition: str) -> str | None:
    """The name in full, of which `filename` is only what fits into ASCII."""
    full = re.search(r"filename\*=UTF-8''([^;\s]+)", disposition, re.IGNORECASE)
    if full:
        return unquote(full[1])
    plain = re.search(r'filename="([^"]*)"', disposition)
    return plain[1] if plain else None


def _first_byte(headers: Mapping[str, str]) -> int | None:
    found = re.match(r"bytes (\d+)-", headers.get("content-range", ""))
    return int(found[1]) if found else None


def _total(headers: Mapping[str, str]) -> int | None:
    """The size of the whole file, whichever part of it this is."""
    total = headers.get("content-range", "").rpartition("/")[2] or headers.get("content-length", "")
    return int(total) if total.isdigit() else None
