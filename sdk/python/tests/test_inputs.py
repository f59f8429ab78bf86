"""What callers pass in: addresses below a prefix, files, timeouts, failing token functions."""

from __future__ import annotations

import gc
import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from akako_lms import AkakoAPI, AkakoError, AsyncAkakoAPI, read_event
from akako_lms._retry import retry_after
from akako_lms.webhooks import sign
from calls import Call
from scripted import Stalled, levels, scripted, success

DOCUMENT = {
    "id": "document_1",
    "topicId": "topic_1",
    "name": "a.txt",
    "description": None,
    "fileName": "a.txt",
    "mimeType": "text/plain",
    "size": 15,
    "sha256": "00",
    "uploadedBy": "user_1",
    "createdAt": "2026-01-31T08:00:00Z",
    "url": "/api/s3/document/stream?documentId=document_1",
}


def get(client: Any) -> Any:
    return client.education.get_levels()


def pieces() -> Iterator[bytes | bytearray]:
    yield b"a piece, "
    yield b""
    yield bytearray(b"another")


@pytest.mark.parametrize(
    "file",
    [pieces, lambda: bytearray(b"a piece, another"), lambda: memoryview(b"a piece, another")],
    ids=["generator", "bytearray", "memoryview"],
)
def test_bytes_and_generators_are_uploaded(call: Call, file: Callable[[], Any]) -> None:
    with scripted(success(DOCUMENT, 201)) as server:
        call(lambda api: api.files.upload_document("t", file(), filename="a.txt"), server.url)
    assert b"\r\n\r\na piece, another\r\n--" in server.received[0].body


def test_one_text_in_place_of_several_is_not_divided_into_letters(call: Call) -> None:
    with scripted(success([])) as server:
        call(lambda api: api.curriculum.search("a", type="topic"), server.url)
    assert server.received[0].path.endswith("type=topic")


@pytest.mark.parametrize(
    ("file", "named"),
    [
        (io.StringIO("text"), "binary mode"),
        (None, "not NoneType"),
        (5, "not int"),
        (["text"], "not of str"),
    ],
)
def test_other_values_are_no_files(call: Call, file: Any, named: str) -> None:
    with scripted(success(DOCUMENT, 201)) as server, pytest.raises(TypeError, match=named):
        call(lambda api: api.files.upload_document("t", file, filename="a.txt"), server.url)


def test_a_folder_is_refused_before_the_request(call: Call, tmp_path: Path) -> None:
    with scripted(success(DOCUMENT, 201)) as server, pytest.raises(IsADirectoryError):
        call(lambda api: api.files.upload_document("t", tmp_path), server.url)
    assert not server.received


@pytest.mark.parametrize("prefix", ["/api", "/lms/api", "/lms/api/"])
def test_links_are_below_the_prefix_of_the_base_address(call: Call, prefix: str) -> None:
    link = {"url": "/api/s3/document/d/stream?link=x", "expiresAt": "2026-01-31T08:00:00Z"}
    with scripted(success(link, 201)) as server:
        root = server.url.removesuffix("/api")
        made = call(lambda api: api.files.create_document_link("d"), root + prefix)
    assert made.url == f"{root}{prefix.rstrip('/')}/s3/document/d/stream?link=x"


@pytest.mark.parametrize("client", [AkakoAPI, AsyncAkakoAPI])
def test_a_malformed_base_address_is_shown(client: Any) -> None:
    with pytest.raises(ValueError, match=r"https://, not 'akako\.example\.com/ap"):
        client("akako.example.com/api")


def test_an_error_of_the_token_function_is_passed_on(call: Call) -> None:
    asked = []

    def token() -> str:
        asked.append(1)
        raise httpx2.ConnectError("the issuer is away")

    with scripted(levels()) as server, pytest.raises(httpx2.ConnectError, match="issuer"):
        call(get, server.url, token)
    assert len(asked) == 1
    assert not server.received


def test_a_token_that_is_no_text_is_named(call: Call) -> None:
    with scripted(levels()) as server, pytest.raises(TypeError, match="text, not bytes"):
        call(get, server.url, lambda: b"token")


def test_a_client_that_is_not_closed_ends_with_its_last_area() -> None:
    with scripted(levels()) as server:
        education = AkakoAPI(server.url).education
        gc.collect()
        assert len(education.get_levels()) == 1
        client = education._driver.client
        assert not client.is_closed
        del education
        gc.collect()
        assert client.is_closed


def test_the_timeout_is_the_callers() -> None:
    with scripted(Stalled(levels()[:40])) as server:
        begun = time.monotonic()
        with AkakoAPI(server.url, timeout=0.2) as api, pytest.raises(AkakoError, match="Timeout"):
            api.education.get_levels()
    assert time.monotonic() - begun < 5
    with pytest.raises(ValueError, match="more than 0 seconds, not 0"):
        AkakoAPI(server.url, timeout=0)


@pytest.mark.parametrize(
    "value", ["Fri, 31 Dec 99999999999999999999 23:59:59 GMT", "soon", "-5", "1e3", ""]
)
def test_a_malformed_retry_after_is_ignored(value: str) -> None:
    assert retry_after(value) is None


def test_estimated_totals_are_known(call: Call) -> None:
    body = (
        levels()
        .partition(b"\r\n\r\n")[2]
        .replace(b'"hasPrev"', b'"totalIsEstimate":true,"hasPrev"')
    )
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    with scripted(head.encode() + body, levels()) as server:
        assert call(get, server.url).pagination.total_is_estimate is True
        assert call(get, server.url).pagination.total_is_estimate is None


def test_the_id_of_an_event_is_the_one_that_is_signed() -> None:
    secret, timestamp = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", str(int(time.time()))
    body = b'{"type":"ping","timestamp":"2026-01-31T08:00:00Z","data":{"endpointId":"e"}}'
    headers = {
        "svix-id": "id_1",
        "svix-timestamp": timestamp,
        "svix-signature": sign(secret, "id_1", timestamp, body),
        "webhook-id": "id_2",
    }
    assert read_event(body, headers, secret).id == "id_1"
