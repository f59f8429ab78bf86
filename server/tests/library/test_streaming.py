"""Documents and videos are sent from any byte, to whom may have them, and as they are stored."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.http.raw import connection
from tests.http.raw import head as raw_head
from tests.library.school import (
    MIB,
    Topic,
    add_topic,
    eventually,
    objects,
    put_video,
    refused,
    rows,
    sample,
    sha256,
    sweep,
    upload,
    uploaded,
    video,
)
from tests.parts.awake import AwakeClock
from tests.parts.server import Server

SIZE = 3 * MIB + 17
CONTENT = random.Random(7).randbytes(SIZE).hex().encode()[:SIZE]  # UTF-8 text
ETAG = f'"sha256-{sha256(CONTENT)}"'


@pytest.fixture(scope="module")
def topic(api: Server) -> Topic:
    return add_topic(api)


@pytest.fixture(scope="module")
def document(api: Server, topic: Topic) -> dict[str, Any]:
    return uploaded(upload(api, topic, "long.txt", CONTENT))


def get(api: Server, document: dict[str, Any], **headers: str) -> httpx2.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.get(document["url"], as_="admin", headers=given)


@pytest.mark.parametrize(
    ("range", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, SIZE),
        ("bytes=1048575-1048576", 1048575, 1048577),
        ("bytes=100-2097251", 100, 2097252),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE),
        (f"bytes=5-{SIZE * 10}", 5, SIZE),
        ("bytes=-1", SIZE - 1, SIZE),
        (f"bytes=-{SIZE + 1}", 0, SIZE),
        ("BYTES=0-0", 0, 1),
        (f"bytes=7-{'9' * 5000}", 7, SIZE),
        (f"bytes=-{'9' * 5000}", 0, SIZE),
    ],
)
def test_one_range(api: Server, document: dict[str, Any], range: str, start: int, end: int) -> None:
    response = get(api, document, range=range)
    assert response.status_code == 206
    assert response.content == CONTENT[start:end]
    assert response.headers["content-range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert int(response.headers["content-length"]) == end - start
    assert response.headers["etag"] == ETAG


@pytest.mark.parametrize("range", ["bytes=-0", f"bytes={SIZE}-", f"bytes={'9' * 5000}-"])
def test_a_range_outside_the_file(api: Server, document: dict[str, Any], range: str) -> None:
    response = get(api, document, range=range)
    assert refused(response, 416, "RANGE_NOT_SATISFIABLE") == {"size": SIZE}
    assert response.headers["content-range"] == f"bytes */{SIZE}"


IGNORED = [
    "5-2",
    "a-b",
    "bytes=5-2",
    "bytes=a-b",
    "items=0-1",
    "bytes 0-1",
    "bytes=",
    "bytes=-",
    "bytes=1_0-2_0",
    "bytes=0-1,3-4",
    "bytes=0-0,9999999-",
    "bytes= 0-1",
    "bytes=--1",
    "bytes=0x1-2",
    f"bytes={','.join(f'{n}-{n + 9}' for n in range(1000))}",
]


@pytest.mark.parametrize("range", IGNORED, ids=lambda value: value[:20])
def test_what_is_no_single_range_is_ignored(
    api: Server, document: dict[str, Any], range: str
) -> None:
    response = get(api, document, range=range)
    assert (response.status_code, len(response.content)) == (200, SIZE)
    assert "content-range" not in response.headers


def test_if_range(api: Server, document: dict[str, Any]) -> None:
    changed = get(api, document).headers["last-modified"]
    taken = [ETAG, changed]
    other = [f"W/{ETAG}", '"sha256-0"', "Wed, 01 Jan 2020 00:00:00 GMT", "nonsense", f"{ETAG}, *"]
    for validator, status in [*((each, 206) for each in taken), *((each, 200) for each in other)]:
        response = get(api, document, range="bytes=0-9", if_range=validator)
        assert response.status_code == status, validator


def test_a_date_does_not_vouch_for_a_video(api: Server) -> None:
    """Two videos can follow each other within the second that a date can tell."""
    topic = add_topic(api)
    uploaded(put_video(api, topic))
    playback = api.get(topic.video, as_="admin")
    for validator, status in [("last-modified", 200), ("etag", 206)]:
        headers = {"Range": "bytes=0-9", "If-Range": playback.headers[validator]}
        assert api.get(topic.video, as_="admin", headers=headers).status_code == status


def test_what_the_client_holds_is_not_sent_again(api: Server, document: dict[str, Any]) -> None:
    changed = get(api, document).headers["last-modified"]
    for headers in (
        {"if_none_match": ETAG},
        {"if_none_match": f'"x", W/{ETAG}'},
        {"if_none_match": "*"},
        {"if_none_match": ETAG, "range": "bytes=0-9"},
        {"if_modified_since": changed},
    ):
        response = get(api, document, **headers)
        assert (response.status_code, response.content) == (304, b""), headers
        assert response.headers["etag"] == ETAG
        assert "content-length" not in response.headers
    for headers in (
        {"if_none_match": '"x"'},
        {"if_none_match": '"x"', "if_modified_since": changed},
        {"if_modified_since": "Wed, 01 Jan 2020 00:00:00 GMT"},
        {"if_modified_since": "yesterday"},
    ):
        assert get(api, document, **headers).status_code == 200, headers


def test_head_is_get_without_the_body(api: Server, document: dict[str, Any]) -> None:
    whole = get(api, document)
    for headers in ({}, {"Range": "bytes=0-9"}):
        bare = api.request("HEAD", document["url"], as_="admin", headers=headers)
        assert (bare.status_code, bare.content) == (200, b"")
        changing = {"date", "x-request-id"} | {n for n in whole.headers if "-remaining" in n}
        changing |= {name for name in whole.headers if "-reset" in name}
        for name in whole.headers.keys() - changing:
            assert bare.headers[name] == whole.headers[name], name


def test_headers_that_make_files_inert(api: Server, document: dict[str, Any]) -> None:
    headers = get(api, document).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert headers["cross-origin-resource-policy"] == "same-site"
    assert headers["cache-control"] == "private, no-cache"
    assert "Authorization" in headers.get_list("vary", split_commas=True)
    assert headers["accept-ranges"] == "bytes"
    assert headers["content-type"] == "text/plain; charset=utf-8"
    assert headers["content-disposition"].startswith("attachment; ")
    assert "content-encoding" not in headers


@pytest.mark.parametrize(
    ("name", "kept", "fallback"),
    [
        ("notes.txt", "notes.txt", "notes.txt"),
        ("Größe 1.txt", "Gr%C3%B6%C3%9Fe%201.txt", "Gro_e 1.txt"),
        ('a"b\\c;d.txt', "c%3Bd.txt", "c_d.txt"),
        ("../../etc/passwd.txt", "passwd.txt", "passwd.txt"),
        ("C:\\notes\\a.txt", "a.txt", "a.txt"),
        ("日本語.txt", "%E6%97%A5%E6%9C%AC%E8%AA%9E.txt", "___.txt"),
        ("x\u202etxt.exe.txt", "xtxt.exe.txt", "xtxt.exe.txt"),
        ("a%0d%0aSet-Cookie: b.txt", "a%250d%250aSet-Cookie%3A%20b.txt", None),
        (f"{'n' * 300}.txt", f"{'n' * 196}.txt", f"{'n' * 196}.txt"),
    ],
)
def test_every_name_is_sent_back_safely(
    api: Server, topic: Topic, name: str, kept: str, fallback: str | None
) -> None:
    document = uploaded(upload(api, topic, name))
    shown = get(api, document).headers["content-disposition"]
    assert shown.endswith(f"; filename*=UTF-8''{kept}")
    assert fallback is None or f'; filename="{fallback}";' in shown
    assert shown.isascii()


@pytest.mark.parametrize(
    ("name", "asked", "given"),
    [
        ("a.pdf", "inline", "inline"),
        ("a.png", "inline", "inline"),
        ("a.txt", "inline", "attachment"),
        ("a.docx", "inline", "attachment"),
        ("a.pdf", "attachment", "attachment"),
        ("a.pdf", "other", "attachment"),
    ],
)
def test_only_what_browsers_show_safely_is_shown(
    api: Server, topic: Topic, name: str, asked: str, given: str
) -> None:
    document = uploaded(upload(api, topic, name, sample(name[2:])))
    response = api.get(f"{document['url']}&disposition={asked}", as_="admin")
    assert response.headers["content-disposition"].split(";")[0] == given


def test_videos_are_shown_inline(api: Server, topic: Topic) -> None:
    uploaded(put_video(api, topic))
    response = api.get(f"{topic.video}?disposition=inline", as_="mentor")
    assert response.headers["content-disposition"].startswith("inline")


def test_a_missing_object_is_500_and_an_alert(api: Server, topic: Topic) -> None:
    document = uploaded(upload(api, topic, "gone.txt", b"soon gone"))
    key = rows(api, "select storage_key from documents where id = %s", document["id"])[0][0]
    (api.folder / "files" / key).unlink()
    response = get(api, document)
    details = refused(response, 500, "INTERNAL_ERROR")
    assert details == {"requestId": response.headers["x-request-id"]}
    assert key not in response.text
    assert "object_missing" in api.get("/metrics").text


def test_a_deleted_document_finishes_for_those_who_read_it(api: Server, topic: Topic) -> None:
    content = b"y" * (8 * MIB)
    document = uploaded(upload(api, topic, "read.txt", content))
    path = f"/api/admin/education/topics/{topic.id}/documents/{document['id']}"
    with connection(api) as reading:
        authorization = f"Authorization: {api.headers('admin')['Authorization']}"
        reading.send(raw_head(document["url"], authorization))
        eventually(lambda: reading.socket.recv(1, 2))  # looks without taking
        assert api.delete(path, as_="admin").status_code == 200
        assert sweep(api).cleaned >= 1
        assert reading.receive().content == content
    assert not any(content == each for each in objects(api).values())


def test_who_leaves_early_costs_nothing_more(api: Server, topic: Topic) -> None:
    document = uploaded(upload(api, topic, "big.txt", b"z" * (20 * MIB)))
    authorization = f"Authorization: {api.headers('admin')['Authorization']}"
    before = len(open_files(api))
    for _ in range(50):
        with connection(api) as reading:
            reading.send(raw_head(document["url"], authorization))
            assert reading.socket.recv(1000)
    eventually(lambda: len(open_files(api)) <= before)


def open_files(api: Server) -> list[str]:
    """The stored files that the server holds open."""
    assert api.process
    links = Path(f"/proc/{api.process.pid}/fd").iterdir()
    return [link for link in map(target, links) if f"{api.folder / 'files'}/" in link]


def target(link: Path) -> str:
    try:
        return str(link.readlink())
    except FileNotFoundError:
        return ""


def test_odd_ranges_are_cheap(api: Server, document: dict[str, Any], awake: AwakeClock) -> None:
    started = awake()
    for range in (f"bytes={','.join(['0-'] * 5000)}", f"bytes={'1' * 15000}-{'2' * 15000}"):
        assert get(api, document, range=range).status_code in (200, 416)
    assert awake() - started < 5


def test_each_reader_gets_one_version(api: Server) -> None:
    topic = add_topic(api)
    old, new = video(8 * MIB), video(8 * MIB + 1)
    uploaded(put_video(api, topic, old))
    with connection(api) as reading:
        authorization = f"Authorization: {api.headers('admin')['Authorization']}"
        reading.send(raw_head(topic.video, authorization))
        eventually(lambda: reading.socket.recv(1, 2))
        uploaded(put_video(api, topic, new))
        sweep(api)
        assert reading.receive().content == old
    assert api.get(topic.video, as_="admin").content == new
