"""The areas by which the operations are grouped, in the order of the API's reference."""

from __future__ import annotations

import re
from collections.abc import Sequence

from akako.kernel.http.endpoint import Endpoint

# Name, pattern of "room path" (the first that matches decides), description.
AREAS = (
    ("Authentication", r"identity /api/auth", "Who is asking: sync with Clerk, and the profile."),
    ("User Management", r"identity /api/users", "Users and their dated roles."),
    ("Education System", r"education ", "Levels, grades, subjects and topics."),
    (
        "File Management",
        r"library (?!.*/video)|uploads ",
        "The documents of a topic, and uploads that go on where the line broke.",
    ),
    ("Video Management", r"library ", "The one video of a topic."),
    ("Enrollment System", r"enrollment ", "Learners ask to enroll, administrators decide."),
    ("Mentor Applications", r"mentors ", "Learners apply to become mentors."),
    ("Webhooks", r"webhooks ", "Events from and to other systems."),
    ("Plans", r"plans ", "Plans, monthly quotas and their use."),
    ("Operations", r"ops |identity ", "Whether the server runs, and who did what on it."),
)


def area(endpoint: Endpoint) -> str:
    """The area of an endpoint; a room that has none here is its own."""
    where = f"{endpoint.room} {endpoint.path}"
    named = (name for name, pattern, _ in AREAS if re.match(pattern, where))
    return next(named, endpoint.room.replace("_", " ").title())


def tags(endpoints: Sequence[Endpoint]) -> list[dict[str, str]]:
    """The areas in use."""
    used = dict.fromkeys(area(each) for each in endpoints)
    known = [{"name": name, "description": text} for name, _, text in AREAS if name in used]
    named = {each["name"] for each in known}
    return known + [{"name": name} for name in used if name not in named]
