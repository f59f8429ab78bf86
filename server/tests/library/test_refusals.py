"""A refused upload leaves nothing: no object, no row, no used quota."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.library.school import (
    MIB,
    UPLOAD,
    Topic,
    add_topic,
    form,
    put_video,
    refused,
    sample,
    send_form,
    trace,
    upload,
)
from tests.parts.server import Server

FILE = 'name="file"; filename="notes.txt"'
TEXT = b"Two and two."


@pytest.fixture(scope="module")
def topic(api: Server) -> Topic:
    return add_topic(api)


@pytest.fixture(autouse=True)
def nothing_stays(api: Server, topic: Topic) -> Iterator[None]:
    before = trace(api)
    yield
    assert trace(api) == before


def topic_part(topic: Topic) -> tuple[str, bytes]:
    return 'name="topicId"', topic.id.encode()


def violation(api: Server, body: bytes) -> dict[str, object]:
    return refused(send_form(api, body), 422, "VALIDATION_ERROR")


def test_a_file_is_required(api: Server, topic: Topic) -> None:
    assert violation(api, form([topic_part(topic)]))["field"] == "file"


def test_a_topic_is_required(api: Server) -> None:
    details = violation(api, form([(FILE, TEXT)]))
    assert details == {"field": "topicId", "message": "Required", "value": None}


@pytest.mark.parametrize("value", ["", "../1", "a b", "x" * 65])
def test_the_topic_must_be_an_id(api: Server, value: str) -> None:
    details = violation(api, form([('name="topicId"', value.encode()), (FILE, TEXT)]))
    assert (details["field"], details["value"]) == ("topicId", value)


def test_the_topic_must_exist(api: Server) -> None:
    details = refused(upload(api, "0000"), 404, "NOT_FOUND")
    assert details == {"resource": "topic", "id": "0000"}


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ([(FILE, TEXT), (FILE, TEXT)], "file"),
        ([('name="video"; filename="a.txt"', TEXT)], "file"),
        ([('name="topicId"; filename="a.txt"', TEXT)], "file"),
        ([('name="file"', TEXT)], "file"),
        ([('name="file"; filename=""', TEXT)], "file"),
        ([('name="file"; filename="../.."', TEXT)], "file"),
        ([(FILE, b"")], "file"),
        ([('name="topicId"', b"again"), (FILE, TEXT)], "topicId"),
        ([(FILE, TEXT), ('name="topicId"', b"again")], "topicId"),
    ],
)
def test_a_form_has_one_file_in_its_place(
    api: Server, topic: Topic, parts: list[tuple[str, bytes]], field: str
) -> None:
    assert violation(api, form([topic_part(topic), *parts]))["field"] == field


@pytest.mark.parametrize("last", ["file", "metadata", "topicId"])
def test_parts_may_come_in_any_order(api: Server, topic: Topic, last: str) -> None:
    parts = {
        "file": (FILE, TEXT),
        "topicId": ('name="topicId"', b"0000"),
        "metadata": ('name="metadata"', b'{"name": "x"}'),
    }
    parts[last] = parts.pop(last)
    refused(send_form(api, form(parts.values())), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    "metadata",
    [
        "[]",
        "1",
        "null",
        "{",
        '{"name": NaN}',
        '{"name": "a", "name": "b"}',
        "{" * 30,
        json.dumps({"name": "x" * 8192}),
        "\ufeff{}",
    ],
)
def test_metadata_must_be_a_small_object(api: Server, topic: Topic, metadata: str) -> None:
    parts = [(FILE, TEXT), topic_part(topic), ('name="metadata"', metadata.encode())]
    assert violation(api, form(parts))["field"] == "metadata"


@pytest.mark.parametrize(
    ("metadata", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": 1}, "name"),
        ({"name": "a\u0000b"}, "name"),
        ({"description": "x" * 1001}, "description"),
        ({"description": []}, "description"),
    ],
)
def test_metadata_is_checked(
    api: Server, topic: Topic, metadata: dict[str, object], field: str
) -> None:
    response = upload(api, topic, fields={"metadata": json.dumps(metadata)})
    assert refused(response, 422, "VALIDATION_ERROR")["field"].endswith(field)


@pytest.mark.parametrize(
    ("name", "content", "type"),
    [
        ("a.pdf", TEXT, None),
        ("a.pdf", b"<html>" + sample("pdf"), "application/pdf"),
        ("a.pdf", sample("pdf") + sample("docx"), None),
        ("a.pdf.html", sample("pdf"), "application/pdf"),
        ("a.html.pdf", b"<script>", None),
        ("a.pdf%00.html", sample("pdf"), None),
        ("a.pdf;.html", sample("pdf"), None),
        ("a.pdf::$DATA", sample("pdf"), None),
        ("a", sample("pdf"), "application/pdf"),
        ("a.pdf", sample("pdf"), "text/html"),
        ("a.txt", TEXT, "application/pdf"),
        ("a.txt", b"\xff\xfe", None),
        ("a.txt", b"a\0b", None),
        ("a.txt", sample("png"), None),
        ("a.csv", sample("docx"), "text/csv"),
        ("a.md", bytes(range(1, 256)), None),
        ("a.docx", sample("xlsx"), None),
        ("a.docx", sample("docx")[:-4], None),
        ("a.odt", sample("ods"), None),
        ("a.png", sample("jpg"), "image/png"),
        ("a.gif", b"GIF89a<script>", None),
        ("a.svg", b"<svg/>", "image/svg+xml"),
        ("a.js", b"alert(1)", "text/javascript"),
        ("a.exe", b"MZ", None),
        ("a.zip", sample("docx"), "application/zip"),
        ("a.mp4", sample("mp4"), "video/mp4"),
    ],
)
def test_only_what_a_file_is_counts(
    api: Server, topic: Topic, name: str, content: bytes, type: str | None
) -> None:
    details = refused(upload(api, topic, name, content, type=type), 415, "UNSUPPORTED_MEDIA_TYPE")
    assert list(details) == ["received", "allowed", "reason", "allowedExtensions"]
    assert "application/pdf" in details["allowed"]
    assert {".pdf", ".docx", ".jfif"} < set(details["allowedExtensions"])


@pytest.mark.parametrize(
    ("name", "content", "type", "reason", "message"),
    [
        ("a.exe", b"MZ", None, "extension", "Files with this extension are not accepted"),
        ("a", b"text", "text/plain", "extension", "Files with this extension are not accepted"),
        (
            *("a.pdf", sample("pdf"), "text/html", "declared_type"),
            "The declared content type does not match the file name's extension",
        ),
        (
            *("a.pdf", b"<html>", "application/pdf", "content"),
            "The file's content does not match its extension, is damaged or is not accepted",
        ),
    ],
)
def test_a_refusal_says_why(
    api: Server,
    topic: Topic,
    name: str,
    content: bytes,
    type: str | None,
    reason: str,
    message: str,
) -> None:
    response = upload(api, topic, name, content, type=type)
    assert refused(response, 415, "UNSUPPORTED_MEDIA_TYPE")["reason"] == reason
    assert response.json()["error"] == message


@pytest.mark.parametrize(
    ("name", "content", "type"),
    [
        ("a.mp4", sample("webm"), None),
        ("a.webm", sample("mkv"), None),
        ("a.mkv", sample("mkv"), None),
        ("a.mp4", sample("mp4"), "text/html"),
        ("a.mp4", b"\0\0\0\x18ftyp<html>", None),
        ("a.avi", b"RIFF\0\0\0\0WAVE", None),
        ("a.pdf", sample("pdf"), "application/pdf"),
    ],
)
def test_only_videos_are_videos(
    api: Server, topic: Topic, name: str, content: bytes, type: str | None
) -> None:
    refused(put_video(api, topic, content, name=name, type=type), 415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_video_comes_in_its_own_field(api: Server, topic: Topic) -> None:
    files = {"file": ("a.mp4", sample("mp4"))}
    response = api.put(topic.video_admin, as_="admin", files=files)
    assert refused(response, 422, "VALIDATION_ERROR")["field"] == "video"


@pytest.mark.parametrize(
    "body",
    [
        form([(FILE, TEXT)])[:-5],
        form([(FILE, TEXT)])[:60],
        form([(FILE, TEXT)], boundary="other"),
        form([(FILE, TEXT)]).replace(b"\r\n", b"\n"),
        b"preamble\r\n" + form([(FILE, TEXT)]),
        form([("filename=x.txt", TEXT)]),
        form([(FILE, TEXT)] + [(f'name="n{number}"', b"") for number in range(20)]),
        form([(f"{FILE}\r\nX-Long: {'x' * 9000}", TEXT)]),
        b"",
    ],
)
def test_a_broken_form_is_refused(api: Server, body: bytes) -> None:
    assert refused(send_form(api, body), 400, "BAD_REQUEST")["reason"] == "invalid_multipart"


@pytest.mark.parametrize(
    ("type", "status"),
    [
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=", 400),
        (f"multipart/form-data; boundary={'x' * 71}", 400),
        ("application/json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/mixed; boundary=frontier", 415),
    ],
)
def test_the_form_must_say_what_it_is(api: Server, type: str, status: int) -> None:
    body = form([(FILE, TEXT)])
    response = api.post(UPLOAD, as_="admin", content=body, headers={"Content-Type": type})
    refused(response, status, "BAD_REQUEST" if status == 400 else "UNSUPPORTED_MEDIA_TYPE")


def test_a_compressed_form_is_refused(api: Server, topic: Topic) -> None:
    response = upload(api, topic, headers={"Content-Encoding": "gzip"})
    refused(response, 415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_long_text_part_is_refused(api: Server, topic: Topic) -> None:
    parts = [(FILE, TEXT), topic_part(topic), ('name="metadata"', b" " * (65 * 1024))]
    assert refused(send_form(api, form(parts)), 413, "PAYLOAD_TOO_LARGE")["limitBytes"] == 65536


def chunks(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), MIB):
        yield body[start : start + MIB]


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("over", [1, 2 * MIB])
def test_a_document_of_more_than_50_mib_is_refused(
    api: Server, topic: Topic, streamed: bool, over: int
) -> None:
    body = form([topic_part(topic), (FILE, b"x" * (50 * MIB + over))])
    response = send_form(api, chunks(body) if streamed else body)
    assert refused(response, 413, "PAYLOAD_TOO_LARGE") == {"limitBytes": 50 * MIB}


def test_a_full_topic_takes_no_more(api: Server, topic: Topic) -> None:
    other = add_topic(api)
    with api.db() as db:
        db.execute("update topics set document_count = 100 where id = %s", (other.id,))
    details = refused(upload(api, other), 409, "CONFLICT")
    assert (details["resource"], details["field"]) == ("topic", "documents")
