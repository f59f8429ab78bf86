"""Roles, states and plans in the words of the pages."""

from __future__ import annotations

import re

from akako.web.site import Visit

SEPARATORS = re.compile(r"[._\s]+")


def roles(visit: Visit) -> dict[str, str]:
    return {
        "LEARNER": visit.text("Learner"),
        "MENTOR": visit.text("Mentor"),
        "ADMIN": visit.text("Administrator"),
    }


def statuses(visit: Visit) -> dict[str, str]:
    return {
        "ACTIVE": visit.text("Active"),
        "INACTIVE": visit.text("Inactive"),
        "SUSPENDED": visit.text("Suspended"),
        "DELETED": visit.text("Deleted"),
    }


def states(visit: Visit) -> dict[str, str]:
    """Return the states of enrollments."""
    return {
        "PENDING": visit.text("Waiting"),
        "APPROVED": visit.text("Approved"),
        "REJECTED": visit.text("Rejected"),
        "CANCELLED": visit.text("Withdrawn"),
    }


def stages(visit: Visit) -> dict[str, str]:
    """Return the stages of grades."""
    return {
        "primary": visit.text("Primary"),
        "secondary": visit.text("Secondary"),
        "higher": visit.text("Higher"),
    }


def action(code: str) -> str:
    """Return the code of an audit entry as words: "user_role.assigned" is "User role assigned"."""
    if " " in code:  # a method and a path
        return code
    return SEPARATORS.sub(" ", code).strip().capitalize()
