"""The Python SDK knows every type of event; TypeScript's types come from the OpenAPI document."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime

import msgspec
import pytest
from akako_lms import EnrollmentData, WebhookVerificationError, read_event
from akako_lms._wire import camel
from akako_lms.events import EVENT_DATA

from akako.dispatch.event_types import ALL, BY_TYPE
from akako.dispatch.sealing import new_secret
from akako.dispatch.sending import signed_headers


def test_the_types_and_fields_are_those_of_the_server() -> None:
    sdk = {
        name: {camel(field.name) for field in dataclasses.fields(data)} - {"etag"}
        for name, data in EVENT_DATA.items()
    }
    assert sdk == {
        each.name: {field.encode_name for field in msgspec.structs.fields(each.data)}
        for each in ALL
    }


def test_an_event_is_verified_and_typed() -> None:
    secret, example = new_secret(), BY_TYPE["enrollment.approved"].example
    body = json.dumps(example).encode()
    headers = signed_headers("0199f3c2", body, [new_secret(), secret])
    event = read_event(body, headers, secret)
    assert (event.id, event.type) == ("0199f3c2", "enrollment.approved")
    assert event.timestamp == datetime(2026, 1, 31, 8, tzinfo=UTC)
    assert isinstance(event.data, EnrollmentData)
    assert event.data.enrollment_id == example["data"]["enrollmentId"]
    with pytest.raises(WebhookVerificationError):
        read_event(body, headers, new_secret())


@pytest.mark.parametrize("text", ["[]", "{}", '{"type": 1, "timestamp": "x", "data": {}}', "7"])
def test_what_is_not_an_event_is_refused(text: str) -> None:
    secret, body = new_secret(), text.encode()
    with pytest.raises(WebhookVerificationError, match="not an event"):
        read_event(body, signed_headers("1", body, [secret]), secret)


def test_a_later_type_keeps_its_data() -> None:
    secret = new_secret()
    body = b'{"type": "later.new", "timestamp": "2026-01-31T08:00:00Z", "data": {"a": 1}}'
    assert read_event(body, signed_headers("1", body, [secret]), secret).data == {"a": 1}
