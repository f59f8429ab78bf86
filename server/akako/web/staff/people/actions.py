"""The actions of audit entries in the language of the page."""

from __future__ import annotations

from functools import cache

from akako.web import languages
from akako.web.staff.people import words


def action(language: str, code: str) -> str:
    """Return an action in words: "user_role.assigned" is "User role assigned".

    A method and a path stay as they are, and an unknown code becomes its own words.
    """
    if special := _special(language).get(code):
        return special
    kind, _, verb = code.partition(".")
    pattern, name = _verbs(language).get(verb), _resources(language).get(kind)
    if pattern and name:
        return pattern % {"thing": name}
    return words.action(code)


def resource(language: str, code: str) -> str:
    """Return the kind of thing that an entry is about, such as "mentor application"."""
    name = _resources(language).get(code)
    return name.lower() if name else code.replace("_", " ")


@cache
def _resources(language: str) -> dict[str, str]:
    text = languages.translations(language).gettext
    return {
        "education_level": text("Education level"),
        "grade": text("Grade"),
        "subject": text("Subject"),
        "topic": text("Topic"),
        "document": text("Document"),
        "video": text("Video"),
        "enrollment": text("Enrollment"),
        "mentor_application": text("Mentor application"),
        "note": text("Note"),
        "user": text("User"),
        "user_role": text("User role"),
        "profile": text("Profile"),
        "session": text("Session"),
        "organization": text("Organization"),
        "webhook_endpoint": text("Webhook endpoint"),
        "webhook_delivery": text("Webhook delivery"),
    }


@cache
def _verbs(language: str) -> dict[str, str]:
    """Return what happened to a thing, with `%(thing)s` where its name stands."""
    text = languages.translations(language).gettext
    return {
        "created": text("%(thing)s created"),
        "updated": text("%(thing)s updated"),
        "deleted": text("%(thing)s deleted"),
        "restored": text("%(thing)s restored"),
        "uploaded": text("%(thing)s uploaded"),
        "requested": text("%(thing)s requested"),
        "submitted": text("%(thing)s submitted"),
        "approved": text("%(thing)s approved"),
        "rejected": text("%(thing)s rejected"),
        "reopened": text("%(thing)s reopened"),
        "cancelled": text("%(thing)s cancelled"),
        "shared": text("%(thing)s shared"),
        "replied": text("%(thing)s replied"),
        "disabled": text("%(thing)s disabled"),
        "replayed": text("%(thing)s replayed"),
        "ended": text("%(thing)s ended"),
        "revoked": text("%(thing)s revoked"),
        "removed": text("%(thing)s removed"),
        "assigned": text("%(thing)s assigned"),
        "plan": text("%(thing)s: plan changed"),
    }


@cache
def _special(language: str) -> dict[str, str]:
    text = languages.translations(language).gettext
    return {
        "access.refused": text("Access refused"),
        "subject.topics_reordered": text("Subject topics reordered"),
        "note.reply_deleted": text("Note reply deleted"),
        "user_role.bootstrap": text("First administrator appointed"),
        "user.email_displaced": text("E-mail address moved to another person"),
        "user.email_clash": text("E-mail address is in use already"),
        "user.link_conflict": text("Account could not be linked"),
        "webhook_endpoint.secret_rotated": text("Webhook endpoint secret rotated"),
    }
