"""One request of the story, by what openapi.json cannot know of it."""

from __future__ import annotations

from typing import Any, NamedTuple

Json = dict[str, Any]

ADMIN, MENTOR, LEARNER, NOBODY = "adminToken", "mentorToken", "learnerToken", None
PICTURE = {"imageUrl": "https://example.com/picture.png"}


class Step(NamedTuple):
    """`keep` and `checks` are JavaScript over the answer's `data`; `status` None: as described."""

    operation: str
    title: str
    who: str | None = ADMIN
    body: Json | None = None
    files: Json | None = None
    path: dict[str, str] = {}
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    status: tuple[int, ...] | None = None
    keep: dict[str, str] = {}
    checks: dict[str, str] = {}
    details: Json | None = None  # of the error, where a refusal is what the step shows
    before: tuple[str, ...] = ()


def is_now(status: str) -> dict[str, str]:
    return {f"it is {status}": f"data.status === '{status}'"}
