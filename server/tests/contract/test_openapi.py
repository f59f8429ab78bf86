"""The OpenAPI document is valid, complete and true to the declarations it is made from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from akako.identity import routes as identity_routes
from akako.kernel import errors, listing
from akako.kernel.access import PUBLIC, SIGNED_IN
from akako.kernel.envelope import Listed, Ok
from akako.kernel.http import endpoint as declare
from akako.kernel.http.call import Call
from akako.kernel.http.endpoint import Endpoint, endpoints_of
from akako.kernel.http.openapi import document
from akako.kernel.http.openapi.details import SAMPLES
from akako.kernel.http.openapi.operations import path_of
from akako.kernel.http.reply import Reply
from akako.ops import routes as ops_routes
from akako.plans import routes as plan_routes

Json = dict[str, Any]

ENDPOINTS = endpoints_of(identity_routes, plan_routes, ops_routes)
DESCRIBED = [each for each in ENDPOINTS if not each.hidden]
DOCUMENT = document(ENDPOINTS)
SECURITY: dict[str, list[Json]] = {
    "required": [{"bearerAuth": []}],
    "optional": [{}, {"bearerAuth": []}],
    "checked": [{}, {"bearerAuth": []}],
    "ignored": [],
}

by_name = pytest.mark.parametrize("endpoint", DESCRIBED, ids=lambda each: each.name)


def operation(endpoint: Endpoint, described: Json = DOCUMENT) -> Json:
    found: Json = described["paths"][path_of(endpoint)][endpoint.method.lower()]
    return found


def resolve(value: Json, described: Json = DOCUMENT) -> Json:
    if "$ref" not in value:
        return value
    for part in value["$ref"].removeprefix("#/").split("/"):
        described = described[part]
    return described


def names_of(endpoint: Endpoint, described: Json = DOCUMENT) -> list[str]:
    parameters = operation(endpoint, described).get("parameters", [])
    return [resolve(each, described)["name"] for each in parameters]


def codes(endpoint: Endpoint, status: int, described: Json = DOCUMENT) -> set[str]:
    answer = resolve(operation(endpoint, described)["responses"][str(status)], described)
    return set(answer["content"]["application/json"]["examples"])


def body_schema(endpoint: Endpoint) -> Json:
    content = operation(endpoint)["requestBody"]["content"]["application/json"]
    return resolve(content["schema"])


def named(name: str) -> Endpoint:
    return next(each for each in ENDPOINTS if each.name == name)


def media_types(value: Any) -> Iterator[Json]:
    """Every media type object of the document."""
    if isinstance(value, dict):
        yield from value.get("content", {}).values()
        for each in value.values():
            yield from media_types(each)
    elif isinstance(value, list):
        for each in value:
            yield from media_types(each)


def problems(instance: object, schema: Json, described: Json = DOCUMENT) -> list[str]:
    whole = {**schema, "components": described["components"]}
    return [error.message for error in Draft202012Validator(whole).iter_errors(instance)]


def test_the_document_is_valid_openapi() -> None:
    validate(DOCUMENT)


def test_the_document_is_the_same_every_time() -> None:
    again = document(endpoints_of(identity_routes, plan_routes, ops_routes))
    assert json.dumps(DOCUMENT) == json.dumps(again)


def test_every_endpoint_is_described_and_nothing_else() -> None:
    found = {(path, method) for path, item in DOCUMENT["paths"].items() for method in item}
    assert found == {(path_of(each), each.method.lower()) for each in DESCRIBED}
    assert "/docs" not in DOCUMENT["paths"]


def test_operations_have_a_name_of_their_own_and_a_known_area() -> None:
    operations = [operation(each) for each in DESCRIBED]
    names = [each["operationId"] for each in operations]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][A-Za-z]+", name) for name in names)
    areas = [each["name"] for each in DOCUMENT["tags"]]
    assert areas == ["Authentication", "User Management", "Plans", "Operations"]
    assert {tag for each in operations for tag in each["tags"]} == set(areas)


@by_name
def test_security_and_roles_are_those_of_the_route(endpoint: Endpoint) -> None:
    described = operation(endpoint)
    assert described["security"] == SECURITY[endpoint.access.token]
    assert described["x-roles"] == list(endpoint.access.roles)
    for role in endpoint.access.roles:
        assert role in described["description"]


@by_name
def test_every_answer_can_be_traced_and_says_where_the_limit_stands(endpoint: Endpoint) -> None:
    for status, answer in operation(endpoint)["responses"].items():
        found = resolve(answer)["headers"]
        assert "X-Request-Id" in found
        assert ("X-RateLimit-Remaining" in found) is not endpoint.exempt
        assert ("Retry-After" in found) >= (status in {"429", "503"})


def test_statuses_follow_from_the_declaration() -> None:
    everywhere = {"401", "403", "429", "500", "502", "503"}
    writes = everywhere | {"400", "408", "413", "415", "422"}
    expected = {
        "get_profile": {"200", "304"} | everywhere,
        "list_users": {"200", "400", "422"} | everywhere,
        "update_user": {"200", "404", "409", "412"} | writes,
        "assign_role": {"201", "404", "409"} | writes,
        "sync_user": {"200", "201", "409"} | writes,
        "live": {"200", "500"},
        "ready": {"200", "500", "503"},
    }
    found = {name: set(operation(named(name))["responses"]) for name in expected}
    assert found == expected


def test_codes_follow_from_the_declaration() -> None:
    assert codes(named("assign_role"), 409) == {"CONFLICT", "IDEMPOTENCY_IN_PROGRESS"}
    assert codes(named("remove_role"), 409) == {"LAST_ADMIN", "IDEMPOTENCY_IN_PROGRESS"}
    assert codes(named("sync_user"), 409) == {"CONFLICT"}
    assert codes(named("sync_user"), 429) == {"RATE_LIMITED"}
    assert codes(named("get_profile"), 429) == {"RATE_LIMITED", "QUOTA_EXCEEDED"}
    assert codes(named("update_user"), 422) == {"VALIDATION_ERROR", "IDEMPOTENCY_KEY_REUSED"}


def test_parameters_follow_from_the_declaration() -> None:
    assert names_of(named("list_users")) == [
        *("page", "limit", "sort", "order", "search", "role", "status", "isActive"),
        *("createdFrom", "createdTo", "updatedFrom", "updatedTo", "cursor"),
    ]
    assert names_of(named("get_user")) == ["userId", "If-None-Match"]
    assert names_of(named("update_user")) == ["userId", "Idempotency-Key", "If-Match"]
    assert names_of(named("remove_role")) == ["userId", "role", "Idempotency-Key"]
    assert names_of(named("sync_user")) == []


def test_bodies_refuse_unknown_fields_but_not_what_was_read() -> None:
    profile = body_schema(named("update_profile"))
    assert profile["additionalProperties"] is False
    assert profile["minProperties"] == 1
    assert profile["properties"]["email"]["readOnly"]
    assert problems({"firstName": "Ada", "id": "u1", "roles": ["LEARNER"]}, profile) == []
    assert problems({"firstName": "Ada", "isAdmin": True}, profile) != []
    assert problems({}, profile) != []


def test_a_body_that_may_be_missing_is_not_required() -> None:
    assert operation(named("remove_role"))["requestBody"]["required"] is False
    assert operation(named("assign_role"))["requestBody"]["required"] is True


def test_times_are_described_as_times() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    user, role = schemas["AdminUser"]["properties"], schemas["UserRole"]["properties"]
    assert user["createdAt"] == {"type": "string", "format": "date-time"}
    assert role["effectiveEndDate"]["anyOf"][0]["format"] == "date-time"
    assert "format" not in user["email"]["anyOf"][0]


def test_schemas_have_readable_names() -> None:
    names = list(DOCUMENT["components"]["schemas"])
    assert all(re.fullmatch(r"[A-Z][A-Za-z0-9]+", name) for name in names)


def test_all_errors_of_the_api_have_an_example() -> None:
    known = {each for each in vars(errors).values() if isinstance(each, type)}
    kinds = {each for each in known if issubclass(each, errors.ApiError)} - {errors.ApiError}
    assert {type(problem) for problem, _ in SAMPLES} == kinds
    assert [problem.status for problem, _ in SAMPLES] == sorted(each.status for each in kinds)
    told = DOCUMENT["components"]["schemas"]["Error"]["properties"]["code"]["enum"]
    assert set(told) == {each.code for each in kinds}
    for each in kinds:
        assert f"| {each.status} | `{each.code}` |" in DOCUMENT["info"]["description"]


def test_examples_are_valid() -> None:
    seen = 0
    for content in media_types(DOCUMENT):
        given = [each["value"] for each in content.get("examples", {}).values()]
        given += [content[name] for name in ("example",) if name in content]
        for instance in given:
            assert problems(instance, content["schema"]) == [], instance
            seen += 1
    assert seen > 20


def test_the_examples_of_the_reference_are_there() -> None:
    sync = operation(named("sync_user"))["requestBody"]["content"]["application/json"]
    assert sync["example"] == {"userId": "user_123", "email": "test@example.com"}
    shown = DOCUMENT["components"]["responses"]["Forbidden"]["content"]["application/json"]
    assert shown["examples"]["FORBIDDEN"]["value"] == {
        "success": False,
        "error": "Insufficient permissions",
        "code": "FORBIDDEN",
        "details": {"required": ["ADMIN"], "user_roles": ["LEARNER"]},
    }
    (page,) = DOCUMENT["components"]["schemas"]["Pagination"]["examples"]
    assert page["pages"] == 8


class Lesson(msgspec.Struct):
    name: str


class Part(msgspec.Struct, rename="camel"):
    sort_keys: list[int]
    force: bool = False


LESSONS = listing.Spec(
    sorts={"name": listing.Sort("name", "text")},
    default="name",
    filters={"levelId": listing.Reference()},
)
FORM = {
    "type": "object",
    "properties": {"file": {"type": "string", "format": "binary"}, "name": {"type": "string"}},
    "required": ["file"],
}


@declare.get("/lessons", access=PUBLIC, listing=LESSONS)
async def list_lessons(call: Call, request: listing.Request) -> Listed[Lesson]:
    """List lessons."""
    raise NotImplementedError


@declare.get("/lessons/{lesson_id}/file", access=SIGNED_IN, status=(200, 206), query=Part)
async def read_file(call: Call, lesson_id: str, query: Part) -> Reply:
    """Read the file of a lesson."""
    raise NotImplementedError


@declare.post("/lessons", access=SIGNED_IN, form=FORM, returns=Lesson, status=(201,), replays=True)
async def upload_lesson(call: Call) -> Reply:
    """Upload a lesson."""
    raise NotImplementedError


def twin(module: str) -> Endpoint:
    """An endpoint that answers with its room's own `Decision`."""

    async def decide(call: Call) -> Ok[Any]:
        raise NotImplementedError

    decide.__name__ = module.replace(".", "_")
    model = msgspec.defstruct("Decision", [("at", str)], module=module)
    return declare.get(f"/{module}", access=PUBLIC, returns=model)(decide)


def test_files_forms_and_public_lists_are_described() -> None:
    described = document([list_lessons, read_file, upload_lesson])
    validate(described)
    lessons, read, upload = (
        operation(each, described) for each in (list_lessons, read_file, upload_lesson)
    )
    assert set(lessons["responses"]) == {"200", "304", "400", "422", "429", "500", "503"}
    assert "Link" in lessons["responses"]["200"]["headers"]
    assert {"200", "206", "304", "416"} <= set(read["responses"])
    assert "Content-Range" in read["responses"]["206"]["headers"]
    assert names_of(read_file, described) == [
        *("lessonId", "sortKeys", "force", "If-None-Match", "Range", "If-Range")
    ]
    keys = next(each for each in read["parameters"] if each.get("name") == "sortKeys")
    assert (keys["required"], keys["style"], keys["explode"]) == (True, "form", False)
    assert upload["requestBody"]["content"]["multipart/form-data"]["schema"] == FORM
    assert "Location" in upload["responses"]["201"]["headers"]
    assert codes(upload_lesson, 409, described) == {"IDEMPOTENCY_IN_PROGRESS"}


def test_types_of_one_name_are_told_apart_by_their_room() -> None:
    twins = [twin("akako.enrollment.schemas"), twin("akako.mentors.schemas")]
    described = document(twins)
    validate(described)
    schemas = described["components"]["schemas"]
    assert {"EnrollmentDecision", "MentorsDecision"} <= schemas.keys()
    assert "Decision" not in schemas
