"""What an operation's description says follows from one line of its declaration."""

from __future__ import annotations

from typing import Any

import msgspec
from openapi_spec_validator import validate

from akako.kernel.core.access import PUBLIC, SIGNED_IN
from akako.kernel.core.envelope import Listed, Ok
from akako.kernel.db import listing
from akako.kernel.http import endpoint as declare
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import Endpoint
from akako.kernel.http.responses import Response
from akako.kernel.openapi import document
from tests.contract.described import (
    DOCUMENT,
    body,
    codes,
    faults,
    headers,
    named,
    operation,
    parameter_names,
    resolve,
    statuses,
)

PUBLIC_READ = {"200", "304", "429", "500", "503"}
# 409: the address of a new user may belong to another user.
SIGNED_IN_CALL = {"401", "403", "409", "429", "500", "502", "503"}
JSON_WRITE = SIGNED_IN_CALL | {"400", "408", "413", "415", "422"}
KEY_CODES = {"IDEMPOTENCY_IN_PROGRESS"}


def test_statuses_follow_from_the_declaration() -> None:
    expected = {
        "get_profile": {"200", "304"} | SIGNED_IN_CALL,
        "list_users": {"200", "400", "422"} | SIGNED_IN_CALL,
        "update_user": {"200", "404", "409", "412"} | JSON_WRITE,
        "assign_role": {"201", "404", "409"} | JSON_WRITE,
        "sync_user": {"200", "201", "409"} | JSON_WRITE,
        "get_topic": {"404"} | PUBLIC_READ,
        "list_levels": {"400", "403", "422"} | PUBLIC_READ,
        "upload_document": {"201", "404", "409", "507"} | JSON_WRITE,
        "upload_video": {"200", "201", "404", "409", "412", "507"} | JSON_WRITE,
        "stream_document": {"200", "206", "304", "400", "404", "412", "416", "422"}
        | SIGNED_IN_CALL,
        "receive_clerk_webhook": {"200"} | JSON_WRITE - {"403", "409", "422", "502"},
        "live": {"200", "500"},
        "ready": {"200", "500", "503"},
    }
    assert {name: statuses(named(name)) for name in expected} == expected


def test_codes_follow_from_the_declaration() -> None:
    conflicts = {
        "sync_user": {"CONFLICT"},
        "assign_role": {"CONFLICT"} | KEY_CODES,
        "remove_role": {"CONFLICT", "LAST_ADMIN"} | KEY_CODES,
        "create_level": {"CONFLICT"} | KEY_CODES,
        "approve_enrollment": {"CONFLICT", "INVALID_STATE"} | KEY_CODES,
        "approve_application": {"CONFLICT", "INVALID_STATE"} | KEY_CODES,
        "delete_topic": {"CONFLICT"} | KEY_CODES,
    }
    assert {name: codes(named(name), 409) for name in conflicts} == conflicts
    assert codes(named("sync_user"), 429) == {"RATE_LIMITED"}
    assert codes(named("list_levels"), 429) == {"RATE_LIMITED", "QUOTA_EXCEEDED"}
    assert codes(named("update_user"), 422) == {"VALIDATION_ERROR", "IDEMPOTENCY_KEY_REUSED"}
    assert codes(named("delete_topic"), 422) == {"IDEMPOTENCY_KEY_REUSED"}


def test_parameters_follow_from_the_declaration() -> None:
    expected = {
        "list_users": [
            *("page", "limit", "sort", "order", "search", "role", "status", "isActive"),
            *("createdFrom", "createdTo", "updatedFrom", "updatedTo", "cursor"),
        ],
        "get_user": ["userId", "If-None-Match"],
        "update_user": ["userId", "Idempotency-Key", "If-Match"],
        "remove_role": ["userId", "role", "Idempotency-Key", "If-Match"],
        "upload_document": ["Idempotency-Key"],
        "delete_document": ["topicId", "documentId", "Idempotency-Key", "If-Match"],
        "sync_user": [],
    }
    assert {name: parameter_names(named(name)) for name in expected} == expected


def test_headers_follow_from_the_declaration() -> None:
    assert {"ETag", "X-Quota-Remaining"} <= headers(named("get_profile"), 200)
    assert {"ETag", "Idempotent-Replayed"} <= headers(named("update_user"), 200)
    assert {"Link", "ETag"} <= headers(named("list_levels"), 200)
    assert {"Content-Range", "Accept-Ranges"} <= headers(named("play_video"), 206)
    assert "X-Upload-Quota-Remaining" in headers(named("upload_video"), 201)
    assert "WWW-Authenticate" in headers(named("get_profile"), 401)
    assert headers(named("live"), 200) == {"X-Request-Id"}


def test_bodies_refuse_unknown_fields_but_not_what_was_read() -> None:
    profile = resolve(body(named("update_profile"))["schema"])
    assert profile["properties"]["email"]["readOnly"]
    assert faults({"firstName": "Ada", "id": "u1", "roles": ["LEARNER"]}, profile) == []
    assert faults({"firstName": "Ada", "isAdmin": True}, profile) != []
    assert faults({"firstName": "Ada", "roles": "LEARNER"}, profile) != []
    assert faults({}, profile) != []


def test_inner_objects_of_bodies_refuse_unknown_fields_too() -> None:
    decisions = body(named("decide_enrollments"))["schema"]
    one = {"id": "e1", "decision": "approve"}
    assert faults({"decisions": [one]}, decisions) == []
    assert faults({"decisions": [one | {"status": "APPROVED"}]}, decisions) != []


def test_a_body_that_may_be_missing_is_not_required() -> None:
    assert operation(named("remove_role"))["requestBody"]["required"] is False
    assert operation(named("assign_role"))["requestBody"]["required"] is True


def test_times_are_described_as_times() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    user, role = schemas["AdminUser"]["properties"], schemas["UserRole"]["properties"]
    assert user["createdAt"] == {"type": "string", "format": "date-time"}
    assert role["effectiveEndDate"]["anyOf"][0]["format"] == "date-time"
    assert "format" not in user["email"]["anyOf"][0]


class Lesson(msgspec.Struct):
    name: str


class Part(msgspec.Struct, rename="camel"):
    sort_keys: list[int]
    language: str | None = None


LESSONS = listing.Spec(
    sorts={"name": listing.Sort("name", "text")},
    default="name",
    filters={"levelId": listing.Reference()},
)
FORM = {"type": "object", "properties": {"file": {"type": "string"}}, "required": ["file"]}


@declare.get("/lessons", access=PUBLIC, listing=LESSONS, metered=False)
async def list_lessons(call: Context, request: listing.Request) -> Listed[Lesson]:
    """List lessons."""
    raise NotImplementedError


@declare.get("/lessons/{lesson_id}/file", access=SIGNED_IN, status=(200, 206))
async def read_file(call: Context, lesson_id: str, query: Part) -> Response:
    """Read the file of a lesson.

    In one language.
    """
    raise NotImplementedError


@declare.post("/lessons", access=SIGNED_IN, form=FORM, returns=Lesson, headers={"X-Part": "Which."})
async def upload_lesson(call: Context) -> Response:
    """Upload a lesson."""
    raise NotImplementedError


def test_a_new_operation_is_described_as_declared() -> None:
    described = document([list_lessons, read_file, upload_lesson])
    validate(described)
    assert codes(list_lessons, 429, described) == {"RATE_LIMITED"}
    assert parameter_names(list_lessons, described) == [
        *("page", "limit", "sort", "order", "levelId", "cursor", "If-None-Match")
    ]
    read = operation(read_file, described)
    assert read["summary"] == "Read the file of a lesson"
    assert read["description"] == "In one language.\n\nFor every signed-in caller."
    assert {"200", "206", "304", "416"} <= statuses(read_file, described)
    keys, language = (each for each in read["parameters"] if each.get("in") == "query")
    assert (keys["required"], keys["style"], keys["explode"]) == (True, "form", False)
    assert language["schema"] == {"type": "string"}
    upload = operation(upload_lesson, described)
    assert upload["requestBody"]["content"]["multipart/form-data"]["schema"] == FORM
    assert parameter_names(upload_lesson, described) == ["X-Part", "Idempotency-Key"]


def twin(module: str) -> Endpoint:
    """An endpoint that answers with its room's own `Decision`."""

    async def decide(call: Context) -> Ok[Any]:
        raise NotImplementedError

    decide.__name__ = module.replace(".", "_")
    model = msgspec.defstruct("Decision", [("at", str)], module=module)
    return declare.get(f"/{module}", access=PUBLIC, returns=model)(decide)


def test_types_of_one_name_are_named_after_their_room() -> None:
    described = document([twin("akako.enrollment.schemas"), twin("akako.mentors.schemas")])
    validate(described)
    schemas = described["components"]["schemas"]
    assert {"EnrollmentDecision", "MentorDecision"} <= schemas.keys()
    assert "Decision" not in schemas
