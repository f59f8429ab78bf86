"""Texts of the integrations pages: families of events, states and announcements."""

from __future__ import annotations

from typing import Any

import msgspec

from akako.dispatch import event_types
from akako.integrations.schemas import DELIVERED, FAILED, GONE, PENDING, WebhookEndpoint
from akako.web.site import Visit

TONES = {DELIVERED: "ok", FAILED: "bad", PENDING: "warn"}
OUTCOMES = {"handled": "ok", "dead": "bad", "ignored": ""}


class Choice(msgspec.Struct, frozen=True):
    """A check box: the pattern that it stands for, and its text."""

    value: str
    text: str
    checked: bool


def families(visit: Visit, chosen: list[str]) -> list[Choice]:
    """Return one choice for all events and one for each prefix of types."""
    named = {
        "*": visit.text("All events"),
        "user.*": visit.text("Accounts"),
        "user_role.*": visit.text("Roles"),
        "education_level.*": visit.text("Levels"),
        "grade.*": visit.text("Grades"),
        "subject.*": visit.text("Subjects"),
        "topic.*": visit.text("Topics"),
        "document.*": visit.text("Documents"),
        "video.*": visit.text("Videos"),
        "enrollment.*": visit.text("Enrollments"),
        "mentor_application.*": visit.text("Mentor applications"),
    }
    return [Choice(value, text, value in chosen) for value, text in named.items()]


def single_types(chosen: list[str]) -> list[Choice]:
    """Return a choice for each type of event, with the description of the API."""
    return [
        Choice(each.name, each.description, each.name in chosen)
        for each in event_types.ALL
        if each.name != event_types.PING
    ]


def statuses(visit: Visit) -> dict[str, str]:
    return {
        PENDING: visit.text("Waiting"),
        DELIVERED: visit.text("Delivered"),
        FAILED: visit.text("Failed"),
    }


def outcomes(visit: Visit) -> dict[str, str]:
    return {
        "handled": visit.text("Applied"),
        "ignored": visit.text("Not relevant"),
        "dead": visit.text("Could not be applied"),
    }


def state_of(visit: Visit, endpoint: WebhookEndpoint) -> tuple[str, str]:
    """Return the state of an endpoint in words, and its tone."""
    if endpoint.is_active:
        if endpoint.failing_since:
            return visit.text("Active, deliveries fail"), "warn"
        return visit.text("Active"), "ok"
    if endpoint.disabled_reason == GONE:
        return visit.text("Disabled: the receiver answered that the address is gone"), "bad"
    if endpoint.disabled_reason:
        return visit.text("Disabled: deliveries failed for five days"), "bad"
    return visit.text("Disabled"), ""


def announcement(visit: Visit) -> str | None:
    """Return what the last form did, as the address says."""
    params = visit.request.query_params
    said = {
        "deleted": visit.text("The endpoint was deleted."),
        "enabled": visit.text("The endpoint is enabled."),
        "disabled": visit.text("The endpoint is disabled."),
        "saved": visit.text("Your changes were saved."),
        "pinged": visit.text("A ping is on its way."),
        "replayed": visit.text("The delivery is on its way again."),
    }
    if params.get("done") == "scheduled":
        number = params.get("number", "0")
        shown = number if number.isdecimal() and len(number) < 10 else "0"
        return visit.text("Failed deliveries on their way again: %(n)s.", n=shown)
    return said.get(params.get("done", ""))


def words(visit: Visit) -> dict[str, Any]:
    """Return the texts and tones that the templates look up by state."""
    return {
        "statuses": statuses(visit),
        "tones": TONES,
        "outcomes": outcomes(visit),
        "outcome_tones": OUTCOMES,
    }
