"""What every refusal looks like, wherever it comes from."""

from __future__ import annotations

from typing import Any

import httpx2

KEYS = ["success", "error", "code", "details"]
JSON_TYPE = "application/json; charset=utf-8"


def details_of(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """The details of a refusal that is enveloped as it should be."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert answer.headers["content-type"] == JSON_TYPE
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-request-id"]
    envelope = answer.json()
    assert list(envelope) == KEYS
    assert envelope["success"] is False
    assert envelope["error"]
    assert "Traceback" not in answer.text
    assert envelope["code"] == code
    details: dict[str, Any] = envelope["details"]
    return details


def fields_of(answer: httpx2.Response) -> list[str]:
    """The fields that a 422 complains about, in order."""
    details = details_of(answer, 422, "VALIDATION_ERROR")
    problems = details.get("errors", [details])
    assert details["field"] == problems[0]["field"]
    return [each["field"] for each in problems]
