"""Titles, bodies and links of notifications: one entry of TEXTS for each type.

Pages translate them by the catalogues of the web app; the API sends English.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from akako.notifications.schemas import Type


class Say(Protocol):
    """Return a text in the reader's language, with `%(name)s` replaced by values."""

    def __call__(self, text: str, **values: object) -> str: ...


def english(text: str, **values: object) -> str:
    """Return the text as it is written here: the language of the API."""
    return text % values if values else text


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

    def in_subject(self, say: Say) -> str:
        return self.subject or say("a subject")

    def on_topic(self, say: Say) -> str:
        return self.topic or say("a topic")


class Text(msgspec.Struct, frozen=True):
    title: str
    body: str
    link: str | None


def _approved(facts: Facts, say: Say) -> Text:
    return Text(
        say("Enrollment approved"),
        say("You can now read the topics of %(subject)s.", subject=facts.in_subject(say)),
        _subject(facts),
    )


def _rejected(facts: Facts, say: Say) -> Text:
    return Text(
        say("Enrollment rejected"),
        say("Your request to enroll in %(subject)s was rejected.", subject=facts.in_subject(say)),
        "/requests",
    )


def _requested(facts: Facts, say: Say) -> Text:
    link = "/admin/requests"
    if facts.count == 1:
        return Text(say("New enrollment request"), say("A learner waits for a decision."), link)
    title = say("%(count)s new enrollment requests", count=facts.count)
    return Text(title, say("Learners wait for a decision."), link)


def _mentor_approved(facts: Facts, say: Say) -> Text:
    return Text(say("Mentor application approved"), say("You are now a mentor."), "/requests")


def _mentor_rejected(facts: Facts, say: Say) -> Text:
    title = say("Mentor application rejected")
    return Text(title, say("Your application was rejected."), "/requests")


def _mentor_submitted(facts: Facts, say: Say) -> Text:
    if facts.count == 1:
        body = say("A learner applied to become a mentor.")
        return Text(say("New mentor application"), body, "/admin/mentors")
    title = say("%(count)s new mentor applications", count=facts.count)
    return Text(title, say("Learners applied to become mentors."), "/admin/mentors")


def _replied(facts: Facts, say: Say) -> Text:
    body = say(
        "%(mentor)s replied to your note on %(topic)s.",
        mentor=facts.mentor or say("Your mentor"),
        topic=facts.on_topic(say),
    )
    return Text(say("Reply to your note"), body, "/notes")


def _shared(facts: Facts, say: Say) -> Text:
    body = say(
        "%(learner)s shared a note on %(topic)s with you.",
        learner=facts.learner or say("A learner"),
        topic=facts.on_topic(say),
    )
    return Text(say("Note shared with you"), body, "/teach/notes")


def _published(facts: Facts, say: Say) -> Text:
    subject = facts.in_subject(say)
    if facts.count > 1:
        title = say("%(count)s new topics in %(subject)s", count=facts.count, subject=subject)
        return Text(
            title, say("%(count)s topics were published.", count=facts.count), _subject(facts)
        )
    title = say("New topic in %(subject)s", subject=subject)
    if not facts.topic:
        return Text(title, say("A topic was published."), _subject(facts))
    body = say("%(topic)s was published.", topic=facts.topic)
    return Text(title, body, f"/topics/{facts.data['topicId']}")


def _disabled(facts: Facts, say: Say) -> Text:
    reasons = {
        "gone": say("Its server answered 410 Gone, so nothing is delivered to it any more."),
        "failing": say(
            "Deliveries to it have failed for days, so nothing is delivered to it any more."
        ),
    }
    other = say("Nothing is delivered to it any more.")
    body = reasons.get(str(facts.data.get("reason")), other)
    return Text(say("Webhook endpoint disabled"), body, "/admin/integrations")


def _subject(facts: Facts) -> str | None:
    """Return the page of the subject, if it still exists."""
    return f"/subjects/{facts.data['subjectId']}" if facts.subject else None


TEXTS: dict[Type, Callable[[Facts, Say], Text]] = {
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


def written(type: Type, facts: Facts, say: Say = english) -> Text:
    """Return title, body and link of a notification."""
    return TEXTS[type](facts, say)
