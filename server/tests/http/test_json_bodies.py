"""JSON is read far more strictly than usual, over HTTP as in the parser's own tests."""

from __future__ import annotations

import json

import httpx2
import pytest

from tests.http import raw
from tests.http.refusals import details_of, fields_of
from tests.parts.server import Server

LEVELS = "/api/admin/education/levels"


def post(api: Server, content: bytes, content_type: str = "application/json") -> httpx2.Response:
    return api.post(LEVELS, as_="admin", content=content, headers={"Content-Type": content_type})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b"null", "invalid_json"),
        (b"[]", "invalid_json"),
        (b'"text"', "invalid_json"),
        (b"{} {}", "invalid_json"),
        (b"{'name':'x'}", "invalid_json"),
        (b'{"name":"x",}', "invalid_json"),
        (b'{"name":NaN}', "invalid_json"),
        (b'{"name":Infinity}', "invalid_json"),
        (b'{"name":1e400}', "invalid_json"),
        (b'{"name":' + b"9" * 5000 + b"}", "invalid_json"),
        (b'{"name":"a","name":"b"}', "duplicate_keys"),
        (b'{"name":"a","\\u006eame":"b"}', "duplicate_keys"),
        (b'{"name":' + b"[" * 21 + b"]" * 21 + b"}", "too_deep"),
        (b'{"name":' + b"[" * 30_000 + b"}", "too_deep"),
        (b'\xef\xbb\xbf{"name":"x"}', "invalid_encoding"),
        (b'{"name":"\xff"}', "invalid_encoding"),
        (b'{"name":"\\ud800"}', "invalid_encoding"),
        ('{"name":"x"}'.encode("utf-16"), "invalid_encoding"),
        ('{"name":"x"}'.encode("utf-32-le"), "invalid_encoding"),
        ('{"name":"é"}'.encode("latin-1"), "invalid_encoding"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_no_proper_json_object_is_400(api: Server, content: bytes, reason: str) -> None:
    assert details_of(post(api, content), 400, "BAD_REQUEST") == {"reason": reason}


@pytest.mark.parametrize(
    ("value", "field"),
    [(1, "name"), (True, "name"), (None, "name"), (["a"], "name"), ({"a": 1}, "name")],
)
def test_types_are_not_converted(api: Server, value: object, field: str) -> None:
    answer = post(api, json.dumps({"name": value}).encode())
    assert fields_of(answer) == [field]
    assert answer.json()["details"]["value"] == value


@pytest.mark.parametrize("value", [1, 0, "true", None])
def test_only_true_and_false_are_flags(api: Server, value: object) -> None:
    assert fields_of(post(api, json.dumps({"name": "x", "isActive": value}).encode())) == [
        "isActive"
    ]


@pytest.mark.parametrize(
    "name",
    ["__proto__", "constructor", "class", "_sa_instance_state", "a.b", "", "id", "deletedAt"],
)
def test_unknown_fields_are_refused(api: Server, name: str) -> None:
    answer = post(api, json.dumps({"name": "x", name: "y"}).encode())
    assert fields_of(answer) == [name]


def test_several_violations_are_reported_together_the_first_at_the_top_level(api: Server) -> None:
    answer = post(api, b'{"name":"","description":1,"isActive":"no","surprise":1}')
    assert fields_of(answer) == ["name", "description", "isActive", "surprise"]
    details = answer.json()["details"]
    assert list(details) == ["field", "message", "value", "errors"]
    assert details["errors"][0] == {k: details[k] for k in ("field", "message", "value")}


def test_at_most_50_violations_are_reported_and_long_values_are_cut(api: Server) -> None:
    many = {f"field{number}": "x" * 300 for number in range(60)}
    answer = post(api, json.dumps({"name": "x", **many}).encode())
    errors = details_of(answer, 422, "VALIDATION_ERROR")["errors"]
    assert len(errors) == 50
    assert {len(each["value"]) for each in errors} == {256}


def test_values_of_secrets_are_never_repeated(api: Server) -> None:
    body = {"name": "x", "password": "hunter2", "accessToken": "t0ps3cret", "clientSecret": "sssh"}
    answer = post(api, json.dumps(body).encode())
    assert [each["value"] for each in answer.json()["details"]["errors"]] == [None] * 3
    assert not any(secret in answer.text for secret in ("hunter2", "t0ps3cret", "sssh"))


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
    ],
)
def test_json_may_be_declared_in_several_ways(api: Server, content_type: str) -> None:
    assert fields_of(post(api, b"{}", content_type)) == ["name"]


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/json",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "application/vnd.api+json",
        "application/jsonx",
        "application/json, application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "*/*",
    ],
)
def test_other_media_types_are_415(api: Server, content_type: str) -> None:
    details = details_of(post(api, b'{"name":"x"}', content_type), 415, "UNSUPPORTED_MEDIA_TYPE")
    assert details == {"received": content_type, "allowed": ["application/json"]}


def test_a_body_without_a_type_is_415(api: Server) -> None:
    token = f"Authorization: Bearer {api.token('admin')}"
    request = raw.head(LEVELS, token, "Content-Length: 2", method="POST") + b"{}"
    details = details_of(raw.send(api, request, method="POST"), 415, "UNSUPPORTED_MEDIA_TYPE")
    assert details["received"] is None


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "gzip, identity"])
def test_compressed_bodies_are_415(api: Server, encoding: str) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    answer = api.post(LEVELS, as_="admin", content=b"{}", headers=headers)
    details = details_of(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
    assert details == {"received": encoding, "allowed": ["identity"]}


def sized(length: int) -> bytes:
    start = b'{"name":"x","description":"'
    return start + b"a" * (length - len(start) - 2) + b'"}'


def test_64_kib_are_read_and_one_byte_more_is_413(api: Server) -> None:
    assert fields_of(post(api, sized(65536))) == ["description"]
    for body in (sized(65537), sized(10_000_000)):
        details = details_of(post(api, body), 413, "PAYLOAD_TOO_LARGE")
        assert details == {"limitBytes": 65536}


def test_a_body_of_undeclared_length_has_the_same_limit(api: Server) -> None:
    lines = [f"Authorization: Bearer {api.token('admin')}", "Content-Type: application/json"]
    head = raw.head(LEVELS, *lines, "Transfer-Encoding: chunked", method="POST")
    with raw.connection(api) as connected:
        connected.send(head + b"10001\r\n" + sized(65537) + b"\r\n0\r\n\r\n")
        details_of(connected.receive(method="POST"), 413, "PAYLOAD_TOO_LARGE")
        connected.send(head + b"2\r\n{}\r\n0\r\n\r\n")
        assert fields_of(connected.receive(method="POST")) == ["name"]


def test_the_body_of_a_read_is_ignored(api: Server) -> None:
    answer = api.request("GET", "/api/education/levels", content=b"\xff{{{")
    assert answer.status_code == 200


def test_a_length_that_the_body_does_not_keep_is_not_acted_on(api: Server) -> None:
    lines = [f"Authorization: Bearer {api.token('admin')}", "Content-Type: application/json"]
    body = b'{"name":"Never whole"}'
    with raw.connection(api) as connected:
        length = f"Content-Length: {len(body) + 1}"
        connected.send(raw.head(LEVELS, *lines, length, method="POST") + body)
    assert api.get("/api/education/levels?search=never").json()["data"] == []
