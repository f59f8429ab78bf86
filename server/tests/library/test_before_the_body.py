"""What can be refused by the head of a request is refused before the client sends its body."""

from __future__ import annotations

import pytest

from tests.conftest import StartServer
from tests.http.raw import connection
from tests.library.school import UPLOAD, Topic, add_topic, sample
from tests.parts.server import Server

FORM = "multipart/form-data; boundary=frontier"
TINY = {"AKAKO_RATE_LIMIT_UPLOAD": "1/600"}


def head(api: Server, path: str, *lines: str, as_: str | None, method: str, length: int) -> bytes:
    lines = (
        f"{method} {path} HTTP/1.1",
        "Host: localhost",
        "Expect: 100-continue",
        f"Content-Length: {length}",
        *(f"{name}: {value}" for name, value in api.headers(as_).items()),
        *lines,
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def answered(
    api: Server,
    path: str = UPLOAD,
    *,
    as_: str | None = "admin",
    type: str = FORM,
    length: int = 1000,
    method: str = "POST",
    lines: tuple[str, ...] = (),
) -> int:
    """The status of the first answer to the head alone; 100 asks for the body."""
    with connection(api) as connected:
        more = (f"Content-Type: {type}", *lines)
        connected.send(head(api, path, *more, as_=as_, method=method, length=length))
        answer = connected.receive()
        if answer.status_code != 100:
            assert answer.json()["success"] is False
            assert answer.headers["connection"] == "close"
            assert connected.is_closed()
        return answer.status_code


@pytest.fixture(scope="module")
def topic(api: Server) -> Topic:
    return add_topic(api)


def test_a_good_head_is_asked_for_its_body(api: Server, topic: Topic) -> None:
    assert answered(api) == 100
    assert answered(api, topic.video_admin, method="PUT") == 100


@pytest.mark.parametrize(
    ("status", "given"),
    [
        (401, {"as_": None}),
        (403, {"as_": "learner"}),
        (413, {"length": 60 * 1024 * 1024}),
        (415, {"type": "application/json"}),
        (415, {"lines": ("Content-Encoding: gzip",)}),
        (400, {"type": "multipart/form-data"}),
        (400, {"lines": (f"Idempotency-Key: {'x' * 300}",)}),
    ],
)
def test_a_document_is_refused_at_once(api: Server, status: int, given: dict[str, object]) -> None:
    assert answered(api, **given) == status  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "given"),
    [
        (401, {"as_": None}),
        (403, {"as_": "learner"}),
        (413, {"length": 502 * 1024 * 1024}),
        (415, {"type": "video/mp4"}),
        (400, {"type": "multipart/form-data; boundary="}),
    ],
)
def test_a_video_is_refused_at_once(
    api: Server, topic: Topic, status: int, given: dict[str, object]
) -> None:
    assert answered(api, topic.video_admin, method="PUT", **given) == status  # type: ignore[arg-type]


def test_a_video_of_no_topic_or_of_a_foreign_one_is_refused_at_once(api: Server) -> None:
    foreign = add_topic(api, mentor=None)
    assert answered(api, Topic("0000", "").video_admin, method="PUT") == 404
    assert answered(api, foreign.video_admin, method="PUT", as_="mentor") == 403


def test_a_video_that_has_changed_is_412_before_the_body(api: Server, topic: Topic) -> None:
    given = ('If-Match: "sha256-0"',)
    assert answered(api, topic.video_admin, method="PUT", lines=given) == 412


def test_a_spent_quota_is_429_before_the_body(api: Server, topic: Topic) -> None:
    with api.db() as db:
        subject = f"user:{api.user_id('mentor')}"
        sql = """
            insert into usage_counters (subject, month, kind, used)
            values (%s, date_trunc('month', now() at time zone 'UTC')::date, 'file_uploads', 100)
            on conflict (subject, month, kind) do update set used = 100
        """
        db.execute(sql, (subject,))
        assert answered(api, as_="mentor") == 429
        assert answered(api, topic.video_admin, method="PUT", as_="mentor") == 429
        db.execute("delete from usage_counters where subject = %s", (subject,))
    assert answered(api, as_="mentor") == 100


def test_too_many_uploads_are_refused_at_once(start_server: StartServer) -> None:
    api = start_server(TINY)
    assert answered(api) == 100
    assert answered(api) == 429
    assert answered(api, as_="mentor") == 100


def test_the_body_follows_when_it_is_asked_for(api: Server, topic: Topic) -> None:
    body = (
        b'--frontier\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n'
        + sample("mp4")
        + b"\r\n--frontier--\r\n"
    )
    with connection(api) as connected:
        more = f"Content-Type: {FORM}"
        path = topic.video_admin
        connected.send(head(api, path, more, as_="admin", method="PUT", length=len(body)))
        assert connected.receive().status_code == 100
        connected.send(body)
        assert connected.receive().status_code == 201
