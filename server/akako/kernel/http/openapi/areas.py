"""The areas by which the operations are grouped, in the order of the API's reference."""

from __future__ import annotations

import re
from collections.abc import Sequence

from akako.kernel.http.endpoint import Endpoint

# The first pattern that matches "room path" decides; the order is that of the document.
AREAS = (
    ("Authentication", r"identity /api/auth", "Who is asking: sync with Clerk, and the profile."),
    ("User Management", r"identity ", "Users and their dated roles."),
    ("Education System", r"education ", "Levels, grades, subjects and topics."),
    ("Video Management", r"library .*/video", "The one video of a topic."),
    ("File Management", r"library ", "The documents of a topic."),
    ("Enrollment System", r"enrollment ", "Learners ask to enroll, administrators decide."),
    ("Mentor Applications", r"mentors ", "Learners apply to become mentors."),
    ("Webhooks", r"webhooks ", "Events from and to other systems."),
    ("Plans", r"plans ", "Plans, monthly quotas and their use."),
    ("Operations", r"ops ", "Whether the server runs."),
)
ORDER = (
    "Authentication",
    "User Management",
    "Education System",
    "File Management",
    "Video Management",
)


def area(endpoint: Endpoint) -> str:
    """The area of an endpoint; a room without one is its own."""
    where = f"{endpoint.room} {endpoint.path}"
    for name, pattern, _ in AREAS:
        if re.match(pattern, where):
            return name
    return endpoint.room.replace("_", " ").title()


def tags(endpoints: Sequence[Endpoint]) -> list[dict[str, str]]:
    """The tags in use."""
    described = {name: description for name, _, description in AREAS}
    used = dict.fromkeys(area(each) for each in endpoints)
    known = dict.fromkeys([*ORDER, *described])
    listed = [{"name": name, "description": described[name]} for name in known if name in used]
    return listed + [{"name": name} for name in used if name not in known]
