"""Clients that cannot send PATCH and DELETE name the method in a header (tus 1.0.0)."""

from __future__ import annotations

import httpx2
import pytest

from tests.library.school import Topic, add_topic, refused
from tests.parts.server import CLIENT_SECONDS, Server
from tests.uploads.tus import BYTES, VERSION, begun, create, offset, plan

TEXT = b"Two and two are four.\n"


@pytest.fixture
def path(api: Server) -> str:
    topic: Topic = add_topic(api)
    return begun(create(api, len(TEXT), plan(topic)))


def send(
    api: Server,
    path: str,
    method: str | bytes,
    *,
    as_: str | None = "admin",
    headers: dict[str, str] | None = None,
    content: bytes = b"",
) -> httpx2.Response:
    """POST with the header. The OpenAPI document describes the named methods only."""
    sent: dict[str, str | bytes] = {**api.headers(as_), **VERSION, **(headers or {})}
    sent["X-HTTP-Method-Override"] = method
    return httpx2.post(
        f"{api.url}{path}",
        headers=sent,  # type: ignore[arg-type]
        content=content,
        timeout=CLIENT_SECONDS,
    )


def test_a_file_arrives_by_post(api: Server, path: str) -> None:
    for at, end in ((0, 5), (5, len(TEXT))):
        headers = {**BYTES, "Upload-Offset": str(at)}
        piece = send(api, path, "PATCH", headers=headers, content=TEXT[at:end])
        assert (piece.status_code, piece.content) == (204, b"")
        assert piece.headers["upload-offset"] == str(end)
        where = send(api, path, "HEAD")
        assert (where.status_code, where.content) == (200, b"")
        assert where.headers["content-length"] == "0"
        assert where.headers["upload-offset"] == str(end)
    result = send(api, path, "HEAD").headers["upload-result"]
    assert api.get(result, as_="admin").content == TEXT


def test_an_upload_is_cancelled_by_post(api: Server, path: str) -> None:
    assert send(api, path, "delete").status_code == 204
    refused(api.get(path, as_="admin"), 404, "NOT_FOUND")


def test_the_named_method_is_authorized(api: Server, path: str) -> None:
    refused(send(api, path, "DELETE", as_=None), 401, "UNAUTHORIZED")
    refused(send(api, path, "DELETE", as_="learner"), 403, "FORBIDDEN")
    refused(send(api, path, "DELETE", as_="mentor"), 404, "NOT_FOUND")
    assert offset(api, path) == 0


@pytest.mark.parametrize("method", ["POST", "PUT", "", "PATCH, DELETE", "ünknown"])
def test_other_methods_are_refused(api: Server, path: str, method: str) -> None:
    response = send(api, path, method.encode("latin-1"))
    assert "PATCH" in refused(response, 405, "METHOD_NOT_ALLOWED")["allowed"]


def test_only_post_is_overridden_and_only_for_uploads(api: Server, path: str) -> None:
    headers = {**VERSION, "X-HTTP-Method-Override": "DELETE"}
    assert api.get(path, as_="admin", headers=headers).status_code == 200
    levels = send(api, "/api/education/levels", "DELETE")
    assert levels.status_code == 405
    assert offset(api, path) == 0


@pytest.mark.parametrize("value", ["partial", "final;/api/uploads/a /api/uploads/b"])
def test_parts_of_a_file_are_refused(api: Server, value: str) -> None:
    topic = add_topic(api)
    headers = {
        **VERSION,
        "Upload-Length": "10",
        "Upload-Metadata": plan(topic),
        "Upload-Concat": value,
    }
    response = api.post("/api/uploads", as_="admin", headers=headers)
    assert refused(response, 422, "VALIDATION_ERROR")["field"] == "Upload-Concat"
