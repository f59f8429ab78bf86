"""Files up and down, whole and in pieces."""

from __future__ import annotations

import hashlib
import io
import itertools
from pathlib import Path
from typing import Any

import httpx2
import pytest

from akako_lms import (
    AkakoAPI,
    AkakoError,
    ConnectionFailedError,
    NotFoundError,
    PreconditionFailedError,
    UnsupportedMediaTypeError,
)
from calls import Call, shorten_stalls
from scripted import Scripted, Stalled, answer, refused, scripted
from tests.parts.samples import sample
from tests.parts.server import Server

numbers = itertools.count(1)
CONTENT = bytes(range(256)) * 4096
ETAG = '"sha256-1"'


@pytest.fixture
def topic(api: Server) -> str:
    with AkakoAPI(base_url=f"{api.url}/api", token=api.token("admin")) as client:
        level = client.education.create_level(name=f"Level {next(numbers)}")
        grade = client.education.create_grade(
            education_level_id=level.id, name="Grade 1", level="primary"
        )
        subject = client.education.create_subject(grade_id=grade.id, name="Mathematics")
        return client.education.create_topic(subject_id=subject.id, name="Addition").id


def via(call: Call, api: Server, perform: Any) -> Any:
    return call(perform, f"{api.url}/api", api.token("admin"))


def test_links_stream_without_a_token(api: Server, call: Call, topic: str) -> None:
    document = via(call, api, lambda c: c.files.upload_document(topic, b"Sums", filename="a.txt"))
    film = sample("mp4")
    via(call, api, lambda c: c.videos.upload_video(topic, film, filename="a.mp4"))
    links = {
        b"Sums": via(call, api, lambda c: c.files.create_document_link(document.id)),
        film: via(call, api, lambda c: c.videos.create_video_link(topic)),
    }
    for content, link in links.items():
        assert link.url.startswith(f"{api.url}/api/media/")
        assert link.expires_at.tzinfo is not None
        assert httpx2.get(link.url, timeout=60).content == content


def test_a_document_goes_up_and_down(api: Server, call: Call, topic: str, tmp_path: Path) -> None:
    content = sample("pdf")
    path = tmp_path / 'Übung "1" 100%.pdf'
    path.write_bytes(content)
    up: list[tuple[int, int | None]] = []
    document = via(
        call,
        api,
        lambda c: c.files.upload_document(
            topic, path, description="Study", progress=lambda *reported: up.append(reported)
        ),
    )
    assert document.file_name == path.name.replace('"', "%22")
    assert document.name == document.file_name
    assert document.description == "Study"
    assert (document.size, document.mime_type) == (len(content), "application/pdf")
    assert document.sha256 == hashlib.sha256(content).hexdigest()
    assert up[-1] == (len(content), len(content))
    assert via(call, api, lambda c: c.files.get_documents(topic)) == [document]
    assert via(call, api, lambda c: c.files.iter_documents(topic)) == [document]

    down: list[tuple[int, int | None]] = []
    target = tmp_path / "down.pdf"
    got = via(
        call,
        api,
        lambda c: c.files.download_document(
            document.id, str(target), progress=lambda *reported: down.append(reported)
        ),
    )
    assert target.read_bytes() == content
    assert {each.name for each in tmp_path.iterdir()} == {path.name, "down.pdf"}
    assert (got.size, got.mime_type) == (len(content), "application/pdf")
    assert got.file_name == document.file_name
    assert down[-1] == (len(content), len(content))
    memory = io.BytesIO(b"before")
    memory.seek(0, io.SEEK_END)
    via(call, api, lambda c: c.files.download_document(document.id, memory, disposition="inline"))
    assert memory.getvalue() == b"before" + content

    renamed = via(call, api, lambda c: c.files.update_document(topic, document.id, name="Monday"))
    assert (renamed.name, renamed.file_name) == ("Monday", document.file_name)
    via(call, api, lambda c: c.files.delete_document(topic, document.id))
    back = via(call, api, lambda c: c.files.restore_document(topic, document.id))
    assert back == renamed
    deleted = via(call, api, lambda c: c.files.delete_document(topic, document.id))
    assert (deleted.topic_id, deleted.deleted) == (topic, True)
    with pytest.raises(NotFoundError):
        via(call, api, lambda c: c.files.download_document(document.id, tmp_path / "gone"))
    assert not (tmp_path / "gone").exists()


@pytest.mark.parametrize("kind", ["bytes", "object", "pipe"])
def test_what_can_be_sent(api: Server, call: Call, topic: str, kind: str) -> None:
    content = sample("pdf")
    file: Any = content
    if kind == "object":
        file = io.BytesIO(b"skipped" + content)
        file.seek(len(b"skipped"))
    elif kind == "pipe":
        file = Pipe(content)
    reported: list[tuple[int, int | None]] = []
    document = via(
        call,
        api,
        lambda c: c.files.upload_document(
            topic, file, name="A", filename="a.pdf", progress=lambda *now: reported.append(now)
        ),
    )
    assert reported[-1] == (len(content), None if kind == "pipe" else len(content))
    assert (document.name, document.file_name) == ("A", "a.pdf")
    assert document.sha256 == hashlib.sha256(content).hexdigest()


class Pipe(io.BytesIO):
    """A file of which neither size nor place is known."""

    def seekable(self) -> bool:
        return False


def test_a_file_needs_a_name(call: Call, api: Server, topic: str) -> None:
    with pytest.raises(ValueError, match="filename"):
        via(call, api, lambda c: c.files.upload_document(topic, b"content"))


def test_a_refused_upload(call: Call, api: Server, topic: str) -> None:
    with pytest.raises(UnsupportedMediaTypeError):
        via(call, api, lambda c: c.files.upload_document(topic, b"MZ", filename="a.exe"))
    big = b"#" * 2_000_000
    with pytest.raises(AkakoError) as caught:
        call(lambda c: c.files.upload_document(topic, big, filename="a.txt"), f"{api.url}/api")
    assert caught.value.status == 401


def test_a_video_goes_up_and_down(api: Server, call: Call, topic: str, tmp_path: Path) -> None:
    content = sample("mp4")
    first = via(call, api, lambda c: c.videos.upload_video(topic, content, filename="a.mp4"))
    assert (first.version, first.mime_type) == (1, "video/mp4")
    again = via(
        call,
        api,
        lambda c: c.videos.upload_video(
            topic, sample("webm"), filename="a.webm", if_match=first.etag
        ),
    )
    assert again.version == 2
    with pytest.raises(PreconditionFailedError):
        via(
            call,
            api,
            lambda c: c.videos.upload_video(topic, content, filename="a.mp4", if_match=first.etag),
        )
    target = tmp_path / "video.webm"
    via(call, api, lambda c: c.videos.download_video(topic, target))
    assert target.read_bytes() == sample("webm")
    assert via(call, api, lambda c: c.videos.delete_video(topic)).topic_id == topic


def whole(content: bytes = CONTENT, etag: str = ETAG, **headers: str) -> bytes:
    return answer(200, content, ETag=etag, **headers)


def rest(start: int, content: bytes = CONTENT, etag: str = ETAG) -> bytes:
    said = f"bytes {start}-{len(content) - 1}/{len(content)}"
    return answer(206, content[start:], ETag=etag, Content_Range=said)


def cut(full: bytes, size: int) -> bytes:
    """The answer up to this many bytes of its body."""
    return full[: full.index(b"\r\n\r\n") + 4 + size]


def fetch(call: Call, server: Scripted, target: Any) -> Any:
    return call(lambda c: c.files.download_document("document_1", target), server.url)


@pytest.mark.usefixtures("no_pauses")
def test_a_broken_download_goes_on(call: Call, tmp_path: Path) -> None:
    target = tmp_path / "file"
    steps = (cut(whole(), 100_000), cut(rest(100_000), 50_000), rest(150_000))
    with scripted(*steps) as server:
        assert fetch(call, server, target).size == len(CONTENT)
    assert target.read_bytes() == CONTENT
    assert server.header("range") == [None, "bytes=100000-", "bytes=150000-"]
    assert server.header("if-range") == [None, ETAG, ETAG]
    with scripted(*steps) as server:
        memory = io.BytesIO()
        fetch(call, server, memory)
    assert memory.getvalue() == CONTENT


@pytest.mark.usefixtures("no_pauses")
def test_a_later_call_goes_on(call: Call, tmp_path: Path) -> None:
    target = tmp_path / "file"
    with scripted(cut(whole(), 100_000), b"") as server, pytest.raises(ConnectionFailedError):
        fetch(call, server, target)
    assert not target.exists()
    with scripted(rest(100_000)) as server:
        fetch(call, server, target)
        assert server.header("range") == ["bytes=100000-"]
    assert target.read_bytes() == CONTENT
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


@pytest.mark.usefixtures("no_pauses")
def test_a_changed_file_begins_anew(call: Call, tmp_path: Path) -> None:
    new = CONTENT[::-1] + b"more"
    steps = (cut(whole(), 100_000), whole(new, '"sha256-2"'))
    for target in (tmp_path / "file", io.BytesIO()):
        with scripted(*steps) as server:
            fetch(call, server, target)
        got = target.read_bytes() if isinstance(target, Path) else target.getvalue()
        assert got == new
    with scripted(*steps) as server, pytest.raises(AkakoError, match="changed"):
        fetch(call, server, Pipe())


def test_a_finished_part_is_taken_as_it_is(call: Call, tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(CONTENT)
    (tmp_path / "file.part.etag").write_text(ETAG)
    refusal = refused(416, "RANGE_NOT_SATISFIABLE", size=len(CONTENT))
    with scripted(refusal) as server:
        assert fetch(call, server, tmp_path / "file").size == len(CONTENT)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_part_that_is_too_long_is_dropped(call: Call, tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(CONTENT + b"more")
    (tmp_path / "file.part.etag").write_text(ETAG)
    refusal = refused(416, "RANGE_NOT_SATISFIABLE", size=len(CONTENT))
    with scripted(refusal, whole()) as server:
        fetch(call, server, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    with scripted(refusal) as server, pytest.raises(AkakoError) as caught:
        fetch(call, server, tmp_path / "other")
    assert caught.value.status == 416


def test_another_part_than_asked_for_is_refused(call: Call, tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(CONTENT[:10])
    (tmp_path / "file.part.etag").write_text(ETAG)
    with scripted(rest(20)) as server, pytest.raises(AkakoError, match="Another part"):
        fetch(call, server, tmp_path / "file")


@pytest.mark.usefixtures("no_pauses")
def test_a_download_without_progress_ends(call: Call, tmp_path: Path) -> None:
    with scripted(cut(whole(), 0)) as server:
        with pytest.raises(ConnectionFailedError):
            fetch(call, server, tmp_path / "file")
        assert len(server.received) == 3


def test_an_empty_file(call: Call, tmp_path: Path) -> None:
    with scripted(whole(b"")) as server:
        assert fetch(call, server, tmp_path / "file").size == 0
    assert (tmp_path / "file").read_bytes() == b""


@pytest.mark.usefixtures("no_pauses")
def test_a_stalled_download_goes_on(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted(Stalled(cut(whole(), 100_000)), rest(100_000)) as server:
        shorten_stalls(monkeypatch, server)
        fetch(call, server, tmp_path / "file")
        assert server.header("range") == [None, "bytes=100000-"]
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_the_connection_is_given_back(call: Call, tmp_path: Path) -> None:
    missing = tmp_path / "no such folder" / "file"
    with scripted(whole()) as server, pytest.raises(FileNotFoundError):
        fetch(call, server, missing)
