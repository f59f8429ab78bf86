"""Topics to upload to, forms to upload with, and looks behind the API at what is stored."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import httpx2

from akako.backends.database.pool import Pool
from akako.backends.objects.folder_store import FolderStore
from akako.kernel.core.ports import ObjectStore
from akako.storage import sweeper
from tests.factories import create_enrollment, create_subject, create_topic
from tests.parts.files import read_files
from tests.parts.server import Server

FIXTURES = Path(__file__).parents[1] / "fixtures"
UPLOAD = "/api/s3/document/upload"
STREAM = "/api/s3/document/stream"
MIB = 1024 * 1024

OPEN_XML = "application/vnd.openxmlformats-officedocument"
OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
DOCUMENT_TYPES = {
    "pdf": "application/pdf",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "docx": f"{OPEN_XML}.wordprocessingml.document",
    "xlsx": f"{OPEN_XML}.spreadsheetml.sheet",
    "pptx": f"{OPEN_XML}.presentationml.presentation",
    "odt": f"{OPEN_DOCUMENT}.text",
    "ods": f"{OPEN_DOCUMENT}.spreadsheet",
    "odp": f"{OPEN_DOCUMENT}.presentation",
    "txt": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "vtt": "text/vtt",
    "png": "image/png",
    "jpg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}
VIDEO_TYPES = {
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "ogg": "video/ogg",
    "avi": "video/x-msvideo",
}


class Topic(NamedTuple):
    id: str
    subject_id: str

    @property
    def video(self) -> str:
        return f"/api/education/topics/{self.id}/video"

    @property
    def video_admin(self) -> str:
        return f"/api/admin/education/topics/{self.id}/video"

    @property
    def documents(self) -> str:
        return f"/api/education/topics/{self.id}/documents"


def sample(ending: str) -> bytes:
    return (FIXTURES / f"sample.{ending}").read_bytes()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def add_topic(api: Server, *, mentor: str | None = "mentor", active: bool = True) -> Topic:
    """A topic in a level, a grade and a subject of its own; `mentor` teaches it."""
    mentor_id = api.user_id(mentor) if mentor else None
    with api.db() as db:
        subject = create_subject(db, mentor_id=mentor_id)
        topic = create_topic(db, subject_id=subject.id, active=active)
    return Topic(topic.id, topic.subject_id)


def enroll(api: Server, topic: Topic, who: str, status: str) -> None:
    with api.db() as db:
        create_enrollment(db, user_id=api.user_id(who), subject_id=topic.subject_id, status=status)


def upload(
    api: Server,
    topic: Topic | str,
    name: str = "notes.txt",
    content: bytes = b"Two and two.",
    *,
    type: str | None = None,
    as_: str | None = "admin",
    fields: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> httpx2.Response:
    """POST a document's form."""
    file = (name, content, type) if type else (name, content)
    topic_id = topic.id if isinstance(topic, Topic) else topic
    return api.post(
        UPLOAD,
        as_=as_,
        files={"file": file},
        data={"topicId": topic_id, **(fields or {})},
        headers=headers or {},
    )


def put_video(
    api: Server,
    topic: Topic,
    content: bytes | None = None,
    *,
    name: str = "film.mp4",
    type: str | None = None,
    as_: str | None = "admin",
    headers: dict[str, str] | None = None,
) -> httpx2.Response:
    content = video() if content is None else content
    file = (name, content, type) if type else (name, content)
    return api.put(topic.video_admin, as_=as_, files={"video": file}, headers=headers or {})


def video(padding: int = 0) -> bytes:
    """An MP4 that begins as one; `padding` makes it different and longer."""
    return sample("mp4") + b"\x5a" * padding


def uploaded(response: httpx2.Response) -> dict[str, Any]:
    """The document or video that an upload answered with."""
    assert response.status_code in (200, 201), response.text
    data: dict[str, Any] = response.json()["data"]
    return data


def refused(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """The details of an enveloped error."""
    assert response.status_code == status, response.text
    body = response.json()
    assert list(body) == ["success", "error", "code", "details"]
    assert (body["success"], body["code"]) == (False, code)
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["x-content-type-options"] == "nosniff"
    details: dict[str, Any] = body["details"]
    return details


def form(parts: Iterable[tuple[str, bytes]], boundary: str = "frontier") -> bytes:
    """A form from (headers of the part after its `Content-Disposition: form-data; `, content)."""
    body = b""
    for heads, content in parts:
        head = f"--{boundary}\r\nContent-Disposition: form-data; {heads}\r\n\r\n"
        body += head.encode() + content + b"\r\n"
    return body + f"--{boundary}--\r\n".encode()


def send_form(
    api: Server, body: bytes | Iterator[bytes], *, path: str = UPLOAD, method: str = "POST"
) -> httpx2.Response:
    headers = {"Content-Type": "multipart/form-data; boundary=frontier"}
    return api.request(method, path, as_="admin", content=body, headers=headers)


def rows(api: Server, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with api.db() as db:
        return db.execute(sql, values).fetchall()


def count(api: Server, sql: str, *values: object) -> int:
    return int(rows(api, sql, *values)[0][0])


def objects(api: Server) -> dict[str, bytes]:
    """Key and content of every object in the server's folder."""
    folder = api.folder / "files"
    found = read_files(folder, without={".incoming"})
    return {path.relative_to(folder).as_posix(): content for path, content in found}


def unfinished(api: Server) -> list[str]:
    """The files that are being, or were not, written to their end."""
    return [path.name for path in (api.folder / "files" / ".incoming").iterdir()]


def pending(api: Server) -> int:
    return count(api, "select count(*) from pending_objects")


class Trace(NamedTuple):
    """All that an upload can leave behind."""

    objects: frozenset[str]
    unfinished: int
    pending: int
    documents: int
    uploads: int


def trace(api: Server) -> Trace:
    used = "select coalesce(sum(used), 0) from usage_counters where kind = 'file_uploads'"
    return Trace(
        frozenset(objects(api)),
        len(unfinished(api)),
        pending(api),
        count(api, "select count(*) from documents where status = 'ACTIVE'"),
        count(api, used),
    )


def eventually(holds: Callable[[], object], seconds: float = 30) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.02)


def command(api: Server, *arguments: str) -> str:
    """Run an `akako` command beside the server; return what it prints."""
    run = subprocess.run(
        [sys.executable, "-m", "akako.cli", *arguments],
        env=api.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def sweep(api: Server, store: ObjectStore | None = None) -> sweeper.Swept:
    """Do what `akako sweep --grace 0` does, without the time that a process takes to start."""

    async def run() -> sweeper.Swept:
        assert api.database_url
        db = Pool(api.database_url, size=1)
        try:
            return await sweeper.sweep(db, store or FolderStore(api.folder / "files"), grace=0)
        finally:
            await db.close()

    with ThreadPoolExecutor(1) as thread:  # the caller may have a loop of its own
        return thread.submit(asyncio.run, run()).result()
