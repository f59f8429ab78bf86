"""Search the curriculum, order topics, and restore what was deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from akako_lms._area import Area, D, iteration, operation
from akako_lms._queries import DeletedQuery
from akako_lms._session import Page
from akako_lms._wire import Model, listed, segment
from akako_lms.models import Grade, Level, Subject, Topic

if TYPE_CHECKING:
    from typing_extensions import Unpack

HitType = Literal["subject", "topic"]

ADMIN = "/admin/education"


@dataclass(frozen=True, kw_only=True)
class SearchHit(Model):
    """A subject or topic. `path` holds the names of level, grade and subject.

    `excerpt` is text around a match in the content, for callers who can read the content.
    """

    type: str
    id: str
    name: str
    subject_id: str
    path: list[str]
    path_ids: list[str]
    excerpt: str | None


@dataclass(frozen=True, kw_only=True)
class DeletedNode(Model):
    """A deleted level, grade, subject or topic that can be restored."""

    kind: str
    id: str
    name: str
    deleted_at: datetime
    deleted_by: str | None
    path: list[str]


@dataclass(frozen=True, kw_only=True)
class TopicOrder(Model):
    """The ids of a subject's topics, in order."""

    topic_ids: list[str]


class Curriculum(Area[D]):
    """Search, order of topics, and deleted parts of the curriculum."""

    @operation
    async def search(
        self, q: str, *, type: HitType | Sequence[HitType] = ("subject", "topic")
    ) -> list[SearchHit]:
        """Search subjects and topics; returns at most 50 hits, the best first."""
        query = {"q": q, "type": listed(type)}
        found, _ = await self._session.data("GET", "/search", query=query)
        return [SearchHit.from_dict(each) for each in found]

    @operation
    async def order_topics(self, subject_id: str, topic_ids: Sequence[str]) -> TopicOrder:
        """Set the order of a subject's topics: all of them, active and inactive, each once."""
        path = f"{ADMIN}/subjects/{segment(subject_id)}/topic-order"
        body = {"topic_ids": listed(topic_ids)}
        return await self._session.one(TopicOrder, "PUT", path, body=body)

    @operation
    async def get_deleted(self, **query: Unpack[DeletedQuery]) -> Page[DeletedNode]:
        """List what can be restored, the latest deletion first."""
        return await self._session.page(DeletedNode, f"{ADMIN}/deleted", query, DeletedQuery)

    iter_deleted = iteration(get_deleted)

    @operation
    async def restore_level(self, level_id: str) -> Level:
        """Restore a level that was deleted in the last 30 days."""
        path = f"{ADMIN}/levels/{segment(level_id)}/restore"
        return await self._session.one(Level, "POST", path)

    @operation
    async def restore_grade(self, grade_id: str) -> Grade:
        """Restore a grade that was deleted in the last 30 days."""
        path = f"{ADMIN}/grades/{segment(grade_id)}/restore"
        return await self._session.one(Grade, "POST", path)

    @operation
    async def restore_subject(self, subject_id: str) -> Subject:
        """Restore a subject that was deleted in the last 30 days."""
        path = f"{ADMIN}/subjects/{segment(subject_id)}/restore"
        return await self._session.one(Subject, "POST", path)

    @operation
    async def restore_topic(self, topic_id: str) -> Topic:
        """Restore a topic that was deleted in the last 30 days."""
        path = f"{ADMIN}/topics/{segment(topic_id)}/restore"
        return await self._session.one(Topic, "POST", path)
