"""The fields of audit entries: their names and values in the language of the page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from babel.dates import format_datetime

from akako.web import languages
from akako.web.site import Visit
from akako.web.staff.people import words
from akako.web.staff.wording import counted
from akako.web.texts.wording import in_units

# Fields whose value is the id of a person or of a part of the curriculum, or a list of them.
REFERENCES = {
    *("educationLevelId", "gradeId", "subjectId", "topicId", "topicIds"),
    *("mentorId", "userId", "decidedBy", "assignedBy", "uploadedBy", "owner", "holder"),
}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
CAPITALS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
LONG_TEXT = {"length", "sha256"}  # what the audit log keeps of it


def ids_in(state: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield the ids that a state refers to."""
    for name, value in (state or {}).items():
        if name in REFERENCES:
            yield from [each for each in _listed(value) if isinstance(each, str)]


def field_name(language: str, code: str, resource: str = "") -> str:
    """Return a field in words: "gradeId" is "Grade". An unknown code becomes its own words."""
    if code == "isActive" and resource == "webhook_endpoint":
        return languages.translations(language).gettext("Active")
    separated = CAPITALS.sub(" ", code).replace("_", " ")
    return _names(language).get(code) or separated.lower().capitalize()


@cache
def _names(language: str) -> dict[str, str]:
    text = languages.translations(language).gettext
    return {
        "name": text("Name"),
        "description": text("Description"),
        "isActive": text("Visible"),
        "imageUrl": text("Address of the picture"),
        "level": text("Stage"),
        "educationLevelId": text("Education level"),
        "gradeId": text("Grade"),
        "subjectId": text("Subject"),
        "topicId": text("Topic"),
        "topicIds": text("Order of the topics"),
        "mentorId": text("Mentor"),
        "content": text("Text"),
        "position": text("Position"),
        "hasVideo": text("Video"),
        "videoUrl": text("Address of the video"),
        "documentCount": text("Documents"),
        "size": text("Size"),
        "sha256": text("Checksum (SHA-256)"),
        "mimeType": text("Type"),
        "changed": text("Changed fields"),
        **_names_of_people(text),
        **_names_of_deliveries(text),
    }


def _names_of_people(text: Callable[[str], str]) -> dict[str, str]:
    return {
        "userId": text("Person"),
        "clerkId": text("Sign-in id"),
        "firstName": text("First name"),
        "lastName": text("Last name"),
        "username": text("Username"),
        "email": text("E-mail"),
        "owner": text("Person who has it now"),
        "holder": text("Person who has it now"),
        "status": text("Status"),
        "plan": text("Plan"),
        "role": text("Role"),
        "roles": text("Roles"),
        "userRoles": text("Dates of the roles"),
        "effectiveStartDate": text("From"),
        "effectiveEndDate": text("To"),
        "assignedBy": text("Granted by"),
        "decidedAt": text("Decided on"),
        "decidedBy": text("Decided by"),
    }


def _names_of_deliveries(text: Callable[[str], str]) -> dict[str, str]:
    return {
        "url": text("Address"),
        "events": text("Events"),
        "disabledReason": text("Reason"),
        "failingSince": text("Failing since"),
        "lastDeliveryAt": text("Last delivery"),
        "deliveryId": text("Delivery"),
        "from": text("From"),
        "scheduled": text("Deliveries to repeat"),
    }


def field_value(visit: Visit, code: str, value: object, names: Mapping[str, str]) -> str:
    """Return a value in words, or an empty text for null and empty values.

    Args:
        visit: the request, whose language is used.
        code: the name of the field.
        value: its value as JSON.
        names: the names to show instead of ids.
    """
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, bool):
        return visit.text("Yes") if value else visit.text("No")
    if isinstance(value, dict) and value.keys() == LONG_TEXT:
        return counted(visit, "%(num)d character", "%(num)d characters", value["length"])
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(field_value(visit, code, each, names) for each in value)
    if code == "size" and isinstance(value, int):
        return in_units(value, visit.language) or f"{value} B"
    if not isinstance(value, str):
        return msgspec.json.encode(value).decode()
    if code in REFERENCES:
        return names.get(value, value)
    if code == "changed":
        return field_name(visit.language, _camel(value))
    if INSTANT.fullmatch(value):
        at = datetime.fromisoformat(value)
        return format_datetime(at, "d MMMM y, HH:mm 'UTC'", locale=visit.language)
    return _choices(visit, code).get(value, value)


def _choices(visit: Visit, code: str) -> dict[str, str]:
    """Return the words for the values of a field that has few."""
    if code in ("role", "roles"):
        return words.roles(visit)
    if code == "status":
        return words.states(visit) | words.statuses(visit)
    if code == "level":
        return words.stages(visit)
    if code == "disabledReason":
        failing = visit.text("Deliveries failed for days")
        return {"gone": visit.text("The address does not exist any more"), "failing": failing}
    return {}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(each.capitalize() for each in rest)


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
