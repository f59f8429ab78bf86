"""The OpenAPI document is valid, complete and true to the declarations it is made from."""

from __future__ import annotations

import json
import re

import pytest
from openapi_spec_validator import validate

from akako import rooms
from akako.kernel.core import errors
from akako.kernel.http.endpoint import Endpoint
from akako.kernel.openapi.details import SAMPLES
from akako.kernel.openapi.operations import path_of
from tests.contract.described import (
    DESCRIBED,
    DOCUMENT,
    ENDPOINTS,
    Json,
    body,
    codes,
    faults,
    headers,
    kinds,
    media_types,
    named,
    operation,
)

AREAS = [
    "Authentication",
    "User Management",
    "Education System",
    "File Management",
    "Video Management",
    "Enrollment System",
    "Mentor Applications",
    "Notifications",
    "Webhooks",
]
SECURITY: dict[str, list[Json]] = {
    "required": [{"bearerAuth": []}],
    "optional": [{}, {"bearerAuth": []}],
    "checked": [{}, {"bearerAuth": []}],
    "ignored": [],
    "link": [],
}
# Answers to requests that no operation describes.
OUTSIDE = {"METHOD_NOT_ALLOWED", "URI_TOO_LONG", "HEADERS_TOO_LARGE"}

every_operation = pytest.mark.parametrize("endpoint", DESCRIBED, ids=lambda each: each.name)


def test_the_document_is_valid_openapi() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    validate(DOCUMENT)


def test_the_document_is_the_same_every_time() -> None:
    assert json.loads(rooms.openapi()) == json.loads(json.dumps(DOCUMENT))


def test_every_endpoint_is_described_and_nothing_else() -> None:
    found = {(path, method) for path, item in DOCUMENT["paths"].items() for method in item}
    declared = {(path_of(each), each.method) for each in DESCRIBED}
    declared |= {(path_of(each), other.method) for each in DESCRIBED for other in each.also}
    assert found == {(path, method.lower()) for path, method in declared}
    hidden = {each.path for each in ENDPOINTS if each.hidden}
    assert hidden == {"/metrics", "/openapi.json", "/docs", "/docs/", "/docs/{name}"}
    assert "/docs" not in DOCUMENT["paths"]


def test_operations_have_a_name_of_their_own_and_an_area_of_the_reference() -> None:
    operations = [operation(each) for each in DESCRIBED]
    names = [each["operationId"] for each in operations]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][A-Za-z]+", name) for name in names)
    areas = [each["name"] for each in DOCUMENT["tags"]]
    assert areas[: len(AREAS)] == AREAS
    assert {tag for each in operations for tag in each["tags"]} == set(areas)


def test_what_a_protocol_answers_without_a_body_is_described_without_one() -> None:
    upload = DOCUMENT["paths"]["/api/uploads/{uploadId}"]
    assert "content" not in upload["patch"]["responses"]["204"]
    assert all("content" not in each for each in upload["head"]["responses"].values())
    assert upload["head"]["responses"].keys() == upload["get"]["responses"].keys() | {"412"}
    assert "Upload-Offset" in upload["head"]["responses"]["200"]["headers"]
    discovered = DOCUMENT["paths"]["/api/uploads"]["options"]["responses"]["200"]
    assert "Tus-Version" in discovered["headers"]
    assert set(upload["patch"]["responses"]) >= {"204", "409", "412", "415", "423", "460"}


@every_operation
def test_security_and_roles_are_those_of_the_route(endpoint: Endpoint) -> None:
    described = operation(endpoint)
    assert described["security"] == SECURITY[endpoint.access.token]
    assert described["x-roles"] == list(endpoint.access.roles)
    if endpoint.access.roles:
        assert f"Roles: {', '.join(endpoint.access.roles)}." in described["description"]


@every_operation
def test_every_answer_can_be_traced_and_says_where_the_limit_stands(endpoint: Endpoint) -> None:
    for status in map(int, operation(endpoint)["responses"]):
        found = headers(endpoint, status)
        assert "X-Request-Id" in found
        assert ("X-RateLimit-Remaining" in found) is not endpoint.exempt
        assert "Retry-After" in found or status not in (429, 502, 503)
        assert "Location" in found or status != 201


def test_schemas_have_readable_names() -> None:
    names = list(DOCUMENT["components"]["schemas"])
    assert all(re.fullmatch(r"[A-Z][A-Za-z0-9]+", name) for name in names)
    assert not any("Akako" in name or "Schemas" in name for name in names)


def test_all_errors_of_the_api_are_described() -> None:
    found = set(kinds())
    of_kernel = {each for each in found if each.__module__ == errors.__name__}
    assert {type(problem) for problem, _ in SAMPLES} == of_kernel
    assert [problem.status for problem, _ in SAMPLES] == sorted(each.status for each in of_kernel)
    described = DOCUMENT["components"]["schemas"]["Error"]["properties"]["code"]["enum"]
    assert set(described) == {each.code for each in found}
    for each in found:
        assert f"| {each.status} | `{each.code}` |" in DOCUMENT["info"]["description"]


def test_every_error_that_an_operation_can_meet_is_described() -> None:
    met = {
        code
        for endpoint in DESCRIBED
        for status in map(int, operation(endpoint)["responses"])
        if status >= 400
        for code in codes(endpoint, status)
    }
    assert met == {each.code for each in kinds()} - OUTSIDE


def test_examples_are_valid() -> None:
    seen = 0
    for content in media_types():
        given = [each["value"] for each in content.get("examples", {}).values()]
        given += [content[name] for name in ("example",) if name in content]
        for instance in given:
            assert faults(instance, content["schema"]) == [], instance
            seen += 1
    assert seen > 20


def test_the_examples_of_the_reference_are_there() -> None:
    assert body(named("sync_user"))["example"] == {
        "userId": "user_123",
        "email": "test@example.com",
    }
    assert body(named("create_level"))["example"] == {
        "name": "High School",
        "description": "Secondary education",
    }
    assert body(named("upload_document"))["example"]["topicId"] == "topic_id_here"
    (page,) = DOCUMENT["components"]["schemas"]["Pagination"]["examples"]
    assert page["pages"] == 8


@pytest.mark.parametrize(
    ("answer", "code", "message", "details"),
    [
        (
            "Forbidden",
            "FORBIDDEN",
            "Insufficient permissions",
            {"required": ["ADMIN"], "user_roles": ["LEARNER"]},
        ),
        (
            "Conflict",
            "CONFLICT",
            "Resource already exists",
            {"resource": "education_level", "field": "name", "value": "Primary School"},
        ),
        (
            "ValidationFailed",
            "VALIDATION_ERROR",
            "Validation failed",
            {"field": "email", "message": "Invalid email format", "value": "invalid-email"},
        ),
    ],
)
def test_the_errors_of_the_reference_are_shown_as_it_shows_them(
    answer: str, code: str, message: str, details: Json
) -> None:
    content = DOCUMENT["components"]["responses"][answer]["content"]["application/json"]
    expected = {"success": False, "error": message, "code": code, "details": details}
    assert content["examples"][code]["value"] == expected


def test_descriptions_are_the_same_with_every_version_of_python() -> None:
    """Python 3.13 and newer remove the indentation of docstrings."""
    indented = [
        name
        for name, schema in DOCUMENT["components"]["schemas"].items()
        if "\n    " in schema.get("description", "")
    ]
    assert indented == []
