"""The events that the API sends to webhooks, with the types of their data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from akako_lms._wire import Model
from akako_lms.webhooks import WebhookVerificationError, read_headers, verify_webhook


@dataclass(frozen=True, kw_only=True)
class PingData(Model):
    """The endpoint that was asked for a test event."""

    endpoint_id: str


@dataclass(frozen=True, kw_only=True)
class UserData(Model):
    user_id: str


@dataclass(frozen=True, kw_only=True)
class UserRoleData(Model):
    user_id: str
    role: str


@dataclass(frozen=True, kw_only=True)
class NodeData(Model):
    """A level, grade, subject or topic."""

    id: str


@dataclass(frozen=True, kw_only=True)
class DocumentData(Model):
    id: str
    topic_id: str


@dataclass(frozen=True, kw_only=True)
class VideoData(Model):
    topic_id: str


@dataclass(frozen=True, kw_only=True)
class EnrollmentData(Model):
    enrollment_id: str
    subject_id: str
    user_id: str


@dataclass(frozen=True, kw_only=True)
class MentorApplicationData(Model):
    application_id: str
    user_id: str


@dataclass(frozen=True, kw_only=True)
class CompletionData(Model):
    """The learner who completed the topic."""

    topic_id: str
    subject_id: str
    user_id: str


def _verbs(prefix: str, data: type[Model], *verbs: str) -> dict[str, type[Model]]:
    return {f"{prefix}.{verb}": data for verb in verbs}


CHANGES = ("created", "updated", "deleted", "restored")
DECISIONS = ("requested", "approved", "rejected", "reopened")
EVENT_DATA: Mapping[str, type[Model]] = {
    "ping": PingData,
    **_verbs("user", UserData, "created", "deleted"),
    **_verbs("user_role", UserRoleData, "assigned", "removed"),
    **_verbs("education_level", NodeData, *CHANGES),
    **_verbs("grade", NodeData, *CHANGES),
    **_verbs("subject", NodeData, *CHANGES, "topics_reordered"),
    **_verbs("topic", NodeData, *CHANGES),
    "topic.completed": CompletionData,
    **_verbs("document", DocumentData, "uploaded", "deleted", "restored"),
    **_verbs("video", VideoData, "uploaded", "deleted"),
    **_verbs("enrollment", EnrollmentData, *DECISIONS, "cancelled"),
    **_verbs("mentor_application", MentorApplicationData, *DECISIONS),
}


@dataclass(frozen=True)
class Event:
    """A verified event.

    `id` is the same in each delivery of the event: store it, and ignore an event whose id you have
    seen. `data` has the type that `EVENT_DATA` names; for a type that this version does not know
    it is a dictionary.
    """

    id: str
    type: str
    timestamp: datetime
    data: Any


def read_event(
    payload: bytes | str, headers: Mapping[str, str], secret: str | Sequence[str]
) -> Event:
    """Return the event of a webhook if its signature is valid.

    Args:
        payload: The body of the request exactly as it was received.
        headers: The headers of the request.
        secret: The secret of the endpoint (`whsec_…`), or several during a rotation.

    Raises:
        WebhookVerificationError: The signature is not valid, or the body is not an event.
    """
    body = verify_webhook(payload, headers, secret)
    id, _, _ = read_headers(headers)  # the one that is signed
    try:
        data, known = body["data"], EVENT_DATA.get(body["type"])
        timestamp = datetime.fromisoformat(body["timestamp"])
        return Event(id, body["type"], timestamp, known.from_dict(data) if known else data)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise WebhookVerificationError("the message is not an event of Akako LMS") from None
