"""Speaking tus 1.0.0, a request at a time."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import httpx2

from tests.library.school import Topic
from tests.parts.files import statuses
from tests.parts.server import Server

UPLOADS = "/api/uploads"
VERSION = {"Tus-Resumable": "1.0.0"}
BYTES = {"Content-Type": "application/offset+octet-stream"}


def metadata(**pairs: str) -> str:
    return ",".join(f"{name} {base64.b64encode(v.encode()).decode()}" for name, v in pairs.items())


def plan(topic: Topic, **changes: str | None) -> str:
    """The metadata of a text document, with changes; None leaves a key out."""
    pairs: dict[str, str | None] = {
        "kind": "document",
        "topicId": topic.id,
        "filename": "notes.txt",
        "filetype": "text/plain",
    }
    pairs |= changes
    return metadata(**{name: value for name, value in pairs.items() if value is not None})


def video_plan(topic: Topic) -> str:
    return plan(topic, kind="video", filename="film.mp4", filetype="video/mp4")


def create(
    api: Server,
    length: int | None,
    sent: str,
    *,
    as_: str | None = "admin",
    content: bytes = b"",
    headers: dict[str, str] | None = None,
) -> httpx2.Response:
    given = VERSION | {"Upload-Metadata": sent} | (BYTES if content else {}) | (headers or {})
    if length is not None:
        given["Upload-Length"] = str(length)
    return api.post(UPLOADS, as_=as_, headers=given, content=content)


def begun(response: httpx2.Response) -> str:
    """The path of a new upload."""
    assert response.status_code == 201, response.text
    assert response.headers["tus-resumable"] == "1.0.0"
    location = str(response.headers["location"])
    assert location == f"{UPLOADS}/{response.json()['data']['id']}"
    return location


def append(
    api: Server,
    path: str,
    offset: int | str,
    content: Any,
    *,
    as_: str | None = "admin",
    headers: dict[str, str] | None = None,
) -> httpx2.Response:
    given = VERSION | BYTES | {"Upload-Offset": str(offset)} | (headers or {})
    return api.request("PATCH", path, as_=as_, headers=given, content=content)


def head(api: Server, path: str, *, as_: str | None = "admin") -> httpx2.Response:
    return api.request("HEAD", path, as_=as_, headers=VERSION)


def offset(api: Server, path: str) -> int:
    response = head(api, path)
    assert response.status_code == 200
    return int(response.headers["upload-offset"])


def cancel(api: Server, path: str, *, as_: str | None = "admin") -> httpx2.Response:
    return api.delete(path, as_=as_, headers=VERSION)


def checksum(content: bytes, algorithm: str = "sha1") -> dict[str, str]:
    digest = hashlib.new(algorithm, content).digest()
    return {"Upload-Checksum": f"{algorithm} {base64.b64encode(digest).decode()}"}


def files(api: Server) -> dict[str, int]:
    """The size of every file that an upload has in the data folder."""
    found = statuses(api.folder / "uploads")
    return {path.name: status.st_size for path, status in found.items()}
