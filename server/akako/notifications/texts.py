"""Titles, bodies and links of notifications: one entry of TEXTS for each type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from akako.notifications.schemas import Type


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a text can mention. Names are None or empty where the reader may not know them."""

    data: Mapping[str, Any]
    subject: str | None = None
    topic: str | None = None
    learner: str | None = None
    mentor: str | None = None

    @property
    def count(self) -> int:
        return int(self.data.get("count", 1))

    @property
    def in_subject(self) -> str:
        return self.subject or "a subject"


class Text(msgspec.Struct, frozen=True):
    title: str
    body: str
    link: str | None


def _approved(facts: Facts) -> Text:
    return Text(
        "Enrollment approved",
        f"You can now read the topics of {facts.in_subject}.",
        _subject(facts),
    )


def _rejected(facts: Facts) -> Text:
    return Text(
        "Enrollment rejected",
        f"Your request to enroll in {facts.in_subject} was rejected.",
        "/requests",
    )


def _requested(facts: Facts) -> Text:
    if facts.count == 1:
        return Text("New enrollment request", "A learner waits for a decision.", "/admin/requests")
    title = f"{facts.count} new enrollment requests"
    return Text(title, "Learners wait for a decision.", "/admin/requests")


def _mentor_approved(facts: Facts) -> Text:
    return Text("Mentor application approved", "You are now a mentor.", "/requests")


def _mentor_rejected(facts: Facts) -> Text:
    return Text("Mentor application rejected", "Your application was rejected.", "/requests")


def _mentor_submitted(facts: Facts) -> Text:
    if facts.count == 1:
        body = "A learner applied to become a mentor."
        return Text("New mentor application", body, "/admin/mentors")
    title = f"{facts.count} new mentor applications"
    return Text(title, "Learners applied to become mentors.", "/admin/mentors")


def _replied(facts: Facts) -> Text:
    body = f"{facts.mentor or 'Your mentor'} replied to your note on {facts.topic or 'a topic'}."
    return Text("Reply to your note", body, "/notes")


def _shared(facts: Facts) -> Text:
    body = f"{facts.learner or 'A learner'} shared a note on {facts.topic or 'a topic'} with you."
    return Text("Note shared with you", body, "/teach/notes")


def _published(facts: Facts) -> Text:
    if facts.count > 1:
        title = f"{facts.count} new topics in {facts.in_subject}"
        return Text(title, f"{facts.count} topics were published.", _subject(facts))
    title = f"New topic in {facts.in_subject}"
    if not facts.topic:
        return Text(title, "A topic was published.", _subject(facts))
    return Text(title, f"{facts.topic} was published.", f"/topics/{facts.data['topicId']}")


def _disabled(facts: Facts) -> Text:
    reasons = {
        "gone": "Its server answered 410 Gone, so nothing is delivered to it any more.",
        "failing": "Deliveries to it have failed for days, so nothing is delivered to it any more.",
    }
    body = reasons.get(str(facts.data.get("reason")), "Nothing is delivered to it any more.")
    return Text("Webhook endpoint disabled", body, "/admin/integrations")


def _subject(facts: Facts) -> str | None:
    """Return the page of the subject, if it still exists."""
    return f"/subjects/{facts.data['subjectId']}" if facts.subject else None


TEXTS: dict[Type, Callable[[Facts], Text]] = {
    "enrollment.approved": _approved,
    "enrollment.rejected": _rejected,
    "enrollment.requested": _requested,
    "mentor_application.approved": _mentor_approved,
    "mentor_application.rejected": _mentor_rejected,
    "mentor_application.submitted": _mentor_submitted,
    "note.replied": _replied,
    "note.shared": _shared,
    "topic.published": _published,
    "webhook_endpoint.disabled": _disabled,
}


def written(type: Type, facts: Facts) -> Text:
    """Return title, body and link of a notification."""
    return TEXTS[type](facts)
