"""The reference's own examples, byte for byte but for white space."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from akako.dev.fake_clerk import sign_webhook
from tests.conftest import StartServer
from tests.identity.people import add_people
from tests.parts.postgres import passable_folder
from tests.parts.server import GENEROUS, Server

FIXTURES = Path(__file__).parent.parent / "fixtures"
SECRET = "whsec_plJ3nmyCDGBKInavdOK15jsl"
USUAL_LIMITS = dict.fromkeys(GENEROUS, "")
PLACEHOLDER = {"Authorization": "Bearer your_jwt_token"}

INVALID = """
{
  "success": false,
  "error": "Validation failed",
  "code": "VALIDATION_ERROR",
  "details": {
    "field": "email",
    "message": "Invalid email format",
    "value": "invalid-email"
  }
}
"""
FORBIDDEN = """
{
  "success": false,
  "error": "Insufficient permissions",
  "code": "FORBIDDEN",
  "details": {
    "required": ["ADMIN"],
    "user_roles": ["LEARNER"]
  }
}
"""
DUPLICATE = """
{
  "success": false,
  "error": "Resource already exists",
  "code": "CONFLICT",
  "details": {
    "resource": "education_level",
    "field": "name",
    "value": "Primary School"
  }
}
"""
PAGINATION = """
{
  "page": 1,
  "limit": 20,
  "total": 150,
  "pages": 8,
  "hasNext": true,
  "hasPrev": false
}
"""


@pytest.fixture(scope="module")
def api(start_server: StartServer) -> Server:
    return start_server({"AKAKO_CLERK_WEBHOOK_SECRETS": SECRET})


@pytest.fixture
def fresh(start_server: StartServer) -> Iterator[Server]:
    """A server with the limits of the reference, whose callers have not called yet."""
    server = start_server(USUAL_LIMITS)
    yield server
    server.stop()


def compact(example: str) -> str:
    return json.dumps(json.loads(example), separators=(",", ":"))


def pairs(answer: httpx2.Response) -> list[str]:
    """The members of an answer in the order in which they were written."""
    return list(json.loads(answer.text, object_pairs_hook=lambda found: [key for key, _ in found]))


def test_success(api: Server) -> None:
    answer = api.get("/api/auth/profile", as_="learner")
    assert pairs(answer) == ["success", "data", "message"]
    assert answer.text.startswith('{"success":true,"data":{"id":')
    assert answer.text.endswith('},"message":"Operation completed successfully"}')


def test_error(api: Server) -> None:
    answer = api.get("/api/auth/profile")
    assert pairs(answer) == ["success", "error", "code", "details"]
    assert answer.text.startswith('{"success":false,"error":"Authentication required","code":')


def test_validation_error(api: Server) -> None:
    body = {"userId": "user_123", "email": "invalid-email"}
    answer = api.post("/api/auth/sync", json=body)
    assert (answer.status_code, answer.text) == (422, compact(INVALID))


def test_role_based_access_error(api: Server) -> None:
    for method, path in (
        ("GET", "/api/users"),
        ("GET", "/api/users/any"),
        ("POST", "/api/admin/education/levels"),
        ("GET", "/api/admin/enrollment/pending"),
    ):
        answer = api.request(method, path, as_="learner", json={} if method == "POST" else None)
        assert (answer.status_code, answer.text) == (403, compact(FORBIDDEN))


def test_duplicate_resource_error(api: Server) -> None:
    body = {"name": "Primary School", "description": "Ages 6 to 12"}
    assert api.post("/api/admin/education/levels", as_="admin", json=body).status_code == 201
    answer = api.post("/api/admin/education/levels", as_="admin", json=body)
    assert (answer.status_code, answer.text) == (409, compact(DUPLICATE))


def test_pagination_filtering_and_search(fresh: Server) -> None:
    add_people(fresh, 146)
    add_people(fresh, 2, first_name="John")
    path = "/api/users?page=1&limit=20&sort=createdAt&order=desc"
    answer = fresh.get(path, as_="admin")
    assert answer.status_code == 200
    assert pairs(answer) == ["success", "data", "pagination"]
    assert answer.text.endswith(f'],"pagination":{compact(PAGINATION)}}}')
    made = [each["createdAt"] for each in answer.json()["data"]]
    assert len(made) == 20
    assert made == sorted(made, reverse=True)
    found = fresh.get("/api/users?search=john&role=LEARNER&status=ACTIVE", as_="admin")
    assert [each["firstName"] for each in found.json()["data"]] == ["John", "John"]


def rates(answer: httpx2.Response) -> tuple[int, int]:
    assert answer.headers["x-ratelimit-reset"].isdigit()
    limit, remaining = (answer.headers[f"x-ratelimit-{name}"] for name in ("limit", "remaining"))
    return int(limit), int(remaining)


def test_rate_limit_headers(fresh: Server) -> None:
    assert rates(fresh.get("/api/education/levels")) == (100, 99)
    assert rates(fresh.get("/api/users")) == (100, 98)
    assert rates(fresh.get("/api/nowhere")) == (100, 97)
    assert rates(fresh.post("/api/auth/sync", json=[])) == (10, 9)
    assert rates(fresh.get("/api/auth/profile")) == (10, 8)
    upload = {"files": {"file": b"x"}, "data": {"topicId": "none"}}
    assert rates(fresh.post("/api/s3/document/upload", as_="mentor", **upload)) == (20, 19)


def test_both_commands_of_the_testing_script_with_a_database_of_its_own() -> None:
    with passable_folder() as folder:
        server = Server(folder, None, environment=USUAL_LIMITS, arguments=("--demo",)).start()
        try:
            body = '{"userId": "user_123", "email": "test@example.com"}'
            headers = {"Content-Type": "application/json"}
            synced = server.post("/api/auth/sync", content=body, headers=headers)
            levels = server.get("/api/education/levels", headers=PLACEHOLDER)
        finally:
            server.close()
    assert synced.status_code in (200, 201)
    assert synced.json()["success"] is True
    assert levels.status_code == 200
    assert levels.json()["data"]


def new_topic(api: Server) -> str:
    level = made(api, "levels", name="Level")
    grade = made(api, "grades", name="Grade 1", level="primary", educationLevelId=level)
    return made(
        api, "topics", name="Topic", subjectId=made(api, "subjects", name="S", gradeId=grade)
    )


def made(api: Server, kind: str, **body: Any) -> str:
    answer = api.post(f"/api/admin/education/{kind}", as_="admin", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["id"])


def test_document_and_video_upload(api: Server) -> None:
    topic_id = new_topic(api)
    document = api.post(
        "/api/s3/document/upload",
        as_="admin",
        files={
            "file": ("document.pdf", (FIXTURES / "sample.pdf").read_bytes(), "application/pdf"),
            "topicId": (None, f'"{topic_id}"'),
            "metadata": (None, '{"name": "document.pdf", "description": "Study material"}'),
        },
    )
    assert document.status_code == 201, document.text
    assert document.json()["data"]["topicId"] == topic_id
    assert document.json()["data"]["name"] == "document.pdf"
    assert document.json()["data"]["description"] == "Study material"
    video = api.put(
        f"/api/admin/education/topics/{topic_id}/video",
        as_="admin",
        files={"video": ("video.mp4", (FIXTURES / "sample.mp4").read_bytes(), "video/mp4")},
    )
    assert video.status_code == 201, video.text


def test_webhook(api: Server) -> None:
    event = {
        "type": "user.created",
        "data": {
            "id": "user_123",
            "email_addresses": [],
            "first_name": "John",
            "last_name": "Doe",
        },
    }
    body = json.dumps(event).encode()
    signed = sign_webhook(body, SECRET, "msg_1")
    headers = {"Content-Type": "application/json", **{f"X-{k}": v for k, v in signed.items()}}
    answer = api.post("/api/webhooks/clerk", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["received"] is True
