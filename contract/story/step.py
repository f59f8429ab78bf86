"""One request of the story, by what openapi.json cannot know of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

Json = dict[str, Any]

ADMIN, MENTOR, LEARNER, NOBODY = "adminToken", "mentorToken", "learnerToken", None
PICTURE = {"imageUrl": "https://example.com/picture.png"}
NOTHING: Mapping[str, str] = MappingProxyType({})


class Step(NamedTuple):
    """`status` is what openapi.json describes where it is None.

    `keep` (variable: value) and `checks` (name: condition) are JavaScript over `result`, which is
    the `data` of the answer.
    """

    operation: str
    title: str
    who: str | None = ADMIN
    body: Json | None = None
    text: str | None = None  # the bytes of a file's piece, instead of a JSON body
    files: Json | None = None
    path: Mapping[str, str] = NOTHING
    query: Mapping[str, str] = NOTHING
    headers: Mapping[str, str] = NOTHING
    status: tuple[int, ...] | None = None
    keep: Mapping[str, str] = NOTHING
    checks: Mapping[str, str] = NOTHING
    details: Json | None = None  # of the error, where a refusal is what the step shows
    before: tuple[str, ...] = ()


def is_now(status: str) -> dict[str, str]:
    return {f"it is {status}": f"result.status === '{status}'"}
