"""The types of events, each with the schema of its data, a description and an example.

Every type that the code writes into the outbox is listed here, and here only. The endpoint
`event-types`, the OpenAPI document, the documentation and the SDKs are made from this list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from akako.kernel.core.access import Role
from akako.kernel.core.ids import EXAMPLE

PING = "ping"
AT = "2026-01-31T08:00:00Z"
OTHER = "0199f3c2a7b47c1e8d5a6b7c8d9e0f11"
PATTERN = re.compile(r"[a-z_]+(?:\.[a-z_]+)?|[a-z_]+\.\*|\*", re.ASCII)


class PingData(msgspec.Struct, rename="camel"):
    """The endpoint that was asked for a test event."""

    endpoint_id: str


class UserData(msgspec.Struct, rename="camel"):
    user_id: str


class UserRoleData(msgspec.Struct, rename="camel"):
    user_id: str
    role: Role


class NodeData(msgspec.Struct, rename="camel"):
    """A level, grade, subject or topic."""

    id: str


class DocumentData(msgspec.Struct, rename="camel"):
    id: str
    topic_id: str


class VideoData(msgspec.Struct, rename="camel"):
    topic_id: str


class EnrollmentData(msgspec.Struct, rename="camel"):
    enrollment_id: str
    subject_id: str
    user_id: str


class MentorApplicationData(msgspec.Struct, rename="camel"):
    application_id: str
    user_id: str


class CompletionData(msgspec.Struct, rename="camel"):
    """The learner who completed the topic."""

    topic_id: str
    subject_id: str
    user_id: str


IDS = {
    "endpoint_id": EXAMPLE,
    "user_id": OTHER,
    "id": EXAMPLE,
    "topic_id": OTHER,
    "enrollment_id": EXAMPLE,
    "subject_id": "0199f3c2a7b47c1e8d5a6b7c8d9e0f12",
    "application_id": EXAMPLE,
    "role": "MENTOR",
}


class EventType(msgspec.Struct, frozen=True):
    """A type of event: its name, what it announces, and the type of `data`."""

    name: str
    description: str
    data: type[msgspec.Struct]

    @property
    def example(self) -> dict[str, Any]:
        """Return the body of a request that delivers such an event."""
        fields = {name: IDS[name] for name in self.data.__struct_fields__}
        return {
            "type": self.name,
            "timestamp": AT,
            "data": msgspec.to_builtins(self.data(**fields)),
        }


def _nodes(resource: str, label: str) -> list[EventType]:
    verbs = {
        "created": "was created",
        "updated": "was changed",
        "deleted": "was deleted",
        "restored": "was restored after a deletion",
    }
    return [
        EventType(f"{resource}.{verb}", f"{label} {text}.", NodeData)
        for verb, text in verbs.items()
    ]


ALL = [
    EventType(PING, "An administrator asked for a test event.", PingData),
    EventType("user.created", "An account was created.", UserData),
    EventType("user.deleted", "An account was deleted.", UserData),
    EventType("user_role.assigned", "A user received a role.", UserRoleData),
    EventType("user_role.removed", "A user lost a role.", UserRoleData),
    *_nodes("education_level", "An education level"),
    *_nodes("grade", "A grade"),
    *_nodes("subject", "A subject"),
    *_nodes("topic", "A topic"),
    EventType("subject.topics_reordered", "The topics of a subject were put in order.", NodeData),
    EventType("topic.completed", "A learner completed a topic.", CompletionData),
    EventType("document.uploaded", "A document was added to a topic.", DocumentData),
    EventType("document.deleted", "A document was deleted.", DocumentData),
    EventType("document.restored", "A deleted document was restored.", DocumentData),
    EventType("video.uploaded", "A topic received a video, or a new one.", VideoData),
    EventType("video.deleted", "The video of a topic was deleted.", VideoData),
    EventType("enrollment.requested", "A learner requested enrollment.", EnrollmentData),
    EventType("enrollment.approved", "An enrollment was approved.", EnrollmentData),
    EventType("enrollment.rejected", "An enrollment was rejected.", EnrollmentData),
    EventType("enrollment.cancelled", "A learner cancelled an enrollment.", EnrollmentData),
    EventType("enrollment.reopened", "A decision about an enrollment was undone.", EnrollmentData),
    EventType(
        "mentor_application.requested", "A user applied to become a mentor.", MentorApplicationData
    ),
    EventType("mentor_application.approved", "An application was approved.", MentorApplicationData),
    EventType("mentor_application.rejected", "An application was rejected.", MentorApplicationData),
    EventType(
        "mentor_application.reopened",
        "A decision about an application was undone.",
        MentorApplicationData,
    ),
]
BY_TYPE = {each.name: each for each in ALL}
PREFIXES = {name.rpartition(".")[0] for name in BY_TYPE} - {""}


def is_known(pattern: str) -> bool:
    """Return whether the pattern is a type, `prefix.*` of a type, or `*`."""
    return pattern == "*" or pattern in BY_TYPE or pattern.removesuffix(".*") in _prefixes(pattern)


def _prefixes(pattern: str) -> set[str]:
    return PREFIXES if pattern.endswith(".*") else set()


def matches(patterns: Iterable[str], event_type: str) -> bool:
    """Return whether one of the patterns names the type."""
    prefix = f"{event_type.rpartition('.')[0]}.*"
    return any(each in ("*", event_type, prefix) for each in patterns)


def payload(event_type: str, announced_at: datetime, data: Any) -> dict[str, Any]:
    """Return the body of the requests that deliver an event."""
    return {"type": event_type, "timestamp": announced_at, "data": data}
