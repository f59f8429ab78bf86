"""Uploads from the product's own pages do not count against the month's quota of uploads."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest

from tests.conftest import StartServer
from tests.library.school import Topic, add_topic, put_video, upload
from tests.parts.server import Server
from tests.plans.test_quota import APP, set_used
from tests.uploads.tus import append, begun, create, plan

TEXT = b"Two and two are four.\n"
Headers = dict[str, str]
Send = Callable[[Server, Topic, Headers], httpx2.Response]


@pytest.fixture(scope="module")
def api(start_server: StartServer) -> Server:
    return start_server({"AKAKO_FIRST_PARTY_ORIGINS": f"https://other.example.com,{APP}"})


@pytest.fixture(scope="module")
def topic(api: Server) -> Topic:
    return add_topic(api)


def send_form(api: Server, topic: Topic, signed: Headers) -> httpx2.Response:
    return upload(api, topic, as_=None, headers=signed)


def send_video(api: Server, topic: Topic, signed: Headers) -> httpx2.Response:
    return put_video(api, topic, as_=None, headers=signed)


def send_resumable(api: Server, topic: Topic, signed: Headers) -> httpx2.Response:
    created = create(api, len(TEXT), plan(topic), as_=None, headers=signed)
    if created.status_code != 201:
        return created
    return append(api, begun(created), 0, TEXT, as_=None, headers=signed)


def send_with_creation(api: Server, topic: Topic, signed: Headers) -> httpx2.Response:
    return create(api, len(TEXT), plan(topic), as_=None, content=TEXT, headers=signed)


def used(api: Server) -> int:
    data = api.get("/api/auth/quota", as_="mentor").json()["data"]
    return int(data["fileUploads"]["used"])


@pytest.mark.parametrize("send", [send_form, send_video, send_resumable, send_with_creation])
def test_first_party_uploads_have_no_quota(api: Server, topic: Topic, send: Send) -> None:
    set_used(api, f"user:{api.user_id('mentor')}", 100, "file_uploads")
    own = {"Authorization": f"Bearer {api.token('mentor', azp=APP)}"}
    other = {"Authorization": f"Bearer {api.token('mentor', azp='https://third.example.com')}"}
    response = send(api, topic, own)
    assert response.status_code in (200, 201, 204), response.text
    assert "x-upload-quota-limit" not in response.headers
    assert used(api) == 100
    assert send(api, topic, other).status_code == 429
    assert send(api, topic, api.headers("mentor")).status_code == 429
