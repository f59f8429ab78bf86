"""Request and response types of the search."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from akako.kernel.core import fields

SUBJECT_TYPE, TOPIC_TYPE = "subject", "topic"
HitType = Literal["subject", "topic"]
HitTypeName = Annotated[HitType, fields.one_of(HitType, ignore_case=True)]


class SearchQuery(msgspec.Struct):
    """`q`: words in any order. `type`: what to search; default all types."""

    q: Annotated[str, fields.line(1, 100)]
    type: Annotated[list[HitTypeName], msgspec.Meta(min_length=1)] = msgspec.field(
        default_factory=lambda: ["subject", "topic"]
    )


class SearchHit(msgspec.Struct, rename="camel", kw_only=True):
    """A subject or topic. `path` holds the names of level, grade and subject, `pathIds` their ids.

    `excerpt` is text from the content around a word of the search. It is null for subjects, and for
    callers who cannot read the content.
    """

    type: HitType
    id: str
    name: str
    subject_id: str
    path: list[str]
    path_ids: list[str]
    excerpt: str | None
