"""Servers and proxies that misbehave: which requests are retried, and which errors are raised."""

from __future__ import annotations

import io
import pickle
import time
from typing import Any

import pytest

from akako_lms import (
    AkakoAPI,
    AkakoError,
    BadGatewayError,
    ConnectionFailedError,
    RateLimitError,
    ServiceUnavailableError,
)
from akako_lms.errors import BY_STATUS, failure
from calls import Call
from scripted import LEVEL, answer, levels, refused, scripted, success

CUT = b""
HTML = answer(200, b"<html>Please sign in</html>", Content_Type="text/html")
SECRET = "aaa.secret.zzz"


def get(client: Any) -> Any:
    return client.education.get_levels()


def create(client: Any) -> Any:
    return client.education.create_level(name="High School")


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("trouble", [429, 502, 503, 504, CUT], ids=str)
def test_a_passing_trouble_is_outlived(call: Call, trouble: int | bytes) -> None:
    bad = refused(trouble, "X") if isinstance(trouble, int) else trouble
    with scripted(bad, bad, success(LEVEL, 201)) as server:
        assert call(create, server.url).name == "High School"
    keys = server.header("idempotency-key")
    assert len(keys) == 3
    assert keys[0]
    assert len(set(keys)) == 1


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("perform", [get, create])
def test_three_tries_and_no_more(call: Call, perform: Any) -> None:
    with scripted(refused(503, "SERVICE_UNAVAILABLE")) as server:
        with pytest.raises(ServiceUnavailableError) as caught:
            call(perform, server.url)
        assert len(server.received) == 3
    assert caught.value.request_id == "req_1"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 500])
def test_a_refusal_is_final(call: Call, status: int) -> None:
    with scripted(refused(status, "X")) as server:
        with pytest.raises(AkakoError) as caught:
            call(create, server.url, SECRET)
        assert len(server.received) == 1
    assert type(caught.value) is BY_STATUS[status]
    assert caught.value.status == status


def test_the_first_try_may_still_be_at_work(call: Call) -> None:
    busy = refused(409, "IDEMPOTENCY_IN_PROGRESS", Retry_After="0")
    with scripted(busy, success(LEVEL, 201)) as server:
        assert call(create, server.url).id == "level_1"


def test_every_call_has_its_own_key(call: Call) -> None:
    with scripted(success(LEVEL, 201)) as server:
        call(create, server.url)
        call(create, server.url)
    assert len(set(server.header("idempotency-key"))) == 2


def test_the_client_waits_for_retry_after(call: Call) -> None:
    began = time.monotonic()
    with scripted(refused(429, "RATE_LIMITED", Retry_After="1"), levels()) as server:
        assert call(get, server.url)
    assert time.monotonic() - began >= 1


@pytest.mark.parametrize("value", ["61", "86400", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_the_client_does_not_wait_longer_than_a_minute(call: Call, value: str) -> None:
    with scripted(refused(429, "QUOTA_EXCEEDED", Retry_After=value)) as server:
        with pytest.raises(RateLimitError) as caught:
            call(get, server.url)
        assert len(server.received) == 1
    assert caught.value.code == "QUOTA_EXCEEDED"
    assert caught.value.retry_after
    assert caught.value.retry_after > 60


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("value", ["soon", "-1", "1.5", "²", ""])
def test_an_unreadable_retry_after_is_ignored(call: Call, value: str) -> None:
    encoded = refused(503, "X").replace(b"X-Request-Id", f"Retry-After: {value}\r\nX-R".encode())
    with scripted(encoded, levels()) as server:
        assert call(get, server.url)


@pytest.mark.usefixtures("no_pauses")
def test_a_closed_port_is_a_failed_connection(call: Call) -> None:
    with scripted() as server:
        url = server.url
    with pytest.raises(ConnectionFailedError) as caught:
        call(get, url)
    assert (caught.value.status, caught.value.code) == (0, "NO_ANSWER")


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize(
    "bad",
    [
        HTML,
        answer(200),
        answer(200, b'{"success": true, "data": [{'),
        answer(200, b"[1]"),
        answer(200, b"[" * 100_000),
        answer(200, b"\xff\xfe"),
        answer(200, b'{"success": true}'),
        answer(200, b'{"success": true, "data": [{}], "pagination": null}'),
        answer(200, b'{"success": true, "data": 1, "pagination": {}}'),
        answer(200, b'{"success": true, "data": ["x"], "pagination": {}}'),
        answer(200, b'{"success": true, "data": [], "pagination": null}'),
        answer(200, levels().partition(b"\r\n\r\n")[2], Content_Length="10000"),
        answer(200, b"\x1f\x8bnot gzip", Content_Encoding="gzip"),
        b"SSH-2.0-OpenSSH\r\n\r\n",
        answer(404, b"<html>nginx</html>", Content_Type="text/html"),
        answer(500, b'{"code": 7}'),
        answer(418, b'{"code": "TEAPOT", "details": []}'),
        answer(304),
        answer(204),
    ],
)
def test_an_answer_that_is_not_the_apis(call: Call, bad: bytes) -> None:
    with scripted(bad) as server, pytest.raises(AkakoError):
        call(get, server.url)


@pytest.mark.usefixtures("no_pauses")
def test_html_of_a_proxy_is_outlived_too(call: Call) -> None:
    page = answer(502, b"<html>Bad gateway</html>", Content_Type="text/html")
    with scripted(page, levels()) as server:
        assert call(get, server.url)
    with scripted(page) as server, pytest.raises(BadGatewayError):
        call(get, server.url)


def test_html_says_what_it_is(call: Call) -> None:
    with scripted(HTML) as server, pytest.raises(AkakoError, match="text/html") as caught:
        call(create, server.url)
    assert (caught.value.status, caught.value.code) == (200, "UNREADABLE_ANSWER")


def test_unknown_fields_are_ignored(call: Call) -> None:
    with scripted(success({**LEVEL, "colour": "red", "class": 1}, ETag='"v1"')) as server:
        level = call(create, server.url)
    assert level.to_dict() == LEVEL
    assert level.etag == '"v1"'


def test_a_list_can_be_pickled(call: Call) -> None:
    with scripted(levels(Link='</api/education/levels?cursor=a>; rel="next"')) as server:
        page = call(get, server.url)
    copy = pickle.loads(pickle.dumps(page))
    assert copy == page
    assert copy.pagination == page.pagination


def test_the_time_limits() -> None:
    with AkakoAPI(base_url="https://akako.example.com/api") as client:
        timeout = client._driver.client.timeout
    assert (timeout.connect, timeout.read) == (5, 30)


def test_an_error_can_be_pickled() -> None:
    error = failure(404, "NOT_FOUND", "No", {"id": "1"}, "req_1")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert vars(copy) == vars(error)


class Pipe(io.RawIOBase):
    """A file that can be read only once."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._content.readinto(buffer)


@pytest.mark.usefixtures("no_pauses")
def test_an_upload_is_repeated_from_its_beginning(call: Call) -> None:
    file = io.BytesIO(b"skipped" + b"#" * 200_000)
    file.seek(len(b"skipped"))
    done: list[int] = []

    def upload(client: Any) -> Any:
        return client.files.upload_document(
            "topic_1", file, filename="a.txt", progress=lambda now, total: done.append(now)
        )

    with scripted(refused(503, "X")) as server, pytest.raises(ServiceUnavailableError):
        call(upload, server.url)
    assert [each.body.count(b"#") for each in server.received] == [200_000] * 3
    assert not any(b"skipped" in each.body for each in server.received)
    assert done.count(200_000) == 3


def test_what_can_be_read_once_is_sent_once(call: Call) -> None:
    def upload(client: Any) -> Any:
        return client.files.upload_document("topic_1", Pipe(b"x"), filename="a.txt")

    with scripted(refused(503, "X")) as server:
        with pytest.raises(ServiceUnavailableError):
            call(upload, server.url, lambda: "token")
        assert len(server.received) == 1
