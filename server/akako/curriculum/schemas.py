"""Request and response types of the order of topics and of deleted nodes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from akako.kernel.core import fields

MAX_TOPICS = 10_000


class TopicOrder(msgspec.Struct, rename="camel", kw_only=True):
    """`topicIds`: all topics of the subject, active and inactive, each once."""

    topic_ids: Annotated[list[fields.Id], msgspec.Meta(max_length=MAX_TOPICS)]


class DeletedNode(msgspec.Struct, rename="camel", kw_only=True):
    """A deleted node that can be restored. `path` holds the names of its ancestors.

    `deletedBy` is the id of the user who deleted it.
    """

    kind: Literal["level", "grade", "subject", "topic"]
    id: str
    name: str
    deleted_at: datetime
    deleted_by: str | None
    path: list[str]
