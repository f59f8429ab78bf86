"""Resumable uploads, step by step."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from akako_lms import AkakoError, ConnectionFailedError, NotFoundError, _resumable
from calls import Call, shorten_stalls
from scripted import Scripted, Stalled, answer, refused, scripted, success

VIDEO = {
    "topicId": "topic_1",
    "videoUrl": "/api/education/topics/topic_1/video",
    "mimeType": "video/mp4",
    "size": 25,
    "sha256": "00",
    "version": 1,
    "updatedAt": "2026-01-31T08:00:00Z",
}
CONTENT = b"0123456789abcdefghijklmno"
CREATED = answer(201, Location="/api/uploads/upload_1")


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch, no_pauses: None) -> None:
    monkeypatch.setattr(_resumable, "PIECE_BYTES", 10)


def at(offset: int) -> bytes:
    return answer(200, Upload_Offset=str(offset))


def end() -> tuple[bytes, bytes]:
    """The answer to the last piece, and what the upload has become."""
    last = answer(204, Upload_Offset="25", Upload_Result=str(VIDEO["videoUrl"]))
    return last, success({"id": "upload_1", "offset": 25, "length": 25, "video": VIDEO})


def upload(call: Call, server: Scripted, file: Any = CONTENT, **more: Any) -> Any:
    return call(
        lambda c: c.videos.upload_resumable("topic_1", file, filename="ä.mp4", **more), server.url
    )


def sent(server: Scripted) -> list[tuple[str, str | None, bytes]]:
    return [(each.method, each.headers.get("upload-offset"), each.body) for each in server.received]


def test_a_file_goes_up_in_pieces(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(CONTENT)
    ids: list[str] = []
    reported: list[tuple[int, int | None]] = []
    with scripted(CREATED, at(10), at(20), *end()) as server:
        video = upload(
            call,
            server,
            tmp_path / "a.mp4",
            started=ids.append,
            progress=lambda *now: reported.append(now),
        )
    assert video.version == 1
    assert sent(server)[1:] == [
        ("PATCH", "0", CONTENT[:10]),
        ("PATCH", "10", CONTENT[10:20]),
        ("PATCH", "20", CONTENT[20:]),
        ("GET", None, b""),
    ]
    assert {each.path for each in server.received[1:]} == {"/api/uploads/upload_1"}
    assert set(server.header("tus-resumable")[:-1]) == {"1.0.0"}
    first = server.received[0].headers
    assert first["upload-length"] == "25"
    pairs = (pair.split(" ") for pair in first["upload-metadata"].split(","))
    assert {name: base64.b64decode(value).decode() for name, value in pairs} == {
        "kind": "video",
        "topicId": "topic_1",
        "filename": "ä.mp4",
    }
    assert ids == ["upload_1"]
    assert reported == [(10, 25), (20, 25), (25, 25)]


def test_a_broken_piece_goes_on_where_the_server_stands(call: Call) -> None:
    with scripted(CREATED, b"", at(4), at(14), refused(503, "X"), at(14), *end()) as server:
        assert upload(call, server).size == 25
    assert [each[:2] for each in sent(server)] == [
        ("POST", None),
        ("PATCH", "0"),
        ("HEAD", None),
        ("PATCH", "4"),
        ("PATCH", "14"),
        ("HEAD", None),
        ("PATCH", "14"),
        ("GET", None),
    ]


def test_after_a_lost_answer_the_result_is_asked_for(call: Call) -> None:
    with scripted(CREATED, at(10), at(20), b"", at(25), *end()) as server:
        assert upload(call, server).size == 25
    assert sent(server)[-2] == ("PATCH", "25", b"")


def test_an_earlier_piece_may_still_be_at_work(call: Call) -> None:
    locked = refused(423, "UPLOAD_LOCKED", Retry_After="0")
    with scripted(CREATED, locked, at(4), at(14), *end()) as server:
        assert upload(call, server).size == 25
    assert [each[:2] for each in sent(server)][1:4] == [
        ("PATCH", "0"),
        ("HEAD", None),
        ("PATCH", "4"),
    ]


def test_a_wrong_offset_is_corrected(call: Call) -> None:
    with scripted(CREATED, refused(409, "CONFLICT"), at(20), *end()) as server:
        assert upload(call, server).size == 25
    assert sent(server)[-2] == ("PATCH", "20", CONTENT[20:])


def test_an_earlier_upload_goes_on(call: Call) -> None:
    with scripted(at(20), *end()) as server:
        assert upload(call, server, upload_id="upload_1").size == 25
    assert [each[0] for each in sent(server)] == ["HEAD", "PATCH", "GET"]


def test_a_refused_piece_is_reported(call: Call) -> None:
    with scripted(CREATED, refused(404, "NOT_FOUND")) as server, pytest.raises(NotFoundError):
        upload(call, server)


def test_without_progress_it_ends(call: Call) -> None:
    with scripted(CREATED, b"", at(0), b"", at(0), b"") as server:
        with pytest.raises(ConnectionFailedError):
            upload(call, server)
        assert len(server.received) == 6
    with scripted(CREATED, refused(409, "CONFLICT"), at(0), refused(409, "CONFLICT")) as server:
        with pytest.raises(AkakoError):
            upload(call, server)
        assert len(server.received) == 4


def test_a_server_that_takes_nothing(call: Call) -> None:
    with scripted(CREATED, at(0)) as server, pytest.raises(AkakoError, match="none of it"):
        upload(call, server)


def test_the_token_follows_no_location(call: Call) -> None:
    with scripted(at(25)) as other:
        away = answer(201, Location=f"{other.url}/uploads/upload_2")
        with scripted(away, at(10), at(20), *end()) as server:
            upload(call, server)
        assert other.received == []
    assert server.received[1].path == "/api/uploads/upload_2"


def test_a_stalled_piece_goes_on(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(CREATED, Stalled(), at(20), *end()) as server:
        shorten_stalls(monkeypatch, server)
        assert upload(call, server).size == 25


def test_an_upload_can_be_given_up(call: Call) -> None:
    with scripted(answer(204), refused(404, "NOT_FOUND")) as server:
        assert call(lambda c: c.files.cancel_upload("upload_1"), server.url) is None
        with pytest.raises(NotFoundError):
            call(lambda c: c.files.cancel_upload("upload_1"), server.url)
        assert [(each.method, each.path) for each in server.received] == [
            ("DELETE", "/api/uploads/upload_1")
        ] * 2
        assert server.received[0].headers["tus-resumable"] == "1.0.0"
