"""What a client says at the beginning is checked before it sends a byte."""

from __future__ import annotations

from typing import Any

import pytest

from tests.library.school import MIB, Topic, add_topic, refused
from tests.parts.server import Server
from tests.uploads.tus import append, begun, create, metadata, plan, video_plan


@pytest.fixture
def topic(api: Server) -> Topic:
    with api.db() as db:
        db.execute("delete from resumable_uploads")  # so that there is room for more
    return add_topic(api)


@pytest.mark.parametrize("given", ["", "-1", "1.0", "+1", "0x1", "9" * 19])
def test_offsets_and_lengths_are_numbers(api: Server, topic: Topic, given: str) -> None:
    path = begun(create(api, 10, plan(topic)))
    details = refused(append(api, path, given, b"1"), 422, "VALIDATION_ERROR")
    assert details["field"] == "Upload-Offset"
    response = create(api, None, plan(topic), headers={"Upload-Length": given})
    assert refused(response, 422, "VALIDATION_ERROR")["field"] == "Upload-Length"


def test_a_length_is_needed(api: Server, topic: Topic) -> None:
    refused(create(api, None, plan(topic)), 422, "VALIDATION_ERROR")
    refused(create(api, 0, plan(topic)), 422, "VALIDATION_ERROR")
    later = create(api, None, plan(topic), headers={"Upload-Defer-Length": "1"})
    refused(later, 422, "VALIDATION_ERROR")


@pytest.mark.parametrize(("kind", "mib"), [("document", 50), ("video", 500)])
def test_the_limits_are_those_of_plain_uploads(
    api: Server, topic: Topic, kind: str, mib: int
) -> None:
    sent = plan(topic) if kind == "document" else video_plan(topic)
    assert begun(create(api, mib * MIB, sent))
    details = refused(create(api, mib * MIB + 1, sent), 413, "PAYLOAD_TOO_LARGE")
    assert details == {"limitBytes": mib * MIB}
    refused(create(api, 10**17, sent), 413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": None}, "kind"),
        ({"kind": "picture"}, "kind"),
        ({"topicId": None}, "topicId"),
        ({"topicId": "../1"}, "topicId"),
        ({"filename": None}, "filename"),
        ({"filename": "../.."}, "filename"),
        ({"name": "x" * 201}, "name"),
        ({"description": "x" * 1001}, "description"),
    ],
)
def test_the_plan_is_checked(
    api: Server, topic: Topic, changes: dict[str, Any], field: str
) -> None:
    details = refused(create(api, 10, plan(topic, **changes)), 422, "VALIDATION_ERROR")
    assert details["field"] == field


@pytest.mark.parametrize("sent", ["kind !", "kind", "filename /w==", metadata(kind="x") * 2])
def test_metadata_is_text_in_base64(api: Server, topic: Topic, sent: str) -> None:
    refused(create(api, 10, sent), 422, "VALIDATION_ERROR")
    refused(create(api, 10, f"{plan(topic)},kind eA=="), 422, "VALIDATION_ERROR")
    refused(create(api, 10, f"{plan(topic)},x {'A' * 8192}"), 422, "VALIDATION_ERROR")


def test_the_type_is_judged_before_the_bytes(api: Server, topic: Topic) -> None:
    for changes in ({"filename": "a.html"}, {"filetype": "text/html"}, {"kind": "video"}):
        refused(create(api, 10, plan(topic, **changes)), 415, "UNSUPPORTED_MEDIA_TYPE")
    wrong = create(api, 10, plan(topic), content=b"1", headers={"Content-Type": "text/plain"})
    refused(wrong, 415, "UNSUPPORTED_MEDIA_TYPE")
    path = begun(create(api, 10, plan(topic)))
    response = append(api, path, 0, b"1", headers={"Content-Type": "text/plain"})
    refused(response, 415, "UNSUPPORTED_MEDIA_TYPE")


def test_only_so_many_can_be_unfinished(api: Server, topic: Topic) -> None:
    for _ in range(49):
        begun(create(api, 10, plan(topic)))
    last = begun(create(api, 10, plan(topic)))
    details = refused(create(api, 10, plan(topic)), 409, "CONFLICT")
    assert details == {"resource": "upload", "field": "uploads", "value": 50}
    assert begun(create(api, 10, plan(topic), as_="mentor")), "others have room of their own"
    append(api, last, 0, b"1234567890")
    assert begun(create(api, 10, plan(topic)))
