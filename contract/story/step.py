"""One request of the story: what openapi.json does not contain."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

Json = dict[str, Any]

ADMIN, MENTOR, LEARNER, ANONYMOUS = "adminToken", "mentorToken", "learnerToken", None
PICTURE = {"imageUrl": "https://example.com/picture.png"}
NOTHING: Mapping[str, str] = MappingProxyType({})


class Step(NamedTuple):
    """A request. With `status` None, the status is the one in openapi.json.

    `keep` (variable: value) and `checks` (name: condition) are JavaScript expressions over
    `result`, the `data` of the response.
    """

    operation: str
    title: str
    who: str | None = ADMIN
    body: Json | None = None
    text: str | None = None  # the bytes of a part of a file, instead of a JSON body
    files: Json | None = None
    path: Mapping[str, str] = NOTHING
    query: Mapping[str, str] = NOTHING
    headers: Mapping[str, str] = NOTHING
    status: tuple[int, ...] | None = None
    keep: Mapping[str, str] = NOTHING
    checks: Mapping[str, str] = NOTHING
    details: Json | None = None  # the error code, if the step shows an error
    before: tuple[str, ...] = ()


def is_now(status: str) -> dict[str, str]:
    return {f"it is {status}": f"result.status === '{status}'"}
