"""Messages of errors name the cause: the field, the address, the missing `/api`."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest

from akako_lms import AkakoAPI, AkakoError, AsyncAkakoAPI, InsecureAddressWarning
from calls import Call
from scripted import answer, scripted


def get(client: Any) -> Any:
    return client.education.get_levels()


def failed(call: Call, status: int, code: str, details: dict[str, Any]) -> AkakoError:
    body = {"success": False, "error": "No", "code": code, "details": details}
    response = answer(status, json.dumps(body).encode())
    with scripted(response) as server, pytest.raises(AkakoError) as caught:
        call(get, server.url)
    return caught.value


@pytest.mark.parametrize(
    ("status", "details", "shown"),
    [
        (
            422,
            {"field": "email", "message": "x", "value": "a@"},
            "(field: email, value: a@, message: x)",
        ),
        (409, {"resource": "grade", "field": "level", "value": 7}, "(field: level, value: 7)"),
        (403, {"required": [], "reason": "not_owner"}, "(reason: not_owner)"),
        (
            415,
            {"received": None, "reason": "extension", "allowedExtensions": [".pdf", ".txt"]},
            '(reason: extension, allowedExtensions: [".pdf", ".txt"])',
        ),
        (422, {"field": "name", "value": None}, "(field: name, value: null)"),
        (404, {"resource": "grade", "id": "grade_1"}, "(id: grade_1)"),
        (
            403,
            {"required": ["ADMIN"], "user_roles": []},
            '(required: ["ADMIN"], user_roles: [])',
        ),
        (
            422,
            {"field": "name", "message": "Required", "value": "", "errors": [{}, {}]},
            '(field: name, value: "", message: Required; 2 errors)',
        ),
    ],
)
def test_the_message_names_field_reason_and_value(
    call: Call, status: int, details: dict[str, Any], shown: str
) -> None:
    error = failed(call, status, "CODE", details)
    assert error.message == f"No {shown}"
    assert shown in str(error)
    assert error.details == details


def test_long_values_are_cut(call: Call) -> None:
    assert len(failed(call, 422, "CODE", {"field": "a", "value": "x" * 5000}).message) < 300


@pytest.mark.usefixtures("no_pauses")
def test_a_failed_connection_names_address_and_cause(call: Call) -> None:
    with scripted() as server:
        url = server.url
    with pytest.raises(AkakoError) as caught:
        call(get, url)
    assert caught.value.message.startswith(f"No answer from {url}/education/levels: ConnectError: ")


@pytest.mark.parametrize("html", [False, True])
def test_an_address_without_api_is_explained(call: Call, html: bool) -> None:
    page = answer(404, b"<html>", Content_Type="text/html")
    body = b'{"success": false, "error": "Not found", "code": "NOT_FOUND", "details": {}}'
    with scripted(page if html else answer(404, body)) as server:
        with pytest.raises(AkakoError) as caught:
            call(get, server.url.removesuffix("/api"))
        assert "base_url lack /api? The request was for /education/levels" in str(caught.value)
        with pytest.raises(AkakoError) as caught:
            call(get, server.url)
        assert "lack" not in str(caught.value)


@pytest.mark.parametrize("client", [AkakoAPI, AsyncAkakoAPI])
def test_plain_http_in_a_trusted_network_is_a_warning(client: Any) -> None:
    with pytest.raises(ValueError, match="allow_http=True"):
        client("http://10.0.0.1/api", "token")
    with pytest.warns(InsecureAddressWarning, match="10.0.0.1 without encryption"):
        client("http://10.0.0.1/api", "token", allow_http=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client("https://akako.example.com/api", "token", allow_http=True)
        client("http://127.0.0.1/api", "token", allow_http=True)
    with pytest.raises(ValueError, match="scheme, host and path"):
        client("http://user:password@10.0.0.1/api", allow_http=True)
