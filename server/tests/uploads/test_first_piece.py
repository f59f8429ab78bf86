"""The first bytes of a resumable upload tell whether the rest is worth sending."""

from __future__ import annotations

import pytest

from tests.http import raw
from tests.library.school import MIB, Topic, add_topic, refused, sample, video
from tests.parts.server import Server
from tests.uploads.tus import (
    BYTES,
    VERSION,
    append,
    begun,
    checksum,
    create,
    files,
    head,
    plan,
    video_plan,
)

PROGRAM = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0" + b"\0" * 4000


@pytest.fixture
def topic(api: Server) -> Topic:
    return add_topic(api)


def removed(api: Server, path: str) -> bool:
    gone = head(api, path).status_code == 404
    return gone and path.rpartition("/")[2] not in files(api)


@pytest.mark.parametrize("size", [64, 1024, 4000])
def test_a_program_is_no_video(api: Server, topic: Topic, size: int) -> None:
    path = begun(create(api, 100 * MIB, video_plan(topic)))
    refused(append(api, path, 0, PROGRAM[:size]), 415, "UNSUPPORTED_MEDIA_TYPE")
    assert removed(api, path)


def test_it_is_refused_before_the_rest_is_sent(api: Server, topic: Topic) -> None:
    """The response comes while nearly all of the piece is still to be sent."""
    path = begun(create(api, 100 * MIB, video_plan(topic)))
    given = {**api.headers("admin"), **VERSION, **BYTES, "Upload-Offset": "0"}
    lines = [f"{name}: {value}" for name, value in given.items()]
    with raw.connection(api) as connected:
        lines.append(f"Content-Length: {100 * MIB}")
        connected.send(raw.head(path, *lines, method="PATCH") + PROGRAM)
        refused(connected.receive(), 415, "UNSUPPORTED_MEDIA_TYPE")
    assert removed(api, path)


def test_with_the_creation(api: Server, topic: Topic) -> None:
    before = files(api)
    answer = create(api, 100 * MIB, video_plan(topic), content=PROGRAM)
    refused(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
    assert files(api) == before


def test_in_the_smallest_pieces(api: Server, topic: Topic) -> None:
    path = begun(create(api, MIB, video_plan(topic)))
    for at in range(31):
        assert append(api, path, at, PROGRAM[at : at + 1]).status_code == 204
    refused(append(api, path, 31, PROGRAM[31:32]), 415, "UNSUPPORTED_MEDIA_TYPE")
    assert removed(api, path)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.pdf", PROGRAM), ("a.docx", PROGRAM), ("a.png", PROGRAM), ("a.txt", b"\0\1" * 300)],
)
def test_documents_too(api: Server, topic: Topic, name: str, content: bytes) -> None:
    metadata = plan(topic, filename=name, filetype=None)
    path = begun(create(api, MIB, metadata))
    refused(append(api, path, 0, content), 415, "UNSUPPORTED_MEDIA_TYPE")
    assert removed(api, path)


@pytest.mark.parametrize("ending", ["mp4", "mov", "webm", "ogg", "avi"])
def test_true_beginnings_are_taken_in_any_pieces(api: Server, topic: Topic, ending: str) -> None:
    content = sample(ending)
    metadata = plan(topic, kind="video", filename=f"a.{ending}", filetype=None)
    path = begun(create(api, len(content), metadata))
    for at in range(0, 120, 12):
        assert append(api, path, at, content[at : at + 12]).status_code == 204
    assert append(api, path, 120, content[120:]).status_code == 204
    assert head(api, path).headers["upload-result"] == topic.video


def test_a_damaged_piece_is_sent_again(api: Server, topic: Topic) -> None:
    """With a checksum, wrong bytes are damage until they are known to be what was meant."""
    content = video(MIB)
    path = begun(create(api, len(content), video_plan(topic)))
    damaged = append(api, path, 0, PROGRAM, headers=checksum(content[: len(PROGRAM)]))
    assert damaged.status_code == 460
    whole = append(api, path, 0, content, headers=checksum(content))
    assert whole.status_code == 204
    other = begun(create(api, MIB, video_plan(topic)))
    meant = append(api, other, 0, PROGRAM, headers=checksum(PROGRAM))
    refused(meant, 415, "UNSUPPORTED_MEDIA_TYPE")
    assert removed(api, other)
