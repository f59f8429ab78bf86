"""Uploads that go on where they broke off, after the tus protocol, version 1.0."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import httpx2

from akako_lms._drivers import Content
from akako_lms._session import Request, Session, key_for
from akako_lms._sources import Progress, Source, Tally
from akako_lms._wire import segment
from akako_lms.errors import INTERRUPTED, UNREADABLE, AkakoError, ConnectionFailedError, failure

PIECE_BYTES = 8 * 1024 * 1024
TUS = {"Tus-Resumable": "1.0.0"}


async def upload(
    session: Session,
    source: Source,
    metadata: dict[str, str],
    *,
    upload_id: str | None,
    started: Callable[[str], None] | None,
    progress: Progress | None,
) -> Any:
    """Send a file in pieces; returns what it has become, a document or a video."""
    if source.size is None or not source.rewindable:
        raise ValueError("a resumable upload needs a path, bytes or a file that can be rewound")
    if upload_id is None:
        offset, upload_id = 0, await _create(session, source.size, metadata)
        if started:
            started(upload_id)
    else:
        offset = await _offset(session, upload_id)
    tries = 0
    while True:
        answer = await _send_piece(session, upload_id, source, offset, progress)
        if isinstance(answer, httpx2.Response):
            before, offset = offset, _received_offset(answer)
            if offset == source.size:
                return await _result(session, upload_id, metadata["kind"])
            if offset <= before:
                raise failure(answer.status_code, UNREADABLE, "The server took none of it")
            tries = 0
            continue
        tries += 1
        # 409: the server has more or less than we believe.
        if answer.status != 409 or tries > 1:
            await session.recover(answer, tries)
        before, offset = offset, await _offset(session, upload_id)
        tries = tries if offset == before else 0


async def cancel(session: Session, upload_id: str) -> None:
    """Give up an upload. Raise NotFoundError where there is none that is still under way."""
    path = f"/uploads/{segment(upload_id)}"
    await session.send(Request(method="DELETE", path=path, headers=TUS))


async def _create(session: Session, size: int, metadata: dict[str, str]) -> str:
    pairs = (f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in metadata.items())
    headers = {**TUS, **key_for("POST"), "Upload-Length": str(size)}
    headers["Upload-Metadata"] = ",".join(pairs)
    response = await session.send(Request(method="POST", path="/uploads", headers=headers))
    # Only the id: wherever a location points, the token goes nowhere else.
    upload_id = str(response.headers.get("location", "")).rstrip("/").rpartition("/")[2]
    if not upload_id:
        raise failure(response.status_code, UNREADABLE, "The answer names no upload")
    return upload_id


async def _offset(session: Session, upload_id: str) -> int:
    path = f"/uploads/{segment(upload_id)}"
    return _received_offset(await session.send(Request(method="HEAD", path=path, headers=TUS)))


async def _result(session: Session, upload_id: str, kind: str) -> Any:
    data, _ = await session.data("GET", f"/uploads/{segment(upload_id)}")
    return data.get(kind) if isinstance(data, dict) else None


async def _send_piece(
    session: Session, upload_id: str, source: Source, offset: int, progress: Progress | None
) -> httpx2.Response | AkakoError:
    """Send the next piece. After the last one this sends nothing, and learns that it is there."""
    assert source.size is not None
    length = min(PIECE_BYTES, source.size - offset)
    headers = {
        **TUS,
        "Upload-Offset": str(offset),
        "Content-Type": "application/offset+octet-stream",
        "Content-Length": str(length),
    }

    def content() -> Content:
        tally = Tally(progress, source.size, offset=offset)
        return Content(source.chunks(offset, length), tally)

    path = f"/uploads/{segment(upload_id)}"
    # One try each: how to go on depends on what has arrived.
    piece = Request(method="PATCH", path=path, headers=headers, content=content, tries=1)
    try:
        return await session.send(piece)
    except ConnectionFailedError as problem:
        # However it broke: what has arrived is kept.
        return failure(0, INTERRUPTED, problem.message)
    except AkakoError as problem:
        return problem


def _received_offset(response: httpx2.Response) -> int:
    value = response.headers.get("upload-offset", "")
    if not value.isdigit():
        raise failure(response.status_code, UNREADABLE, "The answer has no Upload-Offset")
    return int(value)
