"""What contradicts openapi.json is seen."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from tests.parts import promises

LEVEL = {
    "id": "l1",
    "name": "Primary School",
    "description": "",
    "imageUrl": None,
    "isActive": True,
    "createdAt": "2026-11-26T09:41:59.886339Z",
    "updatedAt": "2026-11-26T09:43:24.775849Z",
}
CREATED = {"success": True, "data": LEVEL, "message": "Operation completed successfully"}
HEADERS = {
    "X-Request-Id": "4f8c2a9be01d7c36",
    "X-RateLimit-Limit": "100",
    "X-RateLimit-Remaining": "99",
    "X-RateLimit-Reset": "1640995200",
    "Location": "/api/education/levels/l1",
    "Content-Type": "application/json; charset=utf-8",
}


PAGE = {"page": 1, "limit": 20, "total": 0, "pages": 0, "hasNext": False, "hasPrev": False}
LISTED: dict[str, Any] = {
    "method": "GET",
    "status": 200,
    "body": {"success": True, "data": [], "pagination": PAGE},
}


def answer(
    *,
    method: str = "POST",
    path: str = "/api/admin/education/levels",
    status: int = 201,
    sent: Any = None,
    body: Any = CREATED,
    **headers: str | None,
) -> httpx2.Response:
    """A flawless answer to the creation of a level, with changes; None leaves a header out."""
    given = HEADERS | {name.replace("_", "-"): value for name, value in headers.items()}
    request = httpx2.Request(method, f"http://akako{path}", json=sent or {"name": "Primary School"})
    return httpx2.Response(
        status,
        headers={name: value for name, value in given.items() if value is not None},
        content=body if isinstance(body, bytes) else json.dumps(body).encode(),
        request=request,
    )


def test_what_is_promised_passes() -> None:
    promises.check(answer())
    query = "limit=500&role=LEARNER,ADMIN&isActive=true&createdFrom=2026-01-01&other=1"
    promises.check(answer(**LISTED, path=f"/api/users?{query}"))
    promises.check(answer(path="/metrics", method="GET", status=200, body=b"akako_up 1"))
    promises.check(answer(path="/api/nowhere", status=404, body={"success": False}))
    promises.check(answer(method="PATCH", status=405, body={"success": False}))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"status": 202}, "the status 202 is not described"),
        ({"path": "/api/nowhere", "status": 200}, "nothing is described at this path"),
        ({"method": "PATCH", "status": 200}, "PATCH is not described"),
        ({"Location": None}, "the header Location is missing"),
        ({"X_RateLimit_Limit": "many"}, "X-RateLimit-Limit"),
        ({"Content_Type": "text/html"}, "the content type text/html"),
        ({"body": CREATED | {"data": {"id": "l1"}}}, "required property"),
        ({"body": CREATED | {"data": LEVEL | {"createdAt": "yesterday"}}}, "data/createdAt"),
        ({"sent": {"name": 1}}, "accepted, but name"),
        ({**LISTED, "path": "/api/users?limit=many"}, "the parameter limit"),
        ({**LISTED, "path": "/api/users?role=LEARNER,KING"}, "the parameter role"),
        ({**LISTED, "path": "/api/users?isActive=perhaps"}, "the parameter isActive"),
        ({**LISTED, "path": "/api/users?createdFrom=yesterday"}, "the parameter createdFrom"),
        ({"sent": {"name": "Primary School", "owner": "me"}}, "accepted, but body"),
    ],
    ids=str,
)
def test_what_is_not_promised_is_seen(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(AssertionError, match=fault):
        promises.check(answer(**changes))


def test_a_request_may_go_beyond_what_is_promised_on_purpose() -> None:
    promises.check(answer(sent={"name": 1}), unpromised=True)
    with pytest.raises(AssertionError, match="202"):
        promises.check(answer(sent={"name": 1}, status=202), unpromised=True)


def test_an_answer_without_a_body_has_none() -> None:
    path = "/api/uploads/u1"
    headers: dict[str, str | None] = {
        "Tus_Resumable": "1.0.0",
        "Upload_Offset": "20",
        "Upload_Length": "20",
        "Upload_Expires": "Thu, 26 Nov 2026 09:41:59 GMT",
        "Upload_Metadata": "kind ZG9jdW1lbnQ=",
    }
    fine = answer(method="HEAD", path=path, status=200, body=b"", **headers)
    promises.check(fine, unpromised=True)
    with pytest.raises(AssertionError, match="a body that is not described"):
        promises.check(answer(method="DELETE", path=path, status=204, body=b"!", **headers))
